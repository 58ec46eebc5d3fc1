import { recordMetrics } from '@ops/testing'
import { expect, test } from 'vitest'
import { serve } from './observed-app.ts'

test('forRoot() reserves a place for each route when Nest registers it on Fastify', async () => {
  const reserved: (readonly string[] | undefined)[] = []
  const meter = {
    ...recordMetrics().meter,
    reserve: (_metric: string, { route }: Readonly<Record<string, readonly string[]>>) => void reserved.push(route),
  }

  await serve('fastify', { meter })

  expect(reserved).toContainEqual(['/orders/:id'])
  expect(reserved).toContainEqual(['__unmatched__'])
})
