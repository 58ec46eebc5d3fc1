/** M1, M6, H1 and C6, of a replica that runs: what its ops port says. */
import { configRegistry } from '@ops/config'
import { metricsMetrics } from '@ops/metrics'
import { checkEnvironment } from '../config/check.ts'
import { fetchRunning } from '../config/running.ts'
import { type AuditCheck, type AuditScope, count, type Look, type Trouble } from './check.ts'

/** Shapes of values that grow with users and requests: a label of such a value grows without bound. */
const UNBOUNDED =
  /="(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[^"@\s]+@[^"@\s]+\.[a-z]+|[0-9a-f]{24,})"/i
const ANSWER_MS = 5_000
const NO_URL = 'give --url <address of an ops port>'

/** Metrics that the standard names, looked for where the declaration implies them. */
const NAMED = [
  'http_requests_total',
  'http_request_duration_seconds',
  'db_query_duration_seconds',
  'db_connections_active',
  'cache_hit_ratio',
  'worker_jobs_processed_total',
  'worker_jobs_failed_total',
]

/** The checks on a running replica. */
export const runningChecks: readonly AuditCheck[] = [
  {
    requirement: 'M1',
    phase: 1,
    question: 'Metrics stand on port 9090',
    expected: 'OPS_PORT is 9090 where nothing sets it',
    mend: 'Leave OPS_PORT as the standard settings declare it',
    look({ subject }) {
      const port = configRegistry(subject.settings).entries.find(({ name }) => name === 'OPS_PORT')?.default
      return { evidence: '`OPS_PORT`', troubles: port === '9090' ? [] : [{ place: 'OPS_PORT', found: String(port) }] }
    },
  },
  {
    requirement: 'M1',
    phase: 1,
    question: '/metrics answers Prometheus, by the names of the standard and with bounded labels',
    expected: '200 with the metrics that the declaration implies',
    mend: 'Look at what runs there: service.run() serves /metrics on OPS_PORT; record by the packages of @ops',
    look: metricsLook,
  },
  {
    requirement: 'M6',
    phase: 1,
    question: 'The replica says which version and commit it is',
    expected: `${metricsMetrics.buildInfo.name} with the version and commit of the deployment`,
    mend: 'Build with --build-arg VERSION and COMMIT, or set SERVICE_VERSION and SERVICE_COMMIT',
    look: buildLook,
  },
  {
    requirement: 'H1',
    phase: 1,
    question: 'Liveness and readiness answer apart from each other',
    expected: '200 of /livez, /readyz and /startupz',
    mend: 'A 503 of /readyz names what is down at /healthz; a 404 means that this is no ops port of @ops',
    look: probesLook,
  },
  {
    requirement: 'C6',
    phase: 1,
    question: 'The replica runs with the settings it was given',
    expected: 'every change taken, none waiting for a restart',
    mend: 'ops config show <address> says what waits; restart it, or put the value right',
    look: settingsLook,
  },
]

async function metricsLook(scope: AuditScope): Promise<Look> {
  const { url, subject } = scope
  if (url === undefined) return { unchecked: NO_URL }
  const answer = await ask(scope, '/metrics')
  const place = addressOf(url, '/metrics')
  if (answer.status !== 200) return { evidence: place, troubles: [{ place, found: answer.said }] }
  const { features = [], jobs = [] } = subject.definition
  const serves = features.length > 0 || jobs.length === 0
  const wanted = NAMED.filter((name) => subject.metrics.has(name) && (serves || !name.startsWith('http_')))
  const types = new Set([...answer.body.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name))
  const has = (name: string): boolean => types.has(name) || types.has(name.replace(/_total$/, ''))
  const series = answer.body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const loose = new Set(
    series.filter((line) => UNBOUNDED.test(line.split(' # ')[0] ?? '')).map((line) => line.split('{')[0]),
  )
  const troubles: Trouble[] = [
    ...(/^(?:text\/plain|application\/openmetrics-text)/.test(answer.type)
      ? []
      : [`content type ${answer.type || 'none'}`]),
    ...wanted.filter((name) => !has(name)).map((name) => `${name} is missing`),
    ...[...loose].map((name) => `${name} has a label that holds an identifier`),
  ].map((found) => ({ place, found }))
  return { evidence: `${place}, ${count(series.length, 'sample')}`, troubles }
}

async function buildLook(scope: AuditScope): Promise<Look> {
  if (scope.url === undefined) return { unchecked: NO_URL }
  const { status, body, said } = await ask(scope, '/metrics')
  if (status !== 200) return { unchecked: `/metrics: ${said}` }
  const { name } = metricsMetrics.buildInfo
  const [, labels] = new RegExp(`^${name}\\{([^}]*)\\}`, 'm').exec(body) ?? []
  const labelOf = (label: string): string => new RegExp(`${label}="([^"]*)"`).exec(labels ?? '')?.[1] ?? ''
  const [version, commit] = [labelOf('version'), labelOf('commit')]
  const found = [
    ...(labels === undefined ? [`no ${name}`] : []),
    ...(labels !== undefined && ['', '0.0.0'].includes(version) ? [`version is ${version || 'empty'}`] : []),
    ...(labels !== undefined && ['', 'unknown'].includes(commit) ? [`commit is ${commit || 'empty'}`] : []),
  ]
  return { evidence: `version ${version}, commit ${commit}`, troubles: found.map((each) => ({ found: each })) }
}

async function probesLook(scope: AuditScope): Promise<Look> {
  const { url } = scope
  if (url === undefined) return { unchecked: NO_URL }
  const paths = ['/livez', '/readyz', '/startupz']
  const answers = await Promise.all(paths.map((path) => ask(scope, path)))
  const troubles = answers.flatMap(({ status, said }, at) =>
    status === 200 ? [] : [{ place: addressOf(url, paths[at] ?? ''), found: said }],
  )
  return { evidence: addressOf(url, ''), troubles }
}

async function settingsLook({ url, token, subject }: AuditScope): Promise<Look> {
  if (url === undefined) return { unchecked: NO_URL }
  try {
    const environment = { name: url, running: await fetchRunning(url, token) }
    const { problems } = await checkEnvironment(subject.settings, environment, { withoutSecrets: false })
    return { evidence: url, troubles: problems.map(({ key, message }) => ({ place: key, found: message })) }
  } catch (error) {
    return { unchecked: (error as Error).message }
  }
}

interface Answer {
  /** 0 where none came. */
  readonly status: number
  readonly type: string
  readonly body: string
  /** In words. */
  readonly said: string
}

async function ask({ url = '', token }: AuditScope, path: string): Promise<Answer> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  try {
    const response = await fetch(addressOf(url, path), { headers, signal: AbortSignal.timeout(ANSWER_MS) })
    const body = await response.text()
    const type = response.headers.get('content-type') ?? ''
    const said = `${response.status}${response.ok ? '' : `: ${body.split('\n')[0]?.slice(0, 120)}`}`
    return { status: response.status, type, body, said }
  } catch (error) {
    const { name, cause } = error as { readonly name?: string; readonly cause?: { readonly code?: string } }
    const why = name === 'TimeoutError' ? `within ${ANSWER_MS} ms` : `(${cause?.code ?? name})`
    return { status: 0, type: '', body: '', said: `no answer ${why}` }
  }
}

function addressOf(url: string, path: string): string {
  return `${url.replace(/\/+$/, '')}${path}`
}
