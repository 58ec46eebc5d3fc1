import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { afterwards } from '../src/afterwards.ts'

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** What a process prints that runs `body` with `afterwards` at hand. */
function runProcess(body: string): {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
} {
  const source = new URL('../src/afterwards.ts', import.meta.url).href
  const program = `const { afterwards } = await import(${JSON.stringify(source)})\n${body}`
  return spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
}

describe('afterwards()', () => {
  test('settles in the order given, once each, when the turn is over', async () => {
    const settled: number[] = []
    for (const n of [1, 2, 3]) afterwards({ settle: () => settled.push(n) })
    await Promise.resolve()
    expect(settled).toEqual([])

    await nextTurn()
    expect(settled).toEqual([1, 2, 3])
    await nextTurn()
    expect(settled).toEqual([1, 2, 3])
  })

  test('settles in the next turn what a task puts off', async () => {
    const settled: string[] = []
    afterwards({
      settle: () => {
        settled.push('first')
        afterwards({ settle: () => settled.push('second') })
      },
    })

    await nextTurn()
    expect(settled).toEqual(['first'])
    await nextTurn()
    expect(settled).toEqual(['first', 'second'])
  })

  test('settles the others and says so once when some throw', async () => {
    const warnings: string[] = []
    const listen = (warning: Error) => warnings.push(warning.message)
    process.on('warning', listen)
    const warned = once(process, 'warning')
    const settled: number[] = []
    const failing = {
      settle() {
        throw new Error('the logger is broken')
      },
    }

    for (const task of [failing, { settle: () => settled.push(1) }, failing, { settle: () => settled.push(2) }])
      afterwards(task)
    await warned
    await nextTurn()
    process.off('warning', listen)

    expect(settled).toEqual([1, 2])
    expect(warnings).toEqual([expect.stringContaining('the logger is broken')])
  })

  test('settles at the end of the process when it comes in the same turn', () => {
    const line = `afterwards({ settle: () => console.log('settled') })`

    expect(runProcess(`${line}; process.exit(3)`)).toMatchObject({ status: 3, stdout: 'settled\n' })
    expect(runProcess(`${line}; throw new Error('crash')`)).toMatchObject({ status: 1, stdout: 'settled\n' })
  })

  test('does not keep a process alive by itself, and settles nothing twice at its end', () => {
    const { stdout } = runProcess(`afterwards({ settle: () => console.log('settled') })`)

    expect(stdout).toBe('settled\n')
  })
})
