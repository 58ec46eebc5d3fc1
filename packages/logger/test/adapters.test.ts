import fastify from 'fastify'
import type { Logger as PinoLogger } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createNestLogger } from '../src/index.ts'
import { captureLogs } from '../src/testing/index.ts'

describe('logger.pino', () => {
  test('is a pino logger whose lines take our path when libraries use it', () => {
    const { logger, records } = captureLogs()
    const pino: PinoLogger = logger.pino

    pino.info({ a: 1, password: 'x' }, 'hello %s', 'ann')
    pino.error(new Error('boom'))
    pino.child({ reqId: 1 }).child({ token: 'y' }).warn('child')
    pino.trace('finest')

    expect(records()).toMatchObject([
      { level: 'info', message: 'hello ann', service: 'test', context: { a: 1, password: '[Redacted]' } },
      { level: 'error', message: 'boom', error: { type: 'Error' } },
      { level: 'warn', message: 'child', context: { reqId: 1, token: '[Redacted]' } },
      { level: 'debug', message: 'finest' },
    ])
  })

  test('follows and sets our level', () => {
    const { logger, records } = captureLogs({ level: 'warn' })
    const child = logger.pino.child({ component: 'db' })

    child.info('no')
    expect([logger.pino.level, child.level, child.isLevelEnabled('info')]).toEqual(['warn', 'warn', false])
    logger.pino.level = 'info'
    child.info('yes')

    expect(logger.level).toBe('info')
    expect(records().map(({ message }) => message)).toEqual(['log level changed', 'yes'])
  })

  test('keeps bindings and serializers of children when libraries give them', () => {
    const { logger, records } = captureLogs()
    const child = logger.pino.child({ a: 1 }, { serializers: { req: (req: { id: number }) => ({ id: req.id }) } })
    child.setBindings({ b: 2 })

    child.info({ req: { id: 7, socket: {} } }, 'm')
    child.child({ req: { id: 8 } }).info('m')

    expect(child.bindings()).toEqual({ a: 1, b: 2 })
    expect(records().map(({ context }) => context)).toEqual([
      { a: 1, b: 2, req: { id: 7 } },
      { a: 1, b: 2, req: { id: 8 } },
    ])
  })

  test("serves as Fastify's loggerInstance", async () => {
    const { logger, records, lines } = captureLogs()
    const app = fastify({ loggerInstance: logger.pino })
    onTestFinished(() => app.close())
    app.get('/', (request) => {
      request.log.info({ password: 'hunter2' }, 'in handler')
      return 'ok'
    })
    app.get('/fail', () => {
      throw new Error('token=hunter2')
    })

    await app.inject({ url: '/?token=hunter2', headers: { authorization: 'Bearer hunter2', cookie: 'sid=hunter2' } })
    await app.inject('/fail')

    expect(lines.join('')).not.toContain('hunter2')
    const inHandler = records().find(({ message }) => message === 'in handler')
    expect(inHandler?.context).toMatchObject({ reqId: 'req-1', password: '[Redacted]' })
    expect(records().find(({ level }) => level === 'error')?.error).toMatchObject({ message: 'token=[Redacted]' })
    expect(records().some(({ message }) => message === 'request completed')).toBe(true)
  })
})

describe('createNestLogger()', () => {
  test("maps Nest's calls to ours when given contexts, stacks, objects and errors", () => {
    const { logger, records } = captureLogs()
    const nest = createNestLogger(logger)

    nest.log('started', 'NestFactory')
    nest.error('failed password=hunter2', 'Error: x\n    at f (/app/a.js:1:2)', 'OrdersService')
    nest.warn({ order_id: 1 }, 'OrdersService')
    nest.debug('plain')
    nest.verbose('very', 'Router')
    nest.fatal(new Error('dead'), 'Main')
    nest.log('text', { a: 1 }, 'Ctx')

    expect(records()).toMatchObject([
      { level: 'info', message: 'started', context: { component: 'NestFactory' } },
      {
        level: 'error',
        message: 'failed password=[Redacted]',
        error: { stack: 'Error: x\n    at f (/app/a.js:1:2)' },
        context: { component: 'OrdersService' },
      },
      { level: 'warn', context: { component: 'OrdersService', order_id: 1 } },
      { level: 'debug', message: 'plain' },
      { level: 'debug', message: 'very', context: { component: 'Router' } },
      { level: 'fatal', message: 'dead', context: { component: 'Main' } },
      { level: 'info', message: 'text', context: { a: 1, component: 'Ctx' } },
    ])
  })

  test('setLogLevels() sets the least of the levels when Nest names several', () => {
    const { logger } = captureLogs()
    const nest = createNestLogger(logger)

    nest.setLogLevels(['error', 'warn'])
    expect(logger.level).toBe('warn')
    nest.setLogLevels(['log', 'verbose', 'error'])
    expect(logger.level).toBe('debug')
  })

  test('stays bounded when contexts never repeat', () => {
    const { logger, records } = captureLogs()
    const nest = createNestLogger(logger)

    for (let i = 0; i < 1200; i++) nest.log('m', `Context${i}`)

    expect(records()).toHaveLength(1200)
  })
})
