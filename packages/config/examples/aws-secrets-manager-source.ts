/** A secret source for AWS Secrets Manager: copy it; it signs with Signature Version 4 itself and needs nothing but `fetch`. */
import { createHash, createHmac } from 'node:crypto'
import type { SecretSource, SecretVersions } from '@ops/config'
import { type Clock, systemClock } from '@ops/core'

/** Keys that sign requests. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** Which secret, and how to reach it. */
export interface AwsSecretsManagerSourceOptions {
  readonly region: string
  /** Name or ARN of a secret whose value is a JSON object of environment names. */
  readonly secretId: string
  /** Asked for at each request, so that roles may renew them. */
  readonly credentials: () => AwsCredentials | Promise<AwsCredentials>
  /** @defaultValue the region's public endpoint */
  readonly endpoint?: string
  /** Milliseconds between two looks for a new version. @defaultValue 60_000 */
  readonly pollMs?: number
  /** @defaultValue the system's */
  readonly clock?: Clock
}

/** The service's answer was not one; carries its status and error type, nothing of the value. */
class AwsError extends Error {
  readonly code: string

  constructor(status: number, type: string | undefined) {
    super(`Cannot read AWS Secrets Manager: status ${status}, expected 200`)
    this.code = type?.replace(/([a-z])([A-Z])/g, '$1_$2').toUpperCase() ?? `HTTP_${status}`
  }
}

/** `AWSCURRENT` becomes `current`; `AWSPREVIOUS`, where there is one, `previous`. @see https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
export function createAwsSecretsManagerSource(options: AwsSecretsManagerSourceOptions): SecretSource {
  const { region, secretId, credentials, pollMs = 60_000, clock = systemClock } = options
  const endpoint = new URL(options.endpoint ?? `https://secretsmanager.${region}.amazonaws.com`)
  const read = async (VersionStage: string, signal: AbortSignal): Promise<Record<string, string> | undefined> => {
    const body = JSON.stringify({ SecretId: secretId, VersionStage })
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' }
    const request = {
      method: 'POST',
      url: endpoint,
      headers,
      body,
      region,
      service: 'secretsmanager',
      date: new Date(clock.now()),
    }
    const response = await fetch(endpoint, {
      method: 'POST',
      body,
      signal,
      headers: signRequest(request, await credentials()),
    })
    const answer = (await response.json()) as { SecretString?: string; __type?: string }
    const type = answer.__type?.split('#').at(-1)
    if (response.status === 400 && type === 'ResourceNotFoundException' && VersionStage === 'AWSPREVIOUS')
      return undefined
    if (response.status !== 200 || answer.SecretString === undefined) throw new AwsError(response.status, type)
    return JSON.parse(answer.SecretString)
  }
  return {
    name: 'aws-secrets-manager',
    async load(signal) {
      const [now, before] = await Promise.all([read('AWSCURRENT', signal), read('AWSPREVIOUS', signal)])
      return Object.fromEntries(
        Object.entries(now ?? {}).map(([key, current]): [string, SecretVersions] => {
          const old = before?.[key]
          return [key, old === undefined || old === current ? { current } : { current, previous: old }]
        }),
      )
    },
    watch(changed) {
      const timer = clock.setInterval(changed, pollMs)
      return () => timer.cancel()
    },
  }
}

/** What is signed. */
export interface SignableRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly region: string
  readonly service: string
  readonly date: Date
}

/** The headers with `authorization`. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html */
export function signRequest(request: SignableRequest, credentials: AwsCredentials): Record<string, string> {
  const { method, url, body, region, service, date } = request
  const time = date.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const day = time.slice(0, 8)
  const token = credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }
  const headers: Record<string, string> = { ...request.headers, ...token, host: url.host, 'x-amz-date': time }
  const names = Object.keys(headers).sort()
  const canonical = [
    method,
    url.pathname,
    url.searchParams.toString(),
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    sha256(body),
  ].join('\n')
  const scope = `${day}/${region}/${service}/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(hmac, `AWS4${credentials.secretAccessKey}`)
  const signature = hmac(key, toSign).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
