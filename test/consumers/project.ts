/** Throw-away projects of somebody who installs the packages, somewhere outside this repository. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { consumerEnvironment } from './packed.ts'

/** How long an install or a program may take: they share a machine with every other test. */
export const PATIENCE_MS = 180_000

/** A folder with files. */
export interface Project {
  readonly folder: string
  write(file: string, content: string | object): void
  /** Runs to the end; rejects with everything it printed when it fails. Resolves to stdout. */
  run(command: string, args: readonly string[], options?: RunOptions): Promise<string>
  remove(): Promise<void>
}

/** Where and as what something runs. */
export interface RunOptions {
  /** Folder inside the project. @defaultValue its root */
  readonly at?: string
  /** Folder of the `node` to run. @defaultValue the one that runs the tests */
  readonly nodeFolder?: string | undefined
  readonly env?: Readonly<Record<string, string>>
}

/** Makes an empty project whose `@ops` packages come from `registryUrl`, and everything else from wherever this machine has it. */
export function createProject(registryUrl: string): Project {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ops-consumer-')))
  const write = (file: string, content: string | object) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content, null, 2))
  }
  write('.npmrc', `@ops:registry=${registryUrl}\n`)
  return {
    folder,
    write,
    run: (command, args, options = {}) => run(folder, command, args, options),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

async function run(
  folder: string,
  command: string,
  args: readonly string[],
  { at = '.', nodeFolder, env = {} }: RunOptions,
): Promise<string> {
  const child = spawn(command, args, {
    cwd: join(folder, at),
    env: { ...consumerEnvironment(nodeFolder), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: PATIENCE_MS,
  })
  const failed = new Promise<never>((_, reject) => child.once('error', reject))
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [code, stdout, stderr] = await Promise.race([
    Promise.all([ended, text(child.stdout), text(child.stderr)]),
    failed,
  ])
  if (code === 0) return stdout
  throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${stderr}\n${stdout}`)
}
