import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runGates } from '../../scripts/gates/run-gate.mjs'
import { count } from '../../scripts/gates/test-results.mjs'

const root = join(import.meta.dirname, '..', '..')
const file = (status: string, ...tests: string[]) => ({
  name: join(root, 'test/a.test.ts'),
  status,
  assertionResults: tests.map((result) => ({ status: result, title: `a ${result} one` })),
})

test('count() adds up the tests of all files when some failed', () => {
  expect(count([file('passed', 'passed', 'passed'), file('failed', 'passed', 'failed')])).toEqual({
    passed: 3,
    failed: 1,
    failures: ['test/a.test.ts: a failed one'],
  })
})

test('count() counts a file as one failure when it could not be loaded', () => {
  expect(count([file('failed')])).toEqual({ passed: 0, failed: 1, failures: ['test/a.test.ts: could not be loaded'] })
})

test('count() counts a file as one failure, with its reason, when it failed although its tests passed', () => {
  const leaking = { ...file('failed', 'passed'), message: 'left open when the file had ended\n  at …' }

  expect(count([leaking])).toEqual({
    passed: 1,
    failed: 1,
    failures: ['test/a.test.ts: left open when the file had ended'],
  })
})

test('runGates() runs every gate to the end when one fails and one cannot start', async () => {
  const done: { name: string; passed: boolean; output: string }[] = []
  const gates = [
    { name: 'fails', command: [process.execPath, '-e', 'console.log("what broke"); process.exit(3)'] },
    { name: 'missing', command: ['no-such-program'] },
    { name: 'passes', command: [process.execPath, '-e', ''] },
  ]

  await runGates(gates, { atOnce: 2, onDone: (result: (typeof done)[number]) => done.push(result) })

  const results = Object.fromEntries(done.map(({ name, passed, output }) => [name, { passed, output }]))
  expect(results).toEqual({
    fails: { passed: false, output: 'what broke' },
    missing: { passed: false, output: expect.stringContaining('ENOENT') },
    passes: { passed: true, output: '' },
  })
})
