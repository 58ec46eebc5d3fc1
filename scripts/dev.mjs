/**
 * One command on any machine: brings Node, pnpm, the dependencies and the servers that are asked for,
 * then runs what follows inside that environment.
 *
 *   node scripts/dev.mjs [--with redis|prometheus|chromium]… [--try redis|prometheus|chromium]… [node <file> … | <pnpm arguments>]
 *
 * `--with` needs the server; `--try` only warns where it cannot be had. Runs on Node 16 and later, so plain JavaScript.
 */
import process from 'node:process'
import { installDependencies } from './environment/dependencies.mjs'
import { Failure, giveUp, say } from './environment/failure.mjs'
import { nodeFolder } from './environment/node.mjs'
import { pnpmFolder } from './environment/pnpm.mjs'
import { attach } from './environment/run.mjs'
import { serverFolder, serverNames } from './environment/servers.mjs'
import { environmentWith } from './environment/variables.mjs'

/** pnpm commands that change the lockfile: installing it as it is first would refuse exactly what they are for. */
const CHANGES_LOCKFILE = new Set(['install', 'i', 'add', 'remove', 'rm', 'update', 'up', 'dedupe'])

async function main(args) {
  const { servers, command } = parse(args)
  const folders = [nodeFolder(), pnpmFolder()].filter(Boolean)
  const fallbacks = servers.map((server) => bring(server, environmentWith(folders))).filter(Boolean)
  const env = environmentWith(folders, fallbacks)
  if (!CHANGES_LOCKFILE.has(command[0])) await installDependencies(env, { force: command.length === 0 })
  if (command.length === 0) return 0
  if (command[0] === 'node') return attach('node', command.slice(1), { env })
  return attach('pnpm', command, { env, interactive: true })
}

/** Splits our own options, which come first, from the command. */
function parse(args) {
  const servers = []
  let at = 0
  for (; args[at] === '--with' || args[at] === '--try'; at += 2) {
    const name = args[at + 1]
    if (!serverNames.includes(name)) {
      throw new Failure(`Cannot bring ${name}: unknown server, expected one of ${serverNames.join(', ')}`)
    }
    servers.push({ name, needed: args[at] === '--with' })
  }
  return { servers, command: args.slice(at) }
}

function bring({ name, needed }, env) {
  try {
    return serverFolder(name, env)
  } catch (error) {
    if (needed || !(error instanceof Failure)) throw error
    say(`${error.message}; what needs it does less, or fails`)
    return undefined
  }
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, giveUp)
