/** Renders the probe answers; each is rendered once per change and then handed out. */
import { checkHealth, healthStatus, type ServiceIdentity, type Snapshot, unreadyReasons } from './availability.ts'

/** A ready-made response. */
export interface HealthAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What never changes while the process lives. */
export interface AnswerContext {
  readonly service: ServiceIdentity
  /** Checks by group; each group is a page under `/healthz/`. */
  readonly groups: Readonly<Record<string, readonly string[]>>
}

/** The paths that are answered. */
export function answerPaths(context: AnswerContext): string[] {
  return [
    '/livez',
    '/readyz',
    '/startupz',
    '/healthz',
    ...Object.keys(context.groups).map((name) => `/healthz/${name}`),
  ]
}

/** Finds answers for one state of things. */
export type Answers = (path: string, authorized: boolean) => HealthAnswer | undefined

/** Creates the answers for a state; `wedged` is what only the worker can see. */
export function createAnswers(context: AnswerContext, snapshot: Snapshot, wedged: boolean): Answers {
  const known = new Map<string, HealthAnswer>()
  const paths = new Set(answerPaths(context))
  return (path, authorized) => {
    if (!paths.has(path)) return undefined
    const key = authorized ? path : `${path} brief`
    let answer = known.get(key)
    if (answer === undefined) known.set(key, (answer = render(context, snapshot, { path, wedged, authorized })))
    return answer
  }
}

interface Question {
  readonly path: string
  readonly wedged: boolean
  readonly authorized: boolean
}

function render(context: AnswerContext, snapshot: Snapshot, question: Question): HealthAnswer {
  const { path, wedged, authorized } = question
  if (path === '/livez') return wedged ? text(503, 'wedged: the main thread does not answer') : text(200, 'alive')
  if (path === '/startupz') return snapshot.started ? text(200, 'started') : text(503, 'starting')
  if (path === '/readyz') return readiness(snapshot, wedged, authorized)
  return humanView(context, snapshot, question)
}

/** Names of dependencies are for those who may know them: they see a line a check, after the verdict. */
function readiness(snapshot: Snapshot, wedged: boolean, authorized: boolean): HealthAnswer {
  const reasons = unreadyReasons(snapshot, wedged)
  const status = reasons.length === 0 ? 200 : 503
  const brief = new Set(reasons.map((reason) => reason.replace(/^check .*/, 'check')))
  const verdict = status === 200 ? 'ready' : `not ready: ${[...(authorized ? reasons : brief)].join(', ')}`
  const lines = authorized ? snapshot.checks.map(describeCheck) : []
  return text(status, [verdict, ...lines].join('\n'))
}

function describeCheck({ name, scope, status, gates }: Snapshot['checks'][number]): string {
  return `${name} ${status} (${scope}, ${gates ? 'gates' : 'degrades'})`
}

function text(status: number, body: string): HealthAnswer {
  return {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: `${body}\n`,
  }
}

/** The health+json draft's fields. */
function humanView(context: AnswerContext, snapshot: Snapshot, question: Question): HealthAnswer {
  const { path, wedged, authorized } = question
  const names = path === '/healthz' ? undefined : context.groups[path.slice('/healthz/'.length)]
  const status = healthStatus(snapshot, wedged, names)
  const detail = authorized ? details(context, snapshot, wedged, names) : {}
  return {
    status: status === 'fail' ? 503 : 200,
    headers: { 'content-type': 'application/health+json', 'cache-control': 'no-store' },
    body: JSON.stringify({ status, ...detail }),
  }
}

function details(context: AnswerContext, snapshot: Snapshot, wedged: boolean, names?: readonly string[]): object {
  const { service } = context
  const checks = names === undefined ? snapshot.checks : snapshot.checks.filter((check) => names.includes(check.name))
  return {
    ...(service.name === undefined ? {} : { serviceId: service.name }),
    ...(service.version === undefined ? {} : { version: service.version }),
    ...(service.commit === undefined ? {} : { releaseId: service.commit }),
    notes: unreadyReasons(snapshot, wedged),
    checks: Object.fromEntries(
      checks.map((check) => [
        check.name,
        [
          {
            componentType: check.scope,
            status: checkHealth(check),
            outcome: check.outcome ?? 'unknown',
            observedValue: check.durationMs,
            observedUnit: 'ms',
            time: check.time,
            output: check.message,
          },
        ],
      ]),
    ),
  }
}
