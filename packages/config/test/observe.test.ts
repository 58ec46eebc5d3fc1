import { defineConfig, int, loadConfig, setting } from '@ops/config'
import { recordLogs, recordMetrics } from '@ops/testing'
import { expect, test } from 'vitest'

const settings = defineConfig({ SIZE: setting(int().default(1), 'Size', { reload: 'live' }) })

test('loadConfig() reports to the ports made of the first values when observe makes them', async () => {
  const logs = recordLogs()
  const metrics = recordMetrics()
  let seen: unknown
  const observe = (values: Readonly<Record<string, unknown>>) => {
    seen = values['SIZE']
    return { logger: logs.logger, meter: metrics.meter }
  }

  const config = await loadConfig(settings, { env: { SIZE: '7' }, observe })
  await config.override({ SIZE: 8 }, { ttl: '1m', by: 'ann', reason: 'test' })
  await config.close()

  expect(seen).toBe(7)
  expect(metrics.value('config_last_reload_successful')).toBe(1)
  expect(logs.records.map(({ message }) => message)).toContain('Configuration overridden')
})
