import { spawnSync } from 'node:child_process'
import { type Clock, sleep, systemClock, systemRandom, type Timer } from '@ops/core'
import { expect, test } from 'vitest'

/** A clock whose one timer runs when the test says so. */
function createHeldClock() {
  let pending: (() => void) | undefined
  const timer: Timer = { cancel: () => (pending = undefined) }
  const clock: Clock = {
    ...systemClock,
    setTimeout(callback) {
      pending = callback
      return timer
    },
  }
  return { clock, fire: () => pending?.(), isPending: () => pending !== undefined }
}

test('systemClock.now() is the wall time when it is compared with the system', () => {
  const before = Date.now()

  const now = systemClock.now()

  expect(now).toBeGreaterThanOrEqual(before)
  expect(now).toBeLessThanOrEqual(Date.now())
})

test('systemClock.monotonic() never goes backwards when it is read often', () => {
  const reads = Array.from({ length: 1000 }, () => systemClock.monotonic())

  expect(reads.every((read, at) => at === 0 || read >= (reads[at - 1] as number))).toBe(true)
})

test('systemClock.setTimeout() calls once when its time has come', async () => {
  const calls = await new Promise<number>((resolve) => {
    let count = 0
    systemClock.setTimeout(() => resolve(++count), 0, { keepAlive: true })
  })

  expect(calls).toBe(1)
})

test('systemClock.setInterval() calls again and again when it is not cancelled', async () => {
  const calls = await new Promise<number>((resolve) => {
    let count = 0
    const tick = () => {
      if (++count < 3) return
      timer.cancel()
      resolve(count)
    }
    const timer = systemClock.setInterval(tick, 1, { keepAlive: true })
  })

  expect(calls).toBe(3)
})

test('Timer.cancel() stops the callback when it comes first, and does nothing when it comes again', async () => {
  const called: string[] = []
  const timer = systemClock.setTimeout(() => called.push('cancelled'), 1, { keepAlive: true })

  timer.cancel()
  timer.cancel()
  await new Promise<void>((resolve) => {
    systemClock.setTimeout(
      () => {
        called.push('later')
        resolve()
      },
      1,
      { keepAlive: true },
    )
  })

  expect(called).toEqual(['later'])
})

test('systemClock.setTimeout() and setInterval() let the process end when nobody asks to keep it alive', () => {
  const script = `import { systemClock } from '@ops/core'
    systemClock.setTimeout(() => console.log('late'), 60_000)
    systemClock.setInterval(() => console.log('late'), 60_000)`

  const run = spawnSync(process.execPath, ['--conditions=@ops/source', '--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
    timeout: 15_000,
    encoding: 'utf8',
  })

  expect(run).toMatchObject({ status: 0, stdout: '' })
})

test('sleep() resolves when the clock says so and not before', async () => {
  const held = createHeldClock()
  let awake = false
  const sleeping = sleep(1000, { clock: held.clock }).then(() => (awake = true))
  await Promise.resolve()

  expect(awake).toBe(false)
  held.fire()
  await sleeping

  expect(awake).toBe(true)
})

test('sleep() rejects with the reason and leaves no timer when the signal is aborted meanwhile', async () => {
  const held = createHeldClock()
  const controller = new AbortController()
  const sleeping = sleep(1000, { clock: held.clock, signal: controller.signal })

  controller.abort(new Error('enough'))

  await expect(sleeping).rejects.toThrow('enough')
  expect(held.isPending()).toBe(false)
})

test('sleep() rejects and sets no timer when the signal is aborted already', async () => {
  const held = createHeldClock()

  await expect(sleep(1000, { clock: held.clock, signal: AbortSignal.abort('never') })).rejects.toBe('never')

  expect(held.isPending()).toBe(false)
})

test('sleep() leaves no listener on the signal when it has ended', async () => {
  const held = createHeldClock()
  const { signal } = new AbortController()
  let listeners = 0
  signal.addEventListener = () => void listeners++
  signal.removeEventListener = () => void listeners--

  const sleeping = sleep(1, { clock: held.clock, signal })
  held.fire()
  await sleeping

  expect(listeners).toBe(0)
})

test('systemRandom.next() is at least 0 and below 1 when it is drawn often', () => {
  expect(Array.from({ length: 1000 }, systemRandom.next).every((value) => value >= 0 && value < 1)).toBe(true)
})
