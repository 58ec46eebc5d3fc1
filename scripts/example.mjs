/**
 * Runs one example by its package's `start` script, building it first where it has a `build` script,
 * with a Redis for the run when REDIS_URL is unset.
 *
 *   npm run example -- <name> [arguments]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { Failure, giveUp, say } from './environment/failure.mjs'
import { root } from './environment/paths.mjs'
import { attach } from './environment/run.mjs'
import { startLocalRedis } from './local-redis.mjs'

const examples = path.join(root, 'examples')

async function main([name, ...args]) {
  const scripts = scriptsOf(name)
  if (scripts.build !== undefined) await buildExample(name)
  const redis = process.env.REDIS_URL ? undefined : await startLocalRedis()
  if (redis !== undefined) say(`started Redis for this run: ${redis.url}`)
  const env = { ...process.env, REDIS_URL: process.env.REDIS_URL || redis?.url }
  try {
    // The shell gives way to the program, so that a stop signal reaches the program itself.
    return await attach('sh', ['-c', `exec ${scripts.start} "$@"`, name, ...args], {
      env,
      cwd: path.join(examples, name),
    })
  } finally {
    await redis?.stop()
  }
}

function scriptsOf(name) {
  const names = existsSync(examples) ? readdirSync(examples).filter((folder) => startOf(folder)) : []
  if (names.includes(name)) return readManifest(name).scripts
  throw new Failure(
    `Cannot run ${name ?? 'an example without a name'}: expected one of ${names.join(', ') || '(none yet)'}`,
  )
}

function startOf(folder) {
  return existsSync(path.join(examples, folder, 'package.json')) && readManifest(folder).scripts?.start
}

function readManifest(folder) {
  return JSON.parse(readFileSync(path.join(examples, folder, 'package.json'), 'utf8'))
}

async function buildExample(name) {
  const code = await attach('turbo', ['run', 'build', `--filter=./examples/${name}`, '--output-logs=errors-only'])
  if (code !== 0) throw new Failure(`Cannot build examples/${name}: see above`)
}

main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
}, giveUp)
