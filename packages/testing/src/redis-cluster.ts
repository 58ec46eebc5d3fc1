/** A real Redis Cluster of a test's own: masters that share the slots, formed without a client library. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { freePort, type RedisServer, startRedisServer } from './redis-server.ts'
import { waitFor } from './wait-for.ts'

/** Options of {@link startRedisCluster}. */
export interface RedisClusterOptions {
  /** Masters, 3 to 16. @defaultValue 3 */
  readonly nodes?: number
  /** Arguments of each `redis-server` besides those of a Cluster. @defaultValue none */
  readonly args?: readonly string[]
  /** How long forming it may take, in milliseconds. @defaultValue 20_000 */
  readonly timeoutMs?: number
}

/** A running Cluster. */
export interface RedisCluster {
  /** Its masters; each can be killed, frozen and restarted. */
  readonly nodes: readonly RedisServer[]
  /** What a client is given. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[]
  close(): Promise<void>
}

const SLOTS = 16_384
/** A node's bus listens 10,000 ports above it. */
const HIGHEST_PORT = 55_535
/** Nodes tell each other apart by it: small, so that a killed one is noticed soon. */
const NODE_TIMEOUT_MS = 2_000

/**
 * Starts a Cluster and waits until all its nodes know each other and serve all slots.
 *
 * @throws RangeError for a number of nodes outside its range, TestTimeoutError when it does not form in time.
 * @example
 * const { addresses, close } = await startRedisCluster({ nodes: 3 })
 */
export async function startRedisCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const { nodes: count = 3, args = [], timeoutMs = 20_000 } = options
  if (!Number.isInteger(count) || count < 3 || count > 16)
    throw new RangeError(`Cannot start a Redis Cluster: nodes is ${count}, expected an integer from 3 to 16`)
  const nodes: RedisServer[] = []
  const close = async () => {
    await Promise.all(nodes.map((node) => node.close()))
  }
  const own = ['--cluster-enabled', 'yes', '--cluster-node-timeout', String(NODE_TIMEOUT_MS)]
  try {
    for (let i = 0; i < count; i++) {
      nodes.push(await startRedisServer({ args: [...own, ...args], port: await freePort(HIGHEST_PORT) }))
    }
    await form(nodes, timeoutMs)
  } catch (error) {
    await close()
    throw error
  }
  return { nodes, addresses: nodes.map(({ port }) => ({ host: '127.0.0.1', port })), close }
}

async function form(nodes: readonly RedisServer[], timeoutMs: number): Promise<void> {
  const bound = (i: number) => Math.ceil((SLOTS * i) / nodes.length)
  for (const [i, { port }] of nodes.entries()) await ask(port, `CLUSTER ADDSLOTSRANGE ${bound(i)} ${bound(i + 1) - 1}`)
  const [first, ...others] = nodes as readonly [RedisServer, ...RedisServer[]]
  for (const { port } of others) await ask(first.port, `CLUSTER MEET 127.0.0.1 ${port}`)
  const isFormed = async () => {
    const infos = await Promise.all(nodes.map(({ port }) => ask(port, 'CLUSTER INFO')))
    return infos.every(
      (info) => info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${nodes.length}`),
    )
  }
  await waitFor(isFormed, { timeoutMs, everyMs: 50, what: 'the Redis Cluster' })
}

/** One inline command on a connection of its own; its reply as it came. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  let reply = ''
  socket.on('data', (text) => (reply += text))
  // The server closes the connection after QUIT, and so says where the reply ends.
  socket.end(`${command}\r\nQUIT\r\n`)
  await once(socket, 'close')
  if (reply.startsWith('-'))
    throw new Error(`Cannot form a Redis Cluster: ${command} answered ${reply.split('\r\n')[0]}`)
  return reply
}
