// Scenario 7: config. Run: node config.mjs [group substring]; `node config.mjs live` measures edit-to-effect alone.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { micro } from './lib/micro.mjs'
import { report } from './lib/report.mjs'
import { fmtRatio, median, quantile, ratio, table } from './lib/stats.mjs'

const require = createRequire(import.meta.url)
const KEYS = 100
const LEVELS = ['debug', 'info', 'warn', 'error']
const ours = () => import('../packages/config/dist/index.js')
/** The copy of zod that @ops/config itself sees, as in an application that has one. */
const ourZod = () => import('../packages/config/node_modules/zod/index.js')

// 100 keys: 40 texts, 30 whole numbers, 10 switches, 10 URLs, 10 choices.
const kindOf = (i) => (i % 10 < 4 ? 'str' : i % 10 < 7 ? 'num' : i % 10 === 7 ? 'bool' : i % 10 === 8 ? 'url' : 'pick')
const names = Array.from({ length: KEYS }, (_, i) => ({ name: `${kindOf(i).toUpperCase()}_${i}`, kind: kindOf(i) }))
const VALUES = {
  str: 'some-value',
  num: '1000',
  bool: 'true',
  url: 'https://user-service.internal:5432/x',
  pick: 'info',
}
const env = { ...process.env, ...Object.fromEntries(names.map(({ name, kind }) => [name, VALUES[kind]])) }
const shape = (make) => Object.fromEntries(names.map(({ name, kind }) => [name, make[kind](name)]))

const zodShape = (z) =>
  shape({
    str: () => z.string().min(1),
    num: () => z.coerce.number().int().min(0),
    bool: () => z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1'),
    url: () => z.url(),
    pick: () => z.enum(LEVELS),
  })
const opsShape = (ops, z) =>
  ops.defineConfig(
    shape({
      str: () => ops.setting(z.string().min(1), 'A text'),
      num: () => ops.setting(ops.int({ min: 0 }), 'A number'),
      bool: () => ops.setting(ops.bool(), 'A switch'),
      url: () => ops.setting(ops.url(), 'A URL'),
      pick: () => ops.setting(ops.oneOf(...LEVELS), 'A choice', { reload: 'live' }),
    }),
  )

/** Loads a library; gives a function that declares and reads all keys. */
const libs = {
  'zod 4': async () => {
    const { z } = await import('zod')
    return () => z.object(zodShape(z)).parse(env)
  },
  '@ops/config': async () => {
    const [ops, { z }] = [await ours(), await ourZod()]
    return async () => (await ops.loadConfig(opsShape(ops, z), { env })).current
  },
  '@t3-oss/env-core (zod 4)': async () => {
    const { z } = await import('zod')
    const { createEnv } = await import('@t3-oss/env-core')
    return () => createEnv({ server: zodShape(z), runtimeEnv: env })
  },
  envalid: async () => {
    const e = require('envalid')
    const make = {
      str: () => e.str(),
      num: () => e.num(),
      bool: () => e.bool(),
      url: () => e.url(),
      pick: () => e.str({ choices: LEVELS }),
    }
    return () => e.cleanEnv(env, shape(make))
  },
  convict: async () => {
    const convict = require('convict')
    const field = (format, fallback) => (name) => ({ format, default: fallback, env: name })
    const make = {
      str: field(String, ''),
      num: field('nat', 0),
      bool: field(Boolean, false),
      url: field(String, ''),
      pick: field(LEVELS, 'info'),
    }
    return () => {
      const config = convict(shape(make), { env })
      config.validate({ allowed: 'strict' })
      return config
    }
  },
}
const [A, B] = ['NUM_4', 'NUM_15']
const check = (config) => {
  const get = (key) => ('get' in config && typeof config.get === 'function' ? config.get(key) : config[key])
  if (get(A) !== 1000 || get('BOOL_7') !== true || get('PICK_9') !== 'info') throw new Error('wrong values')
  return config
}

if (process.env.COLD) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const boot = await libs[process.env.COLD]()
  const loaded = performance.now()
  check(await boot())
  const end = performance.now()
  const { user, system } = process.cpuUsage(cpu)
  console.log(
    JSON.stringify({
      load: loaded - start,
      first: end - loaded,
      cpu: (user + system) / 1000,
      rss: process.memoryUsage.rss() / 1048576,
    }),
  )
  process.exit(0)
}

/** Reads two settings the way each library's users do. */
const readers = [
  {
    name: 'plain object',
    setup: () => {
      const holder = {
        current: { ...Object.fromEntries(names.map(({ name, kind }) => [name, kind === 'num' ? 1000 : VALUES[kind]])) },
      }
      return () => holder.current.NUM_4 + holder.current.NUM_15
    },
  },
  {
    name: 'plain object, 100 literal properties',
    setup: () => {
      // What a class or literal would give: the fastest shape an object can have.
      const literal = new Function(
        `return { current: { ${names.map(({ name, kind }) => `${name}: ${kind === 'num' ? 1000 : `'${VALUES[kind]}'`}`).join(', ')} } }`,
      )()
      return () => literal.current.NUM_4 + literal.current.NUM_15
    },
  },
  {
    name: '@ops/config, config.current.KEY',
    setup: async () => {
      const [ops, { z }] = [await ours(), await ourZod()]
      const config = await ops.loadConfig(opsShape(ops, z), { env })
      check(config.current)
      return () => config.current.NUM_4 + config.current.NUM_15
    },
  },
  ...['@t3-oss/env-core (zod 4)', 'envalid'].map((name) => ({
    name,
    setup: async () => {
      const config = check((await libs[name]())())
      return () => config.NUM_4 + config.NUM_15
    },
  })),
  {
    name: 'convict',
    setup: async () => {
      const config = check((await libs.convict())())
      return () => config.get(A) + config.get(B)
    },
  },
  {
    name: 'process.env (two texts)',
    setup: () => {
      Object.assign(process.env, { NUM_4: '1000', NUM_15: '1000' })
      return () => process.env.NUM_4 + process.env.NUM_15
    },
  },
]

const only = process.argv[2]
if (only !== 'live' && only !== 'cold') {
  await micro({
    name: 'config',
    url: import.meta.url,
    versions: ['zod', 'envalid', '@t3-oss/env-core', 'convict'],
    groups: [
      {
        title: `boot of ${KEYS} keys (warm), schema included`,
        unit: 'us',
        contenders: Object.keys(libs).map((name) => ({
          name,
          setup: async () => {
            const boot = await libs[name]()
            check(await boot())
            return { op: boot, async: true }
          },
        })),
      },
      { title: 'read of two settings', contenders: [readers[1], readers[0], ...readers.slice(2)] },
    ],
  })
}

if (!process.env.MICRO_CHILD && (only === undefined || only === 'cold')) {
  const got = {}
  const keys = Object.keys(libs)
  for (let round = 0; round < 9; round++) {
    for (let j = 0; j < keys.length; j++) {
      const name = keys[(j + round) % keys.length]
      const out = execFileSync('taskset', ['-c', '0', process.execPath, process.argv[1]], {
        env: { ...process.env, COLD: name },
      })
      ;(got[name] ??= []).push(JSON.parse(out))
    }
  }
  const of = (name, field) => got[name].map((x) => x[field])
  const data = {}
  const rows = keys.map((name) => {
    const both = ratio(of(name, 'cpu'), of(keys[0], 'cpu'))
    const first = ratio(of(name, 'first'), of(keys[0], 'first'))
    data[name] = { ratio: both.ratio, swing: both.swing, first: first.ratio }
    return {
      contender: name,
      'import ms': median(of(name, 'load')),
      'first boot ms': median(of(name, 'first')),
      'x base (first boot)': fmtRatio(first),
      'cpu ms, both': median(of(name, 'cpu')),
      'x base (cpu, both)': fmtRatio(both),
      'rss MB': Math.round(median(of(name, 'rss'))),
    }
  })
  report('config-cold', {
    markdown: `### cold: import + first boot of ${KEYS} keys in a fresh process (9 of each, interleaved)\n\n${table(rows)}`,
    data,
  })
}

if (!process.env.MICRO_CHILD && (only === undefined || only === 'live')) {
  const { loadConfig, defineConfig, setting, int } = await ours()
  const directory = mkdtempSync(join(tmpdir(), 'ops-config-bench-'))
  const file = join(directory, 'COUNT')
  writeFileSync(file, '0')
  const settings = defineConfig({ COUNT: setting(int(), 'A count', { reload: 'live' }) })
  const config = await loadConfig(settings, { env: {}, mounts: [directory], watch: true })
  // The watch alone does not keep a process alive.
  const alive = setInterval(() => {}, 1000)
  const times = []
  for (let i = 1; i <= 30; i++) {
    const seen = new Promise((resolve) => {
      const stop = config.onChange(['COUNT'], () => resolve(stop()))
    })
    const start = performance.now()
    writeFileSync(file, String(i))
    await seen
    times.push(performance.now() - start)
  }
  clearInterval(alive)
  await config.close()
  rmSync(directory, { recursive: true })
  const row = {
    scenario: 'edit of a mounted file to change listener, default debounce',
    'median ms': median(times),
    'p90 ms': quantile(times, 0.9),
    'worst ms': Math.max(...times),
  }
  report('config-live', {
    markdown: `### live: from an edit to its effect (30 edits)\n\n${table([row])}`,
    data: { times },
  })
}
