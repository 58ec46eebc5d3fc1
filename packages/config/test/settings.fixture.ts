import { bool, bytes, defineConfig, duration, int, list, number, oneOf, port, secret, setting, url } from '@ops/config'
import { z } from 'zod'

/** One setting of every kind, with a secret; what the hostile cases are thrown at. */
export const settings = defineConfig({
  SECRET_TOKEN: secret(z.string().min(8), 'Token of the upstream', { reload: 'live', overlap: '10m' }),
  FLAG: setting(bool().default(false), 'A switch', { reload: 'live' }),
  COUNT: setting(int({ min: 0 }).default(1), 'A count', { reload: 'live', varies: 'capacity' }),
  RATIO: setting(number().default(0.5), 'A ratio'),
  APP_PORT: setting(port().default(3000), 'A port'),
  LINK: setting(url().default('https://a.example'), 'A link', { reload: 'live' }),
  WAIT: setting(duration().default(30_000), 'A duration', { reload: 'live' }),
  SIZE: setting(bytes().default(1024), 'A size'),
  LEVEL: setting(oneOf('debug', 'info').default('info'), 'A choice', { reload: 'live' }),
  HOSTS: setting(list().default(['a']), 'A list', { reload: 'live' }),
  TITLE: setting(z.string().optional(), 'A text', { reload: 'live' }),
})
