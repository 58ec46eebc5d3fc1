import { z } from 'zod'
import { defineJob, type JobDefinition } from '../src/index.ts'

/** What the worker processes of the tests do: `act` says how a job ends. */
export const work: JobDefinition<{ n: number; act?: string | undefined; ms?: number | undefined }> = defineJob('work', {
  schema: z.object({ n: z.number(), act: z.string().optional(), ms: z.number().optional() }),
  retry: { attempts: 3, baseMs: 20, capMs: 100 },
  timeoutMs: 20_000,
})
