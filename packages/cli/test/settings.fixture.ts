import { type ConfigShape, defineConfig, duration, int, list, oneOf, secret, setting, url } from '@ops/config'
import { defineService, type Service, standardSettings } from '@ops/service'
import { z } from 'zod'

const own: ConfigShape = defineConfig({
  API_KEY: secret(z.string().min(16), 'Key of the provider'),
  DATABASE_URL: secret(url({ protocols: ['postgres:'] }), 'Database'),
  UPSTREAM: setting(url(), 'Whom it calls'),
  WORKERS: setting(int({ min: 1 }).default(4), 'How many work', { varies: 'capacity' }),
  MODE: setting(oneOf('strict', 'lenient').default('strict'), 'How it judges', { reload: 'live' }),
  WAIT: setting(duration().default(30_000), 'How long it waits'),
  NAMES: setting(list().default(['a', 'b']), 'Whom it serves'),
})

/** The settings of the fixture, the standard ones included. */
export const settings: ConfigShape = { ...standardSettings, ...own }

const service: Service<ConfigShape, never> = defineService({
  name: 'reader',
  owner: 'team-reader',
  tier: 2,
  settings: own,
})
export default service
