/**
 * A retry storm, simulated on the test clock: how much load a failing dependency gets, by what its callers do.
 * The table is committed; `pnpm exec vitest run packages/resilience/test/retry-storm.test.ts -u` writes it anew.
 */
import { join } from 'node:path'
import { createTestClock, createTestRandom } from '@ops/testing'
import { expect, test } from 'vitest'
import { createPolicy, type PolicyOptions, type RetryBudget } from '../src/index.ts'
import { createChaos } from '../src/testing/index.ts'

const CALLS_PER_SECOND = 100
const HEALTHY_SECONDS = 10
const SECONDS = 30
const TABLE = join(import.meta.dirname, '../../../bench/tables/retry-storm.md')

const unbounded: RetryBudget = { recordCall() {}, tryWithdraw: () => true }
const callers: Readonly<Record<string, Partial<PolicyOptions>>> = {
  'no retries': {},
  '3 retries, unbounded': { retry: { retries: 3, budget: unbounded } },
  '3 retries within the budget': { retry: { retries: 3 } },
  '3 retries within the budget, breaker': { retry: { retries: 3 }, breaker: {} },
}

interface Storm {
  /** Attempts for each call. */
  readonly load: number
  readonly answered: number
}

async function simulate(options: Partial<PolicyOptions>, failureRatio: number): Promise<Storm> {
  const clock = createTestClock()
  const random = createTestRandom(42)
  const chaos = createChaos({ random })
  const protect = createPolicy({ name: 'dependency', clock, random, timeoutMs: 5_000, ...options })
  const call = chaos.wrap(async () => 'answer')
  let answered = 0
  const loadFor = async (seconds: number) => {
    const before = chaos.calls
    for (let i = 0; i < CALLS_PER_SECOND * seconds; i++) {
      void protect(call).then(
        () => answered++,
        () => {},
      )
      await clock.advance(1000 / CALLS_PER_SECOND)
    }
    return chaos.calls - before
  }
  await loadFor(HEALTHY_SECONDS)
  answered = 0
  chaos.failAtRatio(failureRatio)
  const attempts = await loadFor(SECONDS)
  const calls = CALLS_PER_SECOND * SECONDS
  return { load: attempts / calls, answered: answered / calls }
}

test('createPolicy() keeps the load on a failing dependency under 1.2 times the calls by its budget', async () => {
  const rows: string[][] = [['the dependency fails', 'callers', 'load', 'calls answered']]
  const loads = new Map<string, number>()
  for (const failureRatio of [1, 0.5, 0.1]) {
    for (const [name, options] of Object.entries(callers)) {
      const { load, answered } = await simulate(options, failureRatio)
      loads.set(`${name} at ${failureRatio}`, load)
      rows.push([`${failureRatio * 100} %`, name, load.toFixed(2), `${(answered * 100).toFixed(1)} %`])
    }
  }

  for (const ratio of [1, 0.5, 0.1]) {
    expect(loads.get(`3 retries within the budget at ${ratio}`)).toBeLessThanOrEqual(1.2)
  }
  expect(loads.get('3 retries, unbounded at 1')).toBeGreaterThan(3.9)
  await expect(tableOf(rows)).toMatchFileSnapshot(TABLE)
})

function tableOf([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`
  return `# Retry storm

\`pnpm exec vitest run packages/resilience/test/retry-storm.test.ts\` asserts this table (\`-u\` writes it). Simulated on the test clock with a
fixed seed: ${CALLS_PER_SECOND} calls a second, ${HEALTHY_SECONDS} s in health and ${SECONDS} s of failures, of which the table tells. Load is attempts for each call; the budget allows 1.2.

${[head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n')}
`
}
