import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { runCli } from '../src/cli.ts'

/** The module of the fixture service. */
export const SERVICE: string = fileURLToPath(new URL('./service.fixture.ts', import.meta.url))

/** Runs the command in this process, without colour. */
export async function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    paint: (_, text) => text,
  })
  return { code, out, err }
}

/** A folder that is removed when the test is over. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ops-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
