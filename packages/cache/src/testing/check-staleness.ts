/**
 * The staleness checker: processes that read and write through a cache while faults happen, and a judge who knows at which
 * moment each version was overruled. Runs on one machine, whose monotonic clock all processes share.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createSpanId } from '@ops/core'
import type { FromNode, NodeCounts, NodeOrders, ToNode } from './protocol.ts'
import { judge, type Verdict } from './verdict.ts'

/** What to check, and how hard. */
export interface StalenessCheckOptions {
  /** Module that exports `createSubject`: {@link opsSubject}, {@link naiveSubject} or your own. */
  readonly subject: URL
  /** One process for each, reaching the same Redis, for example each through a fault proxy of its own. At least 1. */
  readonly redisUrls: readonly string[]
  /** How long they read and write, in milliseconds. @defaultValue 5_000 */
  readonly durationMs?: number
  /** Breaks things meanwhile and mends them before it resolves; runs once all processes do. @defaultValue nothing happens */
  readonly faults?: (signal: AbortSignal) => Promise<void>
  /** Passed on to the subject. @defaultValue {} */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Keys in use: few, so that they collide. @defaultValue 16 */
  readonly keys?: number
  /** Concurrent readers in each process. @defaultValue 8 */
  readonly readers?: number
  /** Concurrent writers in each process. @defaultValue 2 */
  readonly writers?: number
  /** Mean pause of a writer between two writes, in milliseconds. @defaultValue 10 */
  readonly writePauseMs?: number
  /** Mean time between reading the source and returning from the loader, in milliseconds. @defaultValue 5 */
  readonly loadDelayMs?: number
  /** How long a subject may take to agree with the source once everything is mended, in milliseconds. @defaultValue 5_000 */
  readonly agreeWithinMs?: number
  /** Reads after which a process stops reading: 24 bytes of memory each. @defaultValue 2_000_000 */
  readonly maxReadsPerNode?: number
}

/** What was found. */
export interface StalenessReport extends Verdict {
  readonly reads: number
  readonly failedReads: number
  readonly writes: number
  readonly failedInvalidations: number
  readonly loads: number
  /** After faults ended and failed invalidations were repeated: keys times processes that differ from the source. */
  readonly disagreements: number
}

/** `@ops/cache` itself; `settings: { l1: true }` with its in-process tier. */
export const opsSubject: URL = sibling('ops-subject')
/** Plain cache-aside, which fails the check. */
export const naiveSubject: URL = sibling('naive-subject')

function sibling(name: string): URL {
  return new URL(import.meta.url.endsWith('.ts') ? `./${name}.ts` : `./${name}.js`, import.meta.url)
}

/**
 * Runs the check and reports what it saw; it judges nothing as passed or failed.
 *
 * @throws Error when a process of the check fails or ends early.
 * @example
 * const report = await checkStaleness({ subject: opsSubject, redisUrls: [url, url, url] })
 * assert.equal(report.belowFloor, 0)
 */
export async function checkStaleness(options: StalenessCheckOptions): Promise<StalenessReport> {
  const dir = mkdtempSync(join(tmpdir(), 'ops-staleness-'))
  const source = new Source(options.keys ?? 16)
  const name = `check-${createSpanId()}`
  const nodes = options.redisUrls.map(
    (url, i) => new Node(ordersOf(options, { url, name, file: join(dir, String(i)) }), source),
  )
  try {
    await Promise.all(nodes.map((node) => node.running))
    const ended = new AbortController()
    await Promise.all([options.faults?.(ended.signal), pause(options.durationMs ?? 5_000).then(() => ended.abort())])
    const counts = await Promise.all(nodes.map((node) => node.quiesce()))
    const disagreements = await settle(nodes, source, options.agreeWithinMs ?? 5_000)
    const verdict = judge(
      nodes.map(({ file }) => readFileSync(`${file}.reads`)),
      nodes.map(({ file }) => readFileSync(`${file}.invalidations`)),
    )
    const sum = (key: keyof NodeCounts): number => counts.reduce((total, one) => total + one[key], 0)
    return {
      ...verdict,
      reads: sum('reads'),
      failedReads: sum('failedReads'),
      writes: sum('writes'),
      failedInvalidations: sum('failedInvalidations'),
      loads: source.loads,
      disagreements,
    }
  } finally {
    await Promise.all(nodes.map((node) => node.end()))
    rmSync(dir, { recursive: true, force: true })
  }
}

function ordersOf(
  o: StalenessCheckOptions,
  node: { readonly url: string; readonly name: string; readonly file: string },
): NodeOrders {
  return {
    subject: o.subject.href,
    redisUrl: node.url,
    name: node.name,
    file: node.file,
    settings: o.settings ?? {},
    keys: o.keys ?? 16,
    readers: o.readers ?? 8,
    writers: o.writers ?? 2,
    writePauseMs: o.writePauseMs ?? 10,
    loadDelayMs: o.loadDelayMs ?? 5,
    maxReads: o.maxReadsPerNode ?? 2_000_000,
  }
}

async function settle(nodes: readonly Node[], source: Source, withinMs: number): Promise<number> {
  const giveUpAt = performance.now() + withinMs
  for (;;) {
    const all = await Promise.all(nodes.map((node) => node.readAll()))
    const disagreements = all.flatMap((versions) =>
      versions.filter((version, key) => version !== source.versions[key]),
    ).length
    if (disagreements === 0 || performance.now() > giveUpAt) return disagreements
    await pause(50)
  }
}

/** The source of truth: a version for each key. */
class Source {
  readonly versions: number[]
  loads = 0

  constructor(keys: number) {
    this.versions = new Array<number>(keys).fill(1)
  }

  answer(type: 'load' | 'write', key: number): number {
    if (type === 'load') this.loads++
    else (this.versions[key] as number)++
    return this.versions[key] as number
  }
}

/** The parent's other flags (an inspector's port, code given by -e) are no business of its children. */
function conditionFlags(flags: readonly string[]): string[] {
  return flags.filter((flag, i) => flag.startsWith('--conditions') || flags[i - 1] === '--conditions')
}

/** A process of the check, seen from outside. */
class Node {
  readonly file: string
  readonly running: Promise<void>
  readonly #child: ChildProcess
  #expected: { readonly type: FromNode['type']; readonly resolve: (message: FromNode) => void } | undefined
  #fail: (error: Error) => void = () => {}

  constructor(orders: NodeOrders, source: Source) {
    this.file = orders.file
    this.#child = fork(sibling('node'), { execArgv: conditionFlags(process.execArgv) })
    this.#child.once('error', (error) => this.#fail(error))
    this.#child.on('message', (message: FromNode) => this.#receive(message, source))
    this.#child.once('exit', (code) => this.#fail(new Error(`A process of the check ended early with ${code}`)))
    this.running = this.#ask('running', { type: 'orders', orders }).then(() => {})
  }

  async quiesce(): Promise<NodeCounts> {
    const message = await this.#ask('quiet', { type: 'quiesce' })
    return (message as Extract<FromNode, { type: 'quiet' }>).counts
  }

  async readAll(): Promise<readonly number[]> {
    const message = await this.#ask('all', { type: 'read-all' })
    return (message as Extract<FromNode, { type: 'all' }>).versions
  }

  async end(): Promise<void> {
    this.#fail = () => {}
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    // One that hangs must not outlive the check either.
    this.#child.kill('SIGKILL')
    await exited
  }

  #ask(type: FromNode['type'], message: ToNode): Promise<FromNode> {
    return new Promise((resolve, reject) => {
      this.#expected = { type, resolve }
      this.#fail = reject
      this.#tell(message)
    })
  }

  #tell(message: ToNode): void {
    this.#child.send(message)
  }

  #receive(message: FromNode, source: Source): void {
    if (message.type === 'load' || message.type === 'write') {
      this.#tell({ type: 'answer', id: message.id, version: source.answer(message.type, message.key) })
    } else if (message.type === 'failed') this.#fail(new Error(message.message))
    else if (message.type === this.#expected?.type) this.#expected.resolve(message)
  }
}
