import 'vitest'

declare module 'vitest' {
  export interface ProvidedContext {
    /** A real Redis that this run may write to; see test/setup/redis.ts. */
    redisUrl: string
  }
}
