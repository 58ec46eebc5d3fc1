/** Files that may do what the rules forbid elsewhere, each with its reason. */

/** Read the system's time or chance: they run where no port can be handed in. */
export const ownTime: Readonly<Record<string, string>> = {
  'packages/health/src/health-worker.ts':
    'a worker thread: a clock is made of functions, and functions cannot be sent to it',
}
