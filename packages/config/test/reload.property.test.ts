/** The reload state machine against a model: whatever happens in whatever order, what is in force is the last good. */
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineConfig, int, loadConfig, secret, setting } from '@ops/config'
import { createTestClock } from '@ops/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { CANARY, expectNoCanary, renderings } from './canary.ts'
import { useScratch } from './volumes.ts'

const settings = defineConfig({
  LIVE: setting(int({ min: 0, max: 9 }).default(0), 'Live', { reload: 'live' }),
  COLD: setting(int({ min: 0, max: 9 }).default(0), 'Restart only'),
  TOKEN: secret(z.string().min(8), 'Token', { reload: 'live' }),
})
const scratch = useScratch()

type Step =
  | { readonly kind: 'write'; readonly live: number; readonly cold: number; readonly token: number }
  | { readonly kind: 'spoil'; readonly text: string | undefined }
  | { readonly kind: 'override'; readonly live: number }
  | { readonly kind: 'expire' }
  | { readonly kind: 'veto'; readonly on: boolean }

const digit = fc.integer({ min: 0, max: 9 })
const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), live: digit, cold: digit, token: digit }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('spoil' as const),
      text: fc.constantFrom('', 'LIVE: x\n', 'LIVE: 10\n', `TOKEN: "${CANARY}`, 'NOVEL: 1\n', '- 1\n', undefined),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('override' as const), live: fc.integer({ min: -1, max: 10 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'expire' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('veto' as const), on: fc.boolean() }) },
)

describe('reload()', () => {
  test('reload() and override() leave the last good values in force after any sequence of events', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 15 }), async (sequence) => {
        const file = join(scratch.path, 'app.yaml')
        const write = (live: number, cold: number, token: number) =>
          writeFile(file, `LIVE: ${live}\nCOLD: ${cold}\nTOKEN: ${CANARY}-${token}\n`)
        await write(1, 1, 1)
        const clock = createTestClock()
        const config = await loadConfig(settings, { env: {}, files: [file], clock })
        let isVetoing = false
        config.onChange(['LIVE', 'TOKEN'], {
          prepare: () => {
            if (isVetoing) throw new Error('veto')
          },
        })
        // The model: what the file last said well, the override, and what is in force.
        const model = {
          file: { LIVE: 1, TOKEN: 1 },
          override: undefined as number | undefined,
          force: { LIVE: 1, TOKEN: 1 },
          generation: 1,
        }
        const settle = (next: { LIVE: number; TOKEN: number }): boolean => {
          const isChanged = next.LIVE !== model.force.LIVE || next.TOKEN !== model.force.TOKEN
          if (isChanged && isVetoing) return false
          if (isChanged) model.generation++
          model.force = next
          return true
        }

        for (const step of sequence) {
          const before = config.current
          if (step.kind === 'write') {
            await write(step.live, step.cold, step.token)
            const { result } = await config.reload()
            const isTaken = settle({ LIVE: model.override ?? step.live, TOKEN: step.token })
            if (isTaken) model.file = { LIVE: step.live, TOKEN: step.token }
            expect(result === 'vetoed').toBe(!isTaken)
            if (isTaken) expect(config.status().pendingRestart).toEqual(step.cold === 1 ? [] : ['COLD'])
          } else if (step.kind === 'spoil') {
            await (step.text === undefined ? rm(file, { force: true }) : writeFile(file, step.text))
            expect((await config.reload()).result).toBe('failure')
            expect(config.current).toBe(before)
          } else if (step.kind === 'override') {
            const outcome = await config.override({ LIVE: step.live }, { ttl: '1m', by: 'ann', reason: 'x' }).then(
              () => true,
              () => false,
            )
            const isValid = step.live >= 0 && step.live <= 9
            const isTaken = isValid && settle({ LIVE: step.live, TOKEN: model.file.TOKEN })
            if (isTaken) model.override = step.live
            expect(outcome).toBe(isTaken)
          } else if (step.kind === 'expire') {
            isVetoing = false
            await config.clearOverrides()
            model.override = undefined
            settle(model.file)
          } else isVetoing = step.on

          expect({ LIVE: config.current.LIVE, TOKEN: Number(config.current.TOKEN.reveal().at(-1)) }).toEqual(
            model.force,
          )
          expect(config.current.COLD).toBe(1)
          expect(config.status().generation).toBe(model.generation)
          expect(Object.isFrozen(config.current)).toBe(true)
        }
        expectNoCanary(renderings(config.status()), renderings(config.current))
        await config.close()
        expect(clock.pendingTimers).toBe(0)
      }),
      { numRuns: 100 },
    )
  })
})
