import { describe, expect, test } from 'vitest'
import { rollingRestart } from './rolling-restart.ts'

describe('a rolling restart of two instances under 60 keep-alive POST clients', () => {
  test.each(['node-http', 'fastify', 'express', 'nestjs'])(
    'loses no request on %s',
    async (framework) => {
      const result = await rollingRestart({
        script: new URL(`./services/${framework}.ts`, import.meta.url),
        clients: 60,
        rounds: 2,
        requestsBetween: 500,
      })

      expect(result.failures).toEqual({})
      expect(result.exits).toEqual([0, 0, 0, 0])
      expect(result.succeeded).toBeGreaterThan(2000)
    },
    60_000,
  )
})
