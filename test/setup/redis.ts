/** Starts one real Redis for the whole run and provides its address as `redisUrl`; `REDIS_URL` uses another. */
import type { TestProject } from 'vitest/node'
import { startLocalRedis } from '../../scripts/local-redis.mjs'

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env['REDIS_URL']
  const started = given ? undefined : await startLocalRedis()
  project.provide('redisUrl', given || (started?.url as string))
  return started?.stop
}
