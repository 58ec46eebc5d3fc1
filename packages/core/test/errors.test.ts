import { isOpsError, OpsError, TenantRequiredError } from '@ops/core'
import { expect, test } from 'vitest'
import { importCopy } from './import-copy.ts'

test('new OpsError() carries code, cause and details when they are given', () => {
  const cause = new Error('underneath')

  const error = new OpsError('Cannot do it: no', { code: 'OPS_X_NO', cause, details: { at: 1 }, expected: true })

  expect(error).toMatchObject({ name: 'OpsError', message: 'Cannot do it: no', code: 'OPS_X_NO', expected: true })
  expect(error.cause).toBe(cause)
  expect(error.details).toEqual({ at: 1 })
})

test('new OpsError() has no cause of its own and empty details when none are given', () => {
  const error = new OpsError('Cannot do it: no', { code: 'OPS_X_NO' })

  expect('cause' in error).toBe(false)
  expect(error).toMatchObject({ details: {}, expected: false })
})

test('isOpsError() asks for the code when one is given', () => {
  const error = new OpsError('Cannot do it: no', { code: 'OPS_X_NO' })

  expect(isOpsError(error)).toBe(true)
  expect(isOpsError(error, 'OPS_X_NO')).toBe(true)
  expect(isOpsError(error, 'OPS_X_YES')).toBe(false)
})

test.each([undefined, null, 'OPS_X_NO', {}, new Error('x'), { code: 'OPS_X_NO', name: 'OpsError' }])(
  'isOpsError() is false when given %s',
  (given) => {
    expect(isOpsError(given)).toBe(false)
  },
)

test('isOpsError() recognises an error when another copy of the package made it', async () => {
  const copy = await importCopy()

  const foreign = new copy.TenantRequiredError('read orders')

  expect(foreign).not.toBeInstanceOf(OpsError)
  expect(isOpsError(foreign, 'OPS_TENANT_REQUIRED')).toBe(true)
  expect(copy.isOpsError(new TenantRequiredError('read orders'), 'OPS_TENANT_REQUIRED')).toBe(true)
})

test('new OpsError() keeps its brand out of sight when it is listed or serialised', () => {
  const error = new OpsError('Cannot do it: no', { code: 'OPS_X_NO' })

  expect(Object.getOwnPropertySymbols({ ...error })).toEqual([])
  expect(Object.keys(error).sort()).toEqual(['code', 'details', 'expected', 'name'])
})
