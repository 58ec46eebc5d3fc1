/** Files that may do what the rules forbid elsewhere, each with its reason. */

/** Read the system's time or chance: they run where no port can be handed in. */
export const ownTime: Readonly<Record<string, string>> = {
  'packages/cache/src/testing/check-staleness.ts': 'measures real processes on a real Redis: the time is the finding',
  'packages/cache/src/testing/node.ts': 'an executable of the staleness checker: nobody hands it a clock',
  'packages/cache/src/testing/protocol.ts': 'compares moments between processes: needs the clock they share',
  'packages/health/src/health-worker.ts':
    'a worker thread: a clock is made of functions, and functions cannot be sent to it',
  'packages/queue/src/watchdog-worker.ts':
    'a worker thread that watches real time while the main thread may hang: nobody can hand it a clock',
}
