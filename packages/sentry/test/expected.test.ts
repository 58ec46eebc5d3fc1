import { OpsError } from '@ops/core'
import { describe, expect, test } from 'vitest'
import { isExpectedError } from '../src/index.ts'

const withFields = (fields: object) => Object.assign(new Error('x'), fields)

describe('isExpectedError()', () => {
  test.each<[string, unknown]>([
    ['an OpsError marked expected', new OpsError('x', { code: 'OPS_A_B', expected: true })],
    ['a Fastify or http-errors 404', withFields({ statusCode: 404, status: 404, expose: true })],
    ['a NestJS 400', withFields({ status: 400, response: 'bad request' })],
    ['a Boom 422', withFields({ isBoom: true, output: { statusCode: 422 } })],
  ])('is true for %s', (_name, error) => {
    expect(isExpectedError(error)).toBe(true)
  })

  test.each<[string, unknown]>([
    ['a plain error', new Error('x')],
    ['an OpsError', new OpsError('x', { code: 'OPS_A_B' })],
    [
      'an OpsError with a 4xx status of somebody else',
      Object.assign(new OpsError('x', { code: 'OPS_A_B' }), { status: 404 }),
    ],
    ['a 500', withFields({ statusCode: 500 })],
    ['an axios error of an outgoing call', withFields({ isAxiosError: true, status: 404 })],
    ['an undici error of an outgoing call', withFields({ statusCode: 404, body: '', headers: {} })],
    ['a status of text', withFields({ status: '404' })],
    ['text', 'not found'],
    ['nothing', undefined],
  ])('is false for %s', (_name, error) => {
    expect(isExpectedError(error)).toBe(false)
  })
})
