import { writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { createContext, runInContext } from '@ops/core'
import { captureLogs } from '@ops/logger/testing'
import { freePort } from '@ops/testing'
import { describe, expect, test } from 'vitest'
import { openEnvironment } from '../src/config/environment.ts'
import { createSubject } from '../src/subject.ts'
import { audited, foundIn, projectWith, stateOf, verdictsOf } from './audit.fixture.ts'
import { environmentFile, opsPort } from './environments.ts'
import { scratchFolder } from './run-command.ts'
import service from './service.fixture.ts'

const TRACE = 'a'.repeat(32)
const SPAN = 'b'.repeat(16)
const LINE = {
  timestamp: '2026-01-02T03:04:05.678Z',
  level: 'info',
  service: 'shop',
  version: '1.2.3',
  message: 'order placed',
  trace_id: TRACE,
  span_id: SPAN,
  request_id: 'r-1',
  context: { order_id: 'o-1' },
}

/** What an audit says of these lines. */
async function ofLines(...lines: readonly (object | string)[]): Promise<Awaited<ReturnType<typeof verdictsOf>>> {
  const file = join(await scratchFolder(), 'lines.log')
  await writeFile(file, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'))
  const verdicts = await verdictsOf(await projectWith(), { logs: [file] })
  return JSON.parse(JSON.stringify(verdicts).replaceAll(`${file}:`, 'line '))
}

describe('log lines', () => {
  test('audit finds nothing in what @ops/logger writes, whatever it was given', async () => {
    const { logger, lines } = captureLogs({ service: 'shop', version: '1.2.3', env: 'test' })
    const context = createContext({ requestId: 'r-1', tenant: 'acme', userId: 'u-1' })
    runInContext(context, () => {
      logger.info({ password: 'hunter2', email: 'jane.doe@shop.io', phone: '+1 555 123 4567' }, 'signed in')
      logger.warn({ card: '4111 1111 1111 1111', nested: { api_key: 'k'.repeat(40) } }, 'for jane.doe@shop.io')
      logger.error(new Error('no answer from postgres://shop:hunter2@db.internal/shop'), 'failed')
    })

    const verdicts = await ofLines(...lines.map((line) => line.trim()))

    expect(lines).toHaveLength(3)
    expect(['L1', 'L3', 'L4'].flatMap((id) => foundIn(verdicts, id))).toEqual([])
    expect(stateOf(verdicts, /No line shows/)).toBe('met')
  })

  test.each([
    [{ ...LINE, timestamp: '2026-01-02' }, 'timestamp is missing or no ISO-8601 with milliseconds'],
    [{ ...LINE, level: 'loud' }, 'level is missing or none of the standard'],
    [{ ...LINE, service: 'other' }, 'service is not shop'],
    [{ ...LINE, message: undefined }, 'message is missing or no text'],
    [{ ...LINE, context: 'text' }, 'context is no object'],
    [{ ...LINE, error: 'text' }, 'error is not { type, message, stack }'],
    [{ ...LINE, tenant: 5 }, 'tenant is no text'],
    [{ ...LINE, order: 'o-1' }, 'order stands outside of context'],
    ['listening on 3000', 'a line that is no JSON object'],
  ])('audit finds under L1 what %j lacks', async (line, problem) => {
    expect(foundIn(await ofLines(LINE, line), 'L1')).toEqual([`line 2: ${problem}`])
  })

  test('audit tells a problem once, with how often it is there', async () => {
    const plain = { ...LINE, level: 'loud' }

    expect(foundIn(await ofLines(plain, plain, plain), 'L1')).toEqual([
      'line 1: level is missing or none of the standard (3 lines)',
    ])
  })

  test.each([
    [{ ...LINE, trace_id: undefined }, 'request_id without a trace_id'],
    [{ ...LINE, trace_id: 'abc' }, 'trace_id is not 32 hex digits'],
    [{ ...LINE, span_id: 'abc' }, 'span_id is not 16 hex digits'],
  ])('audit finds under L3 that %j is not tied to its trace', async (line, problem) => {
    expect(foundIn(await ofLines(LINE, line), 'L3')).toEqual([`line 2: ${problem}`])
  })

  test('audit finds under L3 that no line has a trace', async () => {
    const { trace_id, span_id, request_id, ...bare } = LINE

    expect([trace_id, span_id, request_id]).not.toContain(undefined)
    expect(foundIn(await ofLines(bare), 'L3')).toEqual(['no line has a trace_id'])
  })

  test.each([
    ['context.password', { ...LINE, context: { password: 'hunter2' } }],
    ['context.note', { ...LINE, context: { note: 'card 4111 1111 1111 1111' } }],
    ['message', { ...LINE, message: 'mail to jane.doe@shop.io' }],
    ['context.user.email', { ...LINE, context: { user: { email: 'jane.doe@shop.io' } } }],
    ['error.message', { ...LINE, error: { type: 'E', message: 'Bearer abcdefghijklmnop123456', stack: '' } }],
  ])('audit finds under L4 what is to be masked at %s, and does not show it', async (path, line) => {
    const verdicts = await ofLines(line)

    expect(foundIn(verdicts, 'L4')).toEqual([`line 1: text that is to be masked at ${path}`])
    expect(JSON.stringify(verdicts)).not.toMatch(/hunter2|4111|jane|abcdefghijkl/)
  })

  test('audit leaves the audit stream its names, and does not judge a file without lines', async () => {
    const names = { ...LINE, stream: 'audit', context: { full_name: 'Jane Doe' } }

    expect(foundIn(await ofLines(names), 'L4')).toEqual([])
    expect(stateOf(await ofLines(''), /No line shows/)).toBe('not checked')
  })
})

const METRICS = `# TYPE build_info gauge
build_info{version="1.2.3",commit="abc1234"} 1
# TYPE http_requests_total counter
http_requests_total{method="GET",route="/orders",status="200"} 3
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.5"} 3
# TYPE db_query_duration_seconds histogram
# TYPE db_connections_active gauge
# TYPE cache_hit_ratio gauge
# TYPE worker_jobs_processed_total counter
# TYPE worker_jobs_failed_total counter
`

/** An ops port; `pages` replace what it answers. */
async function replica(pages: Readonly<Record<string, readonly [status: number, body: string]>> = {}): Promise<string> {
  const usual = {
    '/metrics': [200, METRICS],
    '/livez': [200, 'alive'],
    '/readyz': [200, 'ready'],
    '/startupz': [200, ''],
  }
  const all = { ...usual, ...pages } as unknown as Readonly<Record<string, readonly [number, string]>>
  return opsPort((response: ServerResponse) => {
    const [status, body] = all[response.req.url ?? ''] ?? [404, 'no such page']
    response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4' }).end(body)
  })
}

async function ofReplica(...pages: Parameters<typeof replica>): Promise<Awaited<ReturnType<typeof verdictsOf>>> {
  const url = await replica(...pages)
  const verdicts = await verdictsOf(await projectWith(), { url })
  return JSON.parse(JSON.stringify(verdicts).replaceAll(url, ''))
}

describe('a replica', () => {
  test('audit finds nothing on an ops port that answers rightly', async () => {
    const verdicts = await ofReplica()

    expect(['M1', 'M6', 'H1'].flatMap((id) => foundIn(verdicts, id))).toEqual([])
    expect(stateOf(verdicts, /Liveness and readiness answer/)).toBe('met')
    expect(stateOf(verdicts, /runs with the settings/)).toBe('not checked')
  })

  test.each([
    ['M1', { '/metrics': [500, 'broken'] }, '/metrics: 500: broken'],
    ['M1', { '/metrics': [200, METRICS.replace(/.*cache_hit_ratio.*\n/, '')] }, '/metrics: cache_hit_ratio is missing'],
    [
      'M1',
      { '/metrics': [200, `${METRICS}orders_total{user="jane@shop.io"} 1\n`] },
      '/metrics: orders_total has a label that holds an identifier',
    ],
    [
      'M1',
      { '/metrics': [200, `${METRICS}orders_total{id="6f1c1f0e-0000-4000-8000-000000000000"} 1\n`] },
      '/metrics: orders_total has a label that holds an identifier',
    ],
    ['M6', { '/metrics': [200, METRICS.replace('1.2.3', '0.0.0')] }, 'version is 0.0.0'],
    ['M6', { '/metrics': [200, METRICS.replace('abc1234', 'unknown')] }, 'commit is unknown'],
    ['M6', { '/metrics': [200, METRICS.replace(/build_info\{.*\n/, '')] }, 'no build_info'],
    ['H1', { '/livez': [404, 'no such page'] }, '/livez: 404: no such page'],
    ['H1', { '/readyz': [503, 'not ready'] }, '/readyz: 503: not ready'],
  ] as const)('audit finds under %s what the ops port answers wrongly', async (requirement, pages, problem) => {
    expect(foundIn(await ofReplica(pages as never), requirement)).toEqual([problem])
  })

  test('audit finds under H1 and M1 that nothing answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`

    const verdicts = await verdictsOf(await projectWith(), { url })

    expect(foundIn(verdicts, 'M1')).toEqual([`${url}/metrics: no answer (ECONNREFUSED)`])
    expect(foundIn(verdicts, 'H1')).toHaveLength(3)
  })

  test('audit finds under M1 that the declaration moves the ops port', async () => {
    const subject = await createSubject(service.definition, audited)
    const moved = { ...subject, settings: { ...subject.settings, OPS_PORT: subject.settings['PORT'] as never } }

    expect(foundIn(await verdictsOf(await projectWith(), { subject: moved }), 'M1')).toEqual(['OPS_PORT: 3000'])
  })
})

describe('C7', () => {
  const open = async (text: string) =>
    openEnvironment(await environmentFile('of.env', text), { file: [], mount: [], ignore: [], env: {} })
  const SHARED = 'PUBLIC_URL=https://shop.example.com\nDATABASE_URL=postgres://u:p@h/db\n'

  test('audit finds what differs between staging and production without a reason', async () => {
    const environments = [await open(`${SHARED}LOG_LEVEL=debug\n`), await open(`${SHARED}LOG_LEVEL=info\n`)] as const

    const verdicts = await verdictsOf(await projectWith(), { environments })

    expect(foundIn(verdicts, 'C7')).toEqual(['LOG_LEVEL: debug and info'])
  })

  test('audit finds nothing between two that differ in secrets only', async () => {
    const other = SHARED.replace('u:p', 'u:q')
    const environments = [await open(SHARED), await open(other)] as const

    const verdicts = await verdictsOf(await projectWith(), { environments })

    expect(foundIn(verdicts, 'C7')).toEqual([])
    expect(stateOf(verdicts, /Staging and production/)).toBe('met')
  })
})
