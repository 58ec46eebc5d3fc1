/** A release from beginning to end, in a throw-away copy of this repository and with a registry on loopback. */
import { spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { copyTree } from '../../scripts/throw-away-copy.mjs'
import { consumerEnvironment } from '../consumers/packed.ts'

/** A command that ended. */
export interface Outcome {
  readonly code: number | null
  readonly output: string
}

/** The parts of a manifest that a release decides. */
export interface Released {
  readonly name: string
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The copy. */
export interface Rehearsal {
  readonly folder: string
  /** Runs a program of the copy, with what the environment of a maintainer or of CI has besides. */
  run(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Outcome>
  read(file: string): string
  write(file: string, content: string | object): void
  commit(): Promise<void>
  /** What the packages say of themselves, by folder. */
  manifests(): Readonly<Record<string, Released>>
  /** Names of the changesets that wait. */
  changesets(): readonly string[]
  remove(): void
}

/** Copies what is here, committed as it is, with the registry as the one that is published to. */
export async function createRehearsal(registryUrl: string): Promise<Rehearsal> {
  const folder = copyTree({ built: true })
  const { host } = new URL(registryUrl)
  const rehearsal: Rehearsal = {
    folder,
    run: (command, args, env = {}) => run(folder, command, args, env),
    read: (file) => readFileSync(join(folder, file), 'utf8'),
    write(file, content) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), typeof content === 'string' ? content : `${JSON.stringify(content, null, 2)}\n`)
    },
    async commit() {
      await mustRun(folder, 'git', ['add', '-A'])
      await mustRun(folder, 'git', ['commit', '-q', '-m', 'Rehearsed'])
    },
    manifests: () => manifestsIn(folder),
    changesets: () => readdirSync(join(folder, '.changeset')).filter((file) => file.endsWith('.md')),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
  // Of the copy alone: the registry, and a login that it does not check.
  rehearsal.write('.npmrc', `@ops:registry=${registryUrl}\n//${host}/:_authToken=rehearsal\n`)
  await mustRun(folder, 'git', ['init', '-q', '-b', 'main'])
  // Of the copy alone too: a machine of CI has nobody.
  await mustRun(folder, 'git', ['config', 'user.name', 'Rehearsal'])
  await mustRun(folder, 'git', ['config', 'user.email', 'rehearsal@example.com'])
  await rehearsal.commit()
  return rehearsal
}

function manifestsIn(folder: string): Readonly<Record<string, Released>> {
  const names = readdirSync(join(folder, 'packages'))
  return Object.fromEntries(
    names.map((name) => [name, JSON.parse(readFileSync(join(folder, 'packages', name, 'package.json'), 'utf8'))]),
  )
}

async function mustRun(folder: string, command: string, args: readonly string[]): Promise<void> {
  const { code, output } = await run(folder, command, args, {})
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`)
}

/** No OIDC token of the CI that runs these tests reaches what it rehearses. */
async function run(
  cwd: string,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<Outcome> {
  const { CI, GITHUB_ACTIONS, ACTIONS_ID_TOKEN_REQUEST_URL, ACTIONS_ID_TOKEN_REQUEST_TOKEN, ...rest } =
    consumerEnvironment()
  const child = spawn(command, args, { cwd, env: { ...rest, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve)
    child.once('error', reject)
  })
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  return { code, output: stdout + stderr }
}
