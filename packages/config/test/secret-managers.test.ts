/** The example sources against a stand-in that speaks Vault's and AWS's wire formats over real HTTP. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Config, defineConfig, loadConfig, secret } from '@ops/config'
import { createTestClock, recordLogs, waitFor } from '@ops/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createAwsSecretsManagerSource, signRequest } from '../examples/aws-secrets-manager-source.ts'
import { createVaultSource } from '../examples/vault-source.ts'
import { CANARY, expectNoCanary, logText, outputsOf, renderings } from './canary.ts'

const settings = defineConfig({
  DATABASE_PASSWORD: secret(z.string().min(8), 'Database password', { reload: 'live', overlap: '10m' }),
  API_TOKEN: secret(z.string().min(8), 'API token', { reload: 'live' }),
})
const KEYS = ['DATABASE_PASSWORD', 'API_TOKEN'] as const

let stop: (() => Promise<unknown>) | undefined
afterEach(() => stop?.())

async function serve(
  answer: (request: IncomingMessage, body: string) => { status: number; body: unknown },
): Promise<string> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { status, body } = answer(request, Buffer.concat(chunks).toString())
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stop = () =>
    new Promise((resolve) => {
      server.closeAllConnections()
      server.close(resolve)
    })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Versions of one secret, newest last, and whether the manager is sealed. */
interface Manager {
  readonly versions: Record<string, string>[]
  isDown: boolean
}

const first = { DATABASE_PASSWORD: `${CANARY}-1`, API_TOKEN: `${CANARY}-token` }
const second = { ...first, DATABASE_PASSWORD: `${CANARY}-2` }

async function vault(manager: Manager) {
  const address = await serve((request) => {
    const url = new URL(request.url ?? '', 'http://stand-in')
    if (request.headers['x-vault-token'] !== 'agent-token')
      return { status: 403, body: { errors: ['permission denied'] } }
    if (manager.isDown) return { status: 503, body: { errors: [`Vault is sealed ${CANARY}`] } }
    const version = Number(url.searchParams.get('version') ?? manager.versions.length)
    const data = manager.versions[version - 1]
    if (url.pathname !== '/v1/secret/data/orders' || data === undefined) return { status: 404, body: { errors: [] } }
    return {
      status: 200,
      body: {
        request_id: 'r',
        lease_id: '',
        renewable: false,
        lease_duration: 0,
        data: { data, metadata: { version, destroyed: false } },
        wrap_info: null,
        warnings: null,
        auth: null,
      },
    }
  })
  return (clock = createTestClock()) =>
    createVaultSource({ address, token: () => 'agent-token', path: 'orders', clock })
}

async function aws(manager: Manager) {
  const endpoint = await serve((request, body) => {
    const { SecretId, VersionStage } = JSON.parse(body)
    if (
      request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue' ||
      request.headers['content-type'] !== 'application/x-amz-json-1.1'
    ) {
      return { status: 400, body: { __type: 'UnknownOperationException' } }
    }
    if (!isSignedBy(request, body)) return { status: 403, body: { __type: 'com.amazon#InvalidSignatureException' } }
    if (manager.isDown) return { status: 500, body: { __type: 'InternalServiceError', message: CANARY } }
    const data = manager.versions.at(VersionStage === 'AWSCURRENT' ? -1 : -2)
    if (
      SecretId !== 'orders/production' ||
      data === undefined ||
      (VersionStage === 'AWSPREVIOUS' && manager.versions.length < 2)
    ) {
      return {
        status: 400,
        body: { __type: 'ResourceNotFoundException', Message: "Secrets Manager can't find the specified secret." },
      }
    }
    return {
      status: 200,
      body: {
        ARN: 'arn:aws:x',
        Name: SecretId,
        VersionId: 'v',
        VersionStages: [VersionStage],
        SecretString: JSON.stringify(data),
        CreatedDate: 1,
      },
    }
  })
  return (clock = createTestClock()) =>
    createAwsSecretsManagerSource({
      region: 'eu-west-1',
      secretId: 'orders/production',
      endpoint,
      clock,
      credentials: () => credentials,
    })
}

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  sessionToken: 'session',
}

/** Signs again what came over the wire. */
function isSignedBy(request: IncomingMessage, body: string): boolean {
  const time = String(request.headers['x-amz-date'])
  const date = new Date(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  const headers = {
    'content-type': String(request.headers['content-type']),
    'x-amz-target': String(request.headers['x-amz-target']),
  }
  const url = new URL(request.url ?? '', `http://${request.headers.host}`)
  const signed = signRequest(
    { method: 'POST', url, headers, body, region: 'eu-west-1', service: 'secretsmanager', date },
    credentials,
  )
  return (
    signed['authorization'] === request.headers['authorization'] &&
    request.headers['x-amz-security-token'] === 'session'
  )
}

describe.each([
  ['createVaultSource()', vault, 'HTTP_503'],
  ['createAwsSecretsManagerSource()', aws, 'INTERNAL_SERVICE_ERROR'],
])('%s', (_, standIn, code) => {
  test('loads all secrets, and hands both values when one was rotated', async () => {
    const manager: Manager = { versions: [first], isDown: false }
    const config = await loadConfig(settings, { env: {}, sources: [(await standIn(manager))()] })
    const handed: string[][] = []
    config.onChange(
      [...KEYS],
      ({ before, after }) =>
        void handed.push([
          before.DATABASE_PASSWORD.reveal(),
          after.DATABASE_PASSWORD.reveal(),
          `${after.DATABASE_PASSWORD.previous?.reveal()}`,
        ]),
    )
    const token = config.current.API_TOKEN
    expect(config.current.DATABASE_PASSWORD.reveal()).toBe(first.DATABASE_PASSWORD)
    expect(config.current.DATABASE_PASSWORD.previous).toBeUndefined()

    manager.versions.push(second)
    expect((await config.reload()).keys).toEqual(['DATABASE_PASSWORD'])

    expect(handed).toEqual([[first.DATABASE_PASSWORD, second.DATABASE_PASSWORD, first.DATABASE_PASSWORD]])
    expect(config.current.API_TOKEN).toBe(token)
    expectNoCanary(outputsOf(settings, config as Config))
  })

  test('is one problem at start, without a word of the answer, when the manager is down', async () => {
    const manager: Manager = { versions: [first], isDown: true }

    const failure = await loadConfig(settings, { env: {}, sources: [(await standIn(manager))()] }).catch(
      (error: Error) => error,
    )

    expect((failure as Error).message).toContain(`cannot be loaded (${code}), expected its secrets`)
    expectNoCanary(renderings(failure))
  })

  test('keeps its last values through an outage, while the rest of the configuration goes on, and catches up by its own poll', async () => {
    const manager: Manager = { versions: [first], isDown: false }
    const clock = createTestClock()
    const { logger, records } = recordLogs()
    const config = await loadConfig(settings, {
      env: {},
      sources: [(await standIn(manager))(clock)],
      clock,
      logger,
      watch: true,
    })
    await clock.advance(100)

    manager.isDown = true
    await clock.advance(61_000)
    await waitFor(() => config.status().lastReload.result === 'failure')
    expect(config.current.DATABASE_PASSWORD.reveal()).toBe(first.DATABASE_PASSWORD)
    expectNoCanary(logText(records), renderings(config.status()))

    manager.isDown = false
    manager.versions.push(second)
    await clock.advance(61_000)
    await waitFor(() => config.current.DATABASE_PASSWORD.reveal() === second.DATABASE_PASSWORD)
    await config.close()
  })
})

test('signRequest() gives the signature of the published test suite (get-vanilla)', () => {
  const { authorization } = signRequest(
    {
      method: 'GET',
      url: new URL('https://example.amazonaws.com/'),
      headers: {},
      body: '',
      region: 'us-east-1',
      service: 'service',
      date: new Date('2015-08-30T12:36:00Z'),
    },
    { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' },
  )

  expect(authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  )
})
