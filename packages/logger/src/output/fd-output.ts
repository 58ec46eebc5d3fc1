/**
 * Writes lines to a file descriptor without ever losing one silently: what a full pipe does not take is held back,
 * in order and bounded, tried again, and written out when the process ends.
 */
import { writeSync } from 'node:fs'
import type { Clock, Timer } from '@ops/core'
import type { LogOutput, OnDrop } from './destination.ts'
import { flushOnExit, isEnding, watchEnd } from './exit-flush.ts'

/** Lines written together. */
export interface BatchOptions {
  /** Characters after which the batch is written; 1 to 1_048_576. @defaultValue 16_384 */
  readonly maxLength?: number | undefined
  /** Milliseconds after which it is written at the latest; 1 to 60_000. @defaultValue 100 */
  readonly maxDelayMs?: number | undefined
}

/** Options of {@link createFdOutput}. */
export interface FdOutputOptions {
  readonly fd: number
  readonly clock: Clock
  readonly onDrop: OnDrop
  /** Absent: each line is written at once. */
  readonly batch?: BatchOptions | undefined
}

const MAX_BACKLOG_BYTES = 16 * 1024 * 1024
const RETRY_MS = 10
const EXIT_WAIT_MS = 5000
const PAUSE_MS = 2
const pauseCell = new Int32Array(new SharedArrayBuffer(4))

type Outcome = 'written' | 'full' | 'failed'

function countLines(bytes: Uint8Array): number {
  let lines = 0
  for (const byte of bytes) if (byte === 10) lines++
  return lines
}

class FdOutput implements LogOutput {
  readonly #options: FdOutputOptions
  readonly #maxLength: number
  readonly #maxDelayMs: number
  #batch = ''
  #backlog: Buffer[] = []
  #backlogBytes = 0
  #timer: Timer | undefined
  #stopExit: (() => void) | undefined

  constructor(options: FdOutputOptions) {
    this.#options = options
    this.#maxLength = options.batch === undefined ? 0 : (options.batch.maxLength ?? 16_384)
    this.#maxDelayMs = options.batch?.maxDelayMs ?? 100
    watchEnd()
  }

  write(line: string): void {
    if (this.#maxLength === 0 || isEnding()) {
      this.#send(line)
      return
    }
    this.#batch += line
    if (this.#batch.length >= this.#maxLength) this.#sendBatch()
    else this.#schedule(this.#maxDelayMs)
  }

  flush(): void {
    this.#sendBatch()
    let waited = 0
    while (this.#backlogBytes > 0 && waited < EXIT_WAIT_MS) {
      const before = this.#backlogBytes
      this.#drain()
      if (this.#backlogBytes === before) {
        Atomics.wait(pauseCell, 0, 0, PAUSE_MS)
        waited += PAUSE_MS
      } else waited = 0
    }
    if (this.#backlogBytes > 0) this.#discard('backlog')
    this.#settle()
  }

  async close(timeoutMs: number): Promise<void> {
    const { clock } = this.#options
    const until = clock.monotonic() + timeoutMs
    this.#sendBatch()
    while (this.#backlogBytes > 0 && clock.monotonic() < until) {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, RETRY_MS, { keepAlive: true }))
      this.#drain()
    }
    if (this.#backlogBytes > 0) this.#discard('backlog')
    this.#settle()
    this.#stopExit?.()
    this.#stopExit = undefined
  }

  #sendBatch(): void {
    const batch = this.#batch
    this.#batch = ''
    if (batch !== '') this.#send(batch)
    this.#settle()
  }

  #send(text: string): void {
    if (this.#backlogBytes > 0) {
      this.#holdBack(Buffer.from(text))
      return
    }
    try {
      const written = writeSync(this.#options.fd, text)
      if (written < Buffer.byteLength(text)) this.#holdBack(Buffer.from(text).subarray(written))
    } catch (error) {
      if (this.#classify(error) === 'full') this.#holdBack(Buffer.from(text))
      else this.#lose(Buffer.from(text), error)
    }
  }

  #holdBack(bytes: Buffer): void {
    if (this.#backlogBytes + bytes.length > MAX_BACKLOG_BYTES) {
      this.#options.onDrop('backlog', countLines(bytes))
      return
    }
    this.#backlog.push(bytes)
    this.#backlogBytes += bytes.length
    if (isEnding()) this.flush()
    else this.#schedule(RETRY_MS)
  }

  #drain(): void {
    while (this.#backlog.length > 0) {
      const bytes = this.#backlog[0] as Buffer
      const outcome = this.#tryWrite(bytes)
      if (outcome === 'full') return
    }
  }

  #tryWrite(bytes: Buffer): Outcome {
    try {
      const written = writeSync(this.#options.fd, bytes)
      this.#backlogBytes -= written
      if (written < bytes.length) this.#backlog[0] = bytes.subarray(written)
      else this.#backlog.shift()
      return 'written'
    } catch (error) {
      const outcome = this.#classify(error)
      if (outcome === 'failed') {
        this.#backlog.shift()
        this.#backlogBytes -= bytes.length
        this.#lose(bytes, error)
      }
      return outcome
    }
  }

  #classify(error: unknown): Outcome {
    const code = (error as NodeJS.ErrnoException).code
    return code === 'EAGAIN' || code === 'EWOULDBLOCK' || code === 'EBUSY' ? 'full' : 'failed'
  }

  #lose(bytes: Buffer, error: unknown): void {
    const code = (error as NodeJS.ErrnoException).code
    this.#options.onDrop(code === 'EPIPE' || code === 'EBADF' ? 'closed' : 'error', countLines(bytes))
  }

  #discard(reason: 'backlog'): void {
    this.#options.onDrop(
      reason,
      this.#backlog.reduce((lines, bytes) => lines + countLines(bytes), 0),
    )
    this.#backlog = []
    this.#backlogBytes = 0
  }

  #schedule(delayMs: number): void {
    this.#stopExit ??= flushOnExit(() => this.flush())
    this.#timer ??= this.#options.clock.setTimeout(() => {
      this.#timer = undefined
      this.#sendBatch()
      this.#drain()
      if (this.#backlogBytes > 0) this.#schedule(RETRY_MS)
      else this.#settle()
    }, delayMs)
  }

  #settle(): void {
    if (this.#batch !== '' || this.#backlogBytes > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}

/** Creates an output on a file descriptor. @throws RangeError for batch options out of range. */
export function createFdOutput(options: FdOutputOptions): LogOutput {
  const { maxLength = 1, maxDelayMs = 1 } = options.batch ?? {}
  if (!(maxLength >= 1 && maxLength <= 1_048_576)) {
    throw new RangeError(`Cannot batch by maxLength ${maxLength}: expected 1 to 1_048_576 characters`)
  }
  if (!(maxDelayMs >= 1 && maxDelayMs <= 60_000)) {
    throw new RangeError(`Cannot batch by maxDelayMs ${maxDelayMs}: expected 1 to 60_000 milliseconds`)
  }
  return new FdOutput(options)
}
