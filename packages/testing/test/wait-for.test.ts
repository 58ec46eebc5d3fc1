import { describe, expect, test } from 'vitest'
import { TestTimeoutError, waitFor } from '../src/index.ts'

describe('waitFor()', () => {
  test('resolves with the first truthy value when the condition throws at first', async () => {
    let tries = 0

    const value = await waitFor(async () => {
      if (++tries < 3) throw new Error('not yet')
      return tries
    })

    expect(value).toBe(3)
  })

  test('rejects with the last error as cause when the time is up', async () => {
    const cause = new Error('still down')
    const waiting = waitFor(
      () => {
        throw cause
      },
      { timeoutMs: 1, what: 'the server' },
    )

    await expect(waiting).rejects.toThrow(TestTimeoutError)
    await expect(waiting).rejects.toMatchObject({ cause, message: expect.stringContaining('the server') })
  })
})
