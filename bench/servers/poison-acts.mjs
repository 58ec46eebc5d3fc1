// What a poisonous job does; shared by in-process workers and BullMQ's sandboxed processors.
const hoard = []
const acts = {
  'kill -9': () => process.kill(process.pid, 'SIGKILL'),
  'exit 0': () => process.exit(0),
  'out of memory': () => {
    for (;;) hoard.push(new Array(1e6).fill(Math.random()))
  },
  'infinite loop': () => {
    for (;;);
  },
  'throw undefined': () => {
    throw undefined
  },
  'BigInt result': () => 1n,
  '2 MB error': () => {
    throw new Error('x'.repeat(2_000_000))
  },
}
export const KINDS = Object.keys(acts)

/** How long every job takes, in milliseconds; the poisonous one acts after 20 of them. */
const NEIGHBOUR_MS = Number(process.env.NEIGHBOUR_MS ?? 20)

export async function act({ kind }) {
  await new Promise((ok) => setTimeout(ok, kind === undefined ? NEIGHBOUR_MS : 20))
  return kind === undefined ? undefined : acts[kind]()
}

// BullMQ's sandbox calls the default export with the job.
export default (job) => act(job.data)
