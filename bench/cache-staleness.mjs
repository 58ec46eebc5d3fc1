// The staleness checker over ours and the peers: 3 processes read and write, Redis is frozen and restarted. Run: node cache-staleness.mjs [SECONDS]
import { setTimeout as pause } from 'node:timers/promises'
import { checkStaleness, naiveSubject, opsSubject } from '../packages/cache/dist/testing/index.js'
import { startRedis, URL_ } from './lib/redis.mjs'
import { report } from './lib/report.mjs'
import { table } from './lib/stats.mjs'

const seconds = Number(process.argv[2] ?? 8)
const only = process.argv[3]
const redis = await startRedis()
const peer = new URL('./lib/staleness-subject.mjs', import.meta.url)
const faults = async (signal) => {
  for (let i = 0; !signal.aborted; i++) {
    await pause(700)
    if (i % 2 === 0) {
      redis.freeze()
      await pause(300)
      redis.thaw()
    } else {
      await redis.crash()
      await redis.restart()
    }
  }
}
const contenders = [
  ['@ops/cache', opsSubject, {}],
  ['@ops/cache, in-process tier', opsSubject, { l1: true }],
  ['cache-aside by hand', naiveSubject, {}],
  ['bentocache', peer, { peer: 'bentocache' }],
  ['bentocache, in-process tier and bus', peer, { peer: 'bentocache', l1: true }],
  ['cacheable', peer, { peer: 'cacheable' }],
  ['cache-manager', peer, { peer: 'cache-manager' }],
  ['async-cache-dedupe', peer, { peer: 'async-cache-dedupe' }],
].filter(([name]) => !only || name.includes(only))
const rows = [],
  data = {}
for (const [contender, subject, settings] of contenders) {
  for (const [faulty, with_] of [
    ['none', undefined],
    ['freezes, restarts', faults],
  ]) {
    const options = {
      subject,
      settings,
      redisUrls: [URL_, URL_, URL_],
      durationMs: seconds * 1000,
      readers: 32,
      writePauseMs: 40,
      agreeWithinMs: 2000,
      ...(with_ && { faults: with_ }),
    }
    const result = await Promise.race([
      checkStaleness(options),
      pause(seconds * 1000 + 30_000).then(() => ({ reads: 'hangs' })),
    ]).catch((error) => ({ reads: String(error.message).slice(0, 60) }))
    rows.push({
      contender,
      faults: faulty,
      reads: result.reads,
      'below the floor': result.belowFloor ?? '',
      'worst staleness ms': result.worstStalenessMs === undefined ? '' : Math.round(result.worstStalenessMs),
      loads: result.loads ?? '',
      writes: result.writes ?? '',
      'rejected invalidations': result.failedInvalidations ?? '',
      'still wrong in the end': result.disagreements ?? '',
    })
    data[`${contender} / ${faulty}`] = result
    console.log(JSON.stringify(rows.at(-1)))
  }
}
report('cache-staleness', {
  markdown: table(rows),
  data,
  versions: ['bentocache', 'cacheable', 'cache-manager', 'async-cache-dedupe', 'ioredis'],
})
await redis.stop()
process.exit(0)
