/** A Redis for one run. */
export function startLocalRedis(): Promise<{ readonly url: string; stop(): Promise<void> }>
