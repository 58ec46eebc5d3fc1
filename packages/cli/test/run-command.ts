import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { runCli } from '../src/cli.ts'
import type { CliContext } from '../src/command/command.ts'

/** The module of the fixture service. */
export const SERVICE: string = fileURLToPath(new URL('./service.fixture.ts', import.meta.url))

/** What a command said. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs the command in this process, without colour and with no variables. */
export function run(...args: string[]): Promise<Ran> {
  return runWith({}, ...args)
}

/** Runs the command with variables, and a person who answers. */
export async function runWith(
  { env = {}, ...rest }: Partial<Pick<CliContext, 'env' | 'confirm' | 'signal'>>,
  ...args: string[]
): Promise<Ran> {
  let out = ''
  let err = ''
  const code = await runCli(args, {
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    paint: (_, text) => text,
    env,
    ...rest,
  })
  return { code, out, err }
}

/** A folder that is removed when the test is over. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ops-cli-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}
