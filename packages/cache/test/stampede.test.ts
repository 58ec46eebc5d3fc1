import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, inject, test } from 'vitest'
import { closing, uniqueName } from './fixture.ts'

describe('get()', () => {
  test('get() loads a cold key once when 200 callers in each of 3 processes ask for it', async () => {
    const name = uniqueName()
    const nodes: ChildProcess[] = Array.from({ length: 3 }, () => {
      const child = fork(new URL('./stampede-node.ts', import.meta.url), [inject('redisUrl'), name, '200'])
      closing(() => void child.kill('SIGKILL'))
      return child
    })
    await Promise.all(nodes.map((node) => once(node, 'message')))

    const answers = nodes.map((node) => once(node, 'message'))
    for (const node of nodes) node.send('go')
    const results = (await Promise.all(answers)).map(([message]) => message as { loads: number; values: string[] })

    expect(results.map(({ values }) => values)).toEqual([['report cold'], ['report cold'], ['report cold']])
    expect(results.reduce((sum, { loads }) => sum + loads, 0)).toBe(1)
  })
})
