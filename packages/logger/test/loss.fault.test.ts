import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'

const WRITER = fileURLToPath(new URL('./processes/writer.ts', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'ops-logger-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Ended {
  readonly text: string
  readonly code: number | null
  readonly signal: string | null
}

function start(args: readonly string[], stdout: 'pipe' | number): ChildProcess {
  return spawn(process.execPath, ['--conditions=@ops/source', WRITER, ...args], { stdio: ['ignore', stdout, 'ignore'] })
}

async function toPipe(args: readonly string[]): Promise<Ended> {
  const child = start(args, 'pipe')
  const chunks: Buffer[] = []
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { text: Buffer.concat(chunks).toString(), code, signal }
}

async function toFile(args: readonly string[]): Promise<Ended> {
  const path = join(directory, args.join('-'))
  const fd = openSync(path, 'w')
  const child = start(args, fd)
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  closeSync(fd)
  return { text: readFileSync(path, 'utf8'), code, signal }
}

const ENDINGS = [
  { ending: 'return', code: 0, signal: null, more: 0 },
  { ending: 'exit', code: 0, signal: null, more: 0 },
  { ending: 'throw', code: 1, signal: null, more: 0 },
  { ending: 'rejection', code: 1, signal: null, more: 0 },
  { ending: 'SIGTERM', code: null, signal: 'SIGTERM', more: 0 },
  { ending: 'SIGINT', code: null, signal: 'SIGINT', more: 0 },
  { ending: 'handled', code: 0, signal: null, more: 1 },
  { ending: 'handled once', code: 0, signal: null, more: 1 },
  { ending: 'late line', code: 0, signal: null, more: 1 },
]
const CASES = ['sync', 'batched'].flatMap((mode) => ENDINGS.map((ending) => ({ mode, ...ending })))

describe('logger keeps all of 2,000 lines of one tick', { timeout: 60_000 }, () => {
  test.concurrent.each(CASES)(
    'when the process ends by $ending, $mode to a pipe',
    async ({ ending, mode, code, signal, more }) => {
      const ended = await toPipe([ending, mode])

      const lines = ended.text.trimEnd().split('\n')
      expect(lines.map((line) => JSON.parse(line).context?.i).filter((i) => i !== undefined)).toEqual(
        Array.from({ length: 2000 }, (_, i) => i),
      )
      expect(lines).toHaveLength(2000 + more)
      expect([ended.code, ended.signal]).toEqual([code, signal])
    },
  )

  test.concurrent.each(CASES)(
    'when the process ends by $ending, $mode to a file',
    async ({ ending, mode, code, signal, more }) => {
      const ended = await toFile([ending, mode])

      const lines = ended.text.trimEnd().split('\n')
      expect(lines.map((line) => JSON.parse(line).context?.i).filter((i) => i !== undefined)).toEqual(
        Array.from({ length: 2000 }, (_, i) => i),
      )
      expect(lines).toHaveLength(2000 + more)
      expect([ended.code, ended.signal]).toEqual([code, signal])
    },
  )
})

test.each(['sync', 'batched'])(
  'logger keeps the first line of all when it is written as the process ends, %s',
  async (mode) => {
    const { text } = await toPipe(['late line, the first', mode])

    expect(JSON.parse(text)).toMatchObject({ message: 'late' })
  },
)
