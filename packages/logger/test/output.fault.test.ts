import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestClock, recordMetrics } from '@ops/testing'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { DropReason } from '../src/counters.ts'
import { createLogger, type LogDestination } from '../src/index.ts'
import { createFdOutput } from '../src/output/fd-output.ts'

const directory = mkdtempSync(join(tmpdir(), 'ops-logger-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

/** A pipe that takes 64 KiB and then says EAGAIN, until somebody reads. */
function slowPipe(name: string) {
  const path = join(directory, name)
  execFileSync('mkfifo', [path])
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
  onTestFinished(() => closeSync(fd))
  const read = (): string => {
    const buffer = Buffer.alloc(65_536)
    const parts: string[] = []
    for (;;) {
      try {
        parts.push(buffer.toString('utf8', 0, readSync(fd, buffer)))
      } catch {
        return parts.join('')
      }
    }
  }
  return { fd, read }
}

function setUp(fd: number, batch?: { maxLength?: number; maxDelayMs?: number }) {
  const clock = createTestClock()
  const dropped: [DropReason, number][] = []
  const output = createFdOutput({ fd, clock, batch, onDrop: (reason, lines) => dropped.push([reason, lines]) })
  onTestFinished(() => output.close(0))
  return { clock, dropped, output }
}

const line = (i: number) => `${String(i).padStart(6, '0')}${'x'.repeat(193)}\n`
const numbers = (text: string) =>
  text
    .split('\n')
    .filter((row) => row !== '')
    .map((row) => Number(row.slice(0, 6)))
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe('file descriptor output', () => {
  test('holds lines back in order and tries again when the pipe is full', async () => {
    const { fd, read } = slowPipe('full')
    const { clock, dropped, output } = setUp(fd)

    for (let i = 0; i < 2000; i++) output.write(line(i))
    let text = read()
    expect(numbers(text).length).toBeLessThan(2000)
    for (let i = 0; i < 10; i++) {
      await clock.advance(10)
      text += read()
    }

    expect(numbers(text)).toEqual(upTo(2000))
    expect(dropped).toEqual([])
  })

  test('drops and counts the newest lines when more than 16 MiB are held back', () => {
    const { fd } = slowPipe('overflow')
    const { dropped, output } = setUp(fd)
    const megabyte = `${'x'.repeat(1024 * 1024)}\n`

    for (let i = 0; i < 20; i++) output.write(megabyte)

    expect(dropped.length).toBeGreaterThanOrEqual(3)
    expect(dropped.every(([reason, lines]) => reason === 'backlog' && lines === 1)).toBe(true)
  })

  test('gives up what is held back and says so when closed without time', async () => {
    const { fd } = slowPipe('closing')
    const { dropped, output } = setUp(fd)

    for (let i = 0; i < 1000; i++) output.write(line(i))
    await output.close(0)

    expect(dropped).toHaveLength(1)
    expect(dropped[0]?.[0]).toBe('backlog')
  })

  test('counts lines as closed when the descriptor is gone', () => {
    const fd = openSync(join(directory, 'gone'), 'w')
    closeSync(fd)
    const { dropped, output } = setUp(fd)

    output.write(line(1))
    output.write(line(2))

    expect(dropped).toEqual([
      ['closed', 1],
      ['closed', 1],
    ])
  })

  test('counts lines as errors when the device takes no more', () => {
    const fd = openSync('/dev/full', 'w')
    onTestFinished(() => closeSync(fd))
    const { dropped, output } = setUp(fd)

    output.write(line(1))

    expect(dropped).toEqual([['error', 1]])
  })

  test('writes a batch when it is long enough, when its time has come and when flushed', async () => {
    const { fd, read } = slowPipe('batch')
    const { clock, output } = setUp(fd, { maxLength: 1000, maxDelayMs: 50 })

    for (let i = 0; i < 5; i++) output.write(line(i))
    expect(numbers(read())).toEqual(upTo(5))
    output.write(line(0))
    expect(read()).toBe('')
    await clock.advance(50)
    expect(numbers(read())).toEqual([0])
    output.write(line(0))
    output.flush()
    expect(numbers(read())).toEqual([0])
  })

  test('writes text outside ASCII whole when it is held back', async () => {
    const { fd, read } = slowPipe('wide')
    const { clock, output } = setUp(fd)
    const wide = `${'é密😀'.repeat(30)}\n`

    for (let i = 0; i < 1000; i++) output.write(wide)
    let bytes = Buffer.byteLength(read())
    for (let i = 0; i < 10; i++) {
      await clock.advance(10)
      bytes += Buffer.byteLength(read())
    }

    expect(bytes).toBeGreaterThanOrEqual(1000 * Buffer.byteLength(wide))
  })

  test('throws when batch options are out of range', () => {
    expect(() => setUp(1, { maxLength: 0 })).toThrow(RangeError)
    expect(() => setUp(1, { maxDelayMs: 0 })).toThrow(RangeError)
  })
})

describe('logger with a destination', () => {
  async function dropsOf(destination: LogDestination, use: (logger: ReturnType<typeof createLogger>) => void) {
    const metrics = recordMetrics()
    const logger = createLogger({ service: 'x', destination, meter: metrics.meter })
    use(logger)
    await Promise.resolve()
    await metrics.collect()
    return (reason: string) => metrics.value('logger_dropped_total', { reason })
  }

  test('counts and goes on when the destination throws', async () => {
    const write = vi.fn(() => {
      throw new Error('full')
    })
    const drops = await dropsOf({ write }, (logger) => {
      logger.info('a')
      logger.info('b')
    })

    expect(drops('destination')).toBe(2)
    expect(write).toHaveBeenCalledTimes(2)
  })

  test('counts and goes on when the destination rejects', async () => {
    const drops = await dropsOf({ write: () => Promise.reject(new Error('gone')) }, (logger) => logger.info('a'))

    expect(drops('destination')).toBe(1)
  })

  test('counts and goes on when the destination logs what it is given', async () => {
    const written: string[] = []
    let logger: ReturnType<typeof createLogger> | undefined
    const destination = {
      write(text: string) {
        written.push(text)
        logger?.info('again')
      },
    }
    const drops = await dropsOf(destination, (made) => {
      logger = made
      made.info('a')
    })

    expect(written.length).toBeLessThan(10)
    expect(drops('recursion')).toBe(1)
  })

  test('keeps both lines whole when a getter logs while a record is written', () => {
    const lines: string[] = []
    const logger = createLogger({ service: 'x', destination: { write: (text) => lines.push(text) } })

    logger.info(
      {
        a: 1,
        get b() {
          logger.warn({ password: 'hunter2', c: [1] }, 'inner')
          return 2
        },
        d: { e: 3 },
      },
      'outer',
    )

    expect(lines.map((text) => JSON.parse(text))).toMatchObject([
      { message: 'inner', context: { password: '[Redacted]', c: [1] } },
      { message: 'outer', context: { a: 1, b: 2, d: { e: 3 } } },
    ])
  })

  test('still writes when it is closed', async () => {
    const lines: string[] = []
    const logger = createLogger({ service: 'x', destination: { write: (text) => lines.push(text) } })

    await logger.close()
    logger.info('late')

    expect(lines).toHaveLength(1)
  })
})
