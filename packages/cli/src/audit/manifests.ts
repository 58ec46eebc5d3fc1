/** H2, H3, H4 and D2, on every workload of Kubernetes in the project, whoever wrote it. */
import { configRegistry } from '@ops/config'
import { drainProblems, LIFECYCLE_DEFAULTS } from '@ops/health'
import { parseAllDocuments } from 'yaml'
import type { Subject } from '../subject.ts'
import { type AuditCheck, type AuditScope, count, type Look, type Trouble } from './check.ts'
import { pipelinesOf } from './images.ts'
import type { Project } from './project.ts'

/** Parsed YAML: any part may be missing. */
interface Part {
  readonly [key: string]: Part | undefined
}
interface Workload {
  readonly place: string
  readonly manifest: Part
  readonly pod: Part
  readonly containers: readonly Part[]
}

const WORKLOADS = ['Deployment', 'StatefulSet', 'Rollout']
const DEFAULT_GRACE_SECONDS = 30
const LONGEST_ROLLOUT_SECONDS = 300
const TAGS = ['project', 'owner', 'env', 'cost-center']

/** The checks on manifests. */
export const manifestChecks: readonly AuditCheck[] = [
  {
    requirement: 'H2',
    phase: 1,
    question: 'Kubernetes restarts by liveness and routes by readiness',
    expected: 'a livenessProbe and a readinessProbe that ask different things',
    mend: 'Probe /livez and /readyz of the ops port, as ops deploy does',
    look: (scope) => ofWorkloads(scope, probeTroubles),
  },
  {
    requirement: 'H3',
    phase: 1,
    question: 'A pod is given the time to drain before it is killed',
    expected: 'terminationGracePeriodSeconds above preStop and the longest stop',
    mend: 'Raise terminationGracePeriodSeconds, or lower DRAIN_DEADLINE_MS',
    look: (scope) => ofWorkloads(scope, (workload) => graceTroubles(workload, scope.subject)),
  },
  {
    requirement: 'D2',
    phase: 1,
    topic: 'workload',
    question: 'Workloads are bounded, run as nobody, and carry the cost tags',
    expected: 'requests and limits of CPU and memory, runAsNonRoot, a pinned image, and the cost tags',
    mend: 'Declare operations.deploy and apply what ops generate makes, or change the manifest',
    look: (scope) => ofWorkloads(scope, boundTroubles),
  },
  {
    requirement: 'H4',
    phase: 2,
    question: 'A rollout whose pods do not become healthy ends within 5 minutes',
    expected: `progressDeadlineSeconds of at most ${LONGEST_ROLLOUT_SECONDS}`,
    mend: 'Set progressDeadlineSeconds: 300, and let the pipeline undo what misses it',
    look: (scope) => ofWorkloads(scope, deadlineTroubles),
  },
  {
    requirement: 'H4',
    phase: 2,
    topic: 'canary',
    question: 'A canary is judged by its errors, and not by a lack of traffic',
    expected: 'a Rollout with an analysis whose conditions hold for no NaN and no empty result',
    mend: 'Declare operations.deploy.canary; in an analysis of your own begin conditions with len(result) > 0 && !isNaN(result[0])',
    look: canaryLook,
  },
  {
    requirement: 'H4',
    phase: 2,
    question: 'A smoke suite runs after every rollout',
    expected: 'ops smoke, or a suite of your own, in the pipeline',
    mend: 'Add after the rollout: npx ops smoke "$URL" --ops-url "$OPS_URL" --expect "$VERSION"',
    look({ project }) {
      const files = pipelinesOf(project)
      if (files.length === 0) return { unchecked: 'no pipeline here' }
      const smokes = files.some((path) => /\bsmoke\b/i.test(project.read(path) ?? ''))
      return { evidence: files.join(', '), troubles: smokes ? [] : [{ found: 'no pipeline speaks of a smoke suite' }] }
    },
  },
]

function ofWorkloads(
  { project }: AuditScope,
  troublesOf: (workload: Workload) => readonly Omit<Trouble, 'place'>[],
): Look {
  const workloads = workloadsOf(project)
  if (workloads.length === 0) return { unchecked: 'no workload of Kubernetes here' }
  const troubles = workloads.flatMap((workload) =>
    troublesOf(workload).map((trouble) => ({ ...trouble, place: workload.place })),
  )
  return { evidence: count(workloads.length, 'workload'), troubles }
}

/** Workloads with a pod of their own; a Rollout that refers to a Deployment is judged by that. */
function workloadsOf(project: Project): readonly Workload[] {
  return manifestsOf(project).flatMap(({ place, manifest }) => {
    const pod = manifest['spec']?.['template']?.['spec']
    const containers = pod?.['containers'] as unknown as readonly Part[] | undefined
    if (!WORKLOADS.includes(String(manifest['kind'])) || pod === undefined || !Array.isArray(containers)) return []
    return [{ place, manifest, pod, containers }]
  })
}

const parsed = new WeakMap<Project, readonly { readonly place: string; readonly manifest: Part }[]>()

/** Templates are passed over: what they become is not to be seen here. */
function manifestsOf(project: Project): readonly { readonly place: string; readonly manifest: Part }[] {
  const known = parsed.get(project)
  if (known !== undefined) return known
  const files = project.files.filter((path) => /\.(?:ya?ml)$/.test(path) && !/(?:^|\/)node_modules\//.test(path))
  const found = files.flatMap((path) => {
    const text = project.read(path) ?? ''
    if (!/^kind:/m.test(text) || (text.includes('{{') && !/AnalysisTemplate/.test(text))) return []
    return parseAllDocuments(text).flatMap((document) => {
      const manifest = document.errors.length > 0 ? undefined : (document.toJS() as Part | null)
      if (typeof manifest !== 'object' || manifest === null) return []
      return [{ place: `${path} ${String(manifest['kind'])} ${String(manifest['metadata']?.['name'])}`, manifest }]
    })
  })
  parsed.set(project, found)
  return found
}

function probeTroubles({ containers }: Workload): readonly { found: string }[] {
  const [main] = containers
  const missing = ['livenessProbe', 'readinessProbe'].filter((probe) => main?.[probe] === undefined)
  const same =
    JSON.stringify(main?.['livenessProbe']?.['httpGet']) === JSON.stringify(main?.['readinessProbe']?.['httpGet'])
  if (missing.length > 0) return missing.map((probe) => ({ found: `no ${probe}` }))
  return same && main?.['livenessProbe']?.['httpGet'] !== undefined ? [{ found: 'both probes ask the same' }] : []
}

function graceTroubles({ pod, containers: [main] }: Workload, subject: Subject): readonly { found: string }[] {
  const env = main?.['env'] as unknown as readonly { readonly name?: string; readonly value?: string }[] | undefined
  const grace = Number(pod['terminationGracePeriodSeconds'] ?? DEFAULT_GRACE_SECONDS)
  const preStop = Number(main?.['lifecycle']?.['preStop']?.['sleep']?.['seconds'] ?? 0)
  const setting = (name: string): number => {
    const given = env?.find((each) => each.name === name)?.value
    return Number(given ?? configRegistry(subject.settings).entries.find((entry) => entry.name === name)?.default)
  }
  const { closeTimeoutMs, flushTimeoutMs } = LIFECYCLE_DEFAULTS
  const problems = drainProblems({
    propagationDelayMs: setting('DRAIN_DELAY_MS'),
    deadlineMs: setting('DRAIN_DEADLINE_MS'),
    closeTimeoutMs,
    flushTimeoutMs,
    terminationGracePeriodMs: (grace - preStop) * 1000,
  })
  const given = pod['terminationGracePeriodSeconds'] === undefined ? ' (the default)' : ''
  return problems.map((problem) => ({ found: `${grace} s${given}, preStop ${preStop} s: ${problem}` }))
}

function boundTroubles({ manifest, pod, containers }: Workload): readonly { found: string }[] {
  const labels = manifest['metadata']?.['labels'] ?? {}
  const missing = TAGS.filter((tag) => labels[tag] === undefined)
  const isNobody = [pod, ...containers].some((part) => (part['securityContext']?.['runAsNonRoot'] as unknown) === true)
  return [
    ...containers.flatMap((container) => {
      const { name, image, resources } = container as Readonly<Record<string, unknown>> & { readonly resources?: Part }
      const unbounded = ['requests', 'limits'].flatMap((kind) =>
        ['cpu', 'memory'].filter((what) => resources?.[kind]?.[what] === undefined).map((what) => `${what} ${kind}`),
      )
      const isLoose = /:latest$|^[^:@]+$/.test(String(image))
      return [
        ...(unbounded.length === 0 ? [] : [`container ${String(name)} has no ${unbounded.join(', ')}`]),
        ...(isLoose ? [`image ${String(image)} is whatever was pushed last`] : []),
      ]
    }),
    ...(isNobody ? [] : ['it may run as root: no runAsNonRoot']),
    ...(missing.length === 0 ? [] : [`no label ${missing.join(', ')}`]),
  ].map((found) => ({ found }))
}

function deadlineTroubles({ manifest }: Workload): readonly { found: string }[] {
  const seconds = manifest['spec']?.['progressDeadlineSeconds'] as unknown as number | undefined
  if (manifest['kind'] === ('StatefulSet' as unknown) || Number(seconds) <= LONGEST_ROLLOUT_SECONDS) return []
  return [
    {
      found:
        seconds === undefined ? 'progressDeadlineSeconds is 600, the default' : `progressDeadlineSeconds is ${seconds}`,
    },
  ]
}

function canaryLook({ project }: AuditScope): Look {
  const all = manifestsOf(project)
  if (all.length === 0) return { unchecked: 'no manifest of Kubernetes here' }
  const canaries = all.filter(({ manifest }) => manifest['spec']?.['strategy']?.['canary'] !== undefined)
  if (canaries.length === 0) return { unchecked: 'no canary here' }
  const unjudged = canaries.filter(({ manifest }) => !JSON.stringify(manifest).includes('"analysis"'))
  const loose = all.filter(
    ({ manifest }) =>
      manifest['kind'] === ('AnalysisTemplate' as unknown) && !/isNaN|len\(result\)/.test(JSON.stringify(manifest)),
  )
  return {
    evidence: count(canaries.length, 'canary').replace('canarys', 'canaries'),
    troubles: [
      ...unjudged.map(({ place }) => ({ place, found: 'a canary without an analysis' })),
      ...loose.map(({ place }) => ({
        place,
        found: 'its conditions hold for NaN or no result, as a lack of traffic gives',
      })),
    ],
  }
}
