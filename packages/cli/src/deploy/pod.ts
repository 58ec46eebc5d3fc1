/** The pod of a workload: its container, what it is allowed, how it is asked and how it ends. */
import type { DeployPlan, Kind, PlannedWorkload } from './plan.ts'

/** Not root, and no number that another image is likely to use. */
export const USER_ID = 10_001
const SECRETS_FOLDER = '/run/secrets/service'

interface Amounts {
  readonly cpu: string
  readonly memory: string
}

/** What a container is given, and what it may take at most. */
export const RESOURCES: Readonly<Record<Kind, { readonly requests: Amounts; readonly limits: Amounts }>> = {
  api: { requests: { cpu: '250m', memory: '256Mi' }, limits: { cpu: '500m', memory: '512Mi' } },
  worker: { requests: { cpu: '500m', memory: '512Mi' }, limits: { cpu: '1000m', memory: '1Gi' } },
}

/** Settings that the manifest decides, because something in it depends on them. */
function decidedSettings(plan: DeployPlan): Readonly<Record<string, string>> {
  return {
    NODE_ENV: 'production',
    SERVICE_ENV: plan.environment,
    PORT: String(plan.port),
    OPS_PORT: String(plan.opsPort),
    // Probes and Prometheus come from outside the pod; the network policy says who may.
    OPS_HOST: '0.0.0.0',
    DRAIN_DELAY_MS: String(plan.drain.delayMs),
    DRAIN_DEADLINE_MS: String(plan.drain.deadlineMs),
  }
}

/** Baked into the image: a version must not be sayable apart from its code. */
const OF_THE_IMAGE = ['SERVICE_VERSION', 'SERVICE_COMMIT']

/** The template of the pods of a workload. */
export function podTemplate(plan: DeployPlan, workload: PlannedWorkload): unknown {
  return {
    metadata: { labels: { ...plan.labels, ...workload.selector } },
    spec: {
      automountServiceAccountToken: false,
      terminationGracePeriodSeconds: workload.gracePeriodSeconds,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: USER_ID,
        runAsGroup: USER_ID,
        fsGroup: USER_ID,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'kubernetes.io/hostname',
          whenUnsatisfiable: 'ScheduleAnyway',
          labelSelector: { matchLabels: workload.selector },
        },
      ],
      containers: [container(plan, workload)],
      volumes: [
        { name: 'tmp', emptyDir: { sizeLimit: '256Mi' } },
        ...(fileSecrets(plan).length === 0
          ? []
          : [{ name: 'secrets', secret: { secretName: `${plan.service}-secrets`, defaultMode: 0o440 } }]),
      ],
    },
  }
}

function container(plan: DeployPlan, { kind, entry, preStopSeconds }: PlannedWorkload): unknown {
  const ops = { name: 'ops', containerPort: plan.opsPort }
  return {
    name: kind,
    // The pipeline sets the tag or digest; a manifest applied without it pulls nothing rather than anything.
    image: `${plan.image}:unset`,
    command: ['node', entry],
    ports: kind === 'api' ? [{ name: 'http', containerPort: plan.port }, ops] : [ops],
    env: environment(plan),
    resources: RESOURCES[kind],
    startupProbe: { ...probe('/startupz'), periodSeconds: 2, failureThreshold: 60 },
    livenessProbe: { ...probe('/livez'), periodSeconds: 10, failureThreshold: 3 },
    readinessProbe: { ...probe('/readyz'), periodSeconds: 5, failureThreshold: 2 },
    ...(preStopSeconds === 0 ? {} : { lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } } }),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'tmp', mountPath: '/tmp' },
      ...(fileSecrets(plan).length === 0 ? [] : [{ name: 'secrets', mountPath: SECRETS_FOLDER, readOnly: true }]),
    ],
  }
}

/** On the ops port, which answers while the main thread hangs. */
function probe(path: string): { httpGet: unknown; timeoutSeconds: number } {
  return { httpGet: { path, port: 'ops' }, timeoutSeconds: 2 }
}

/** Secrets that must be there: read from files, which a rotation replaces while the process runs. */
function fileSecrets({ settings }: DeployPlan): readonly string[] {
  return settings.filter(({ sensitive, required }) => sensitive && required).map(({ name }) => name)
}

function environment(plan: DeployPlan): readonly unknown[] {
  const decided = decidedSettings(plan)
  const inFiles = new Set(fileSecrets(plan))
  const skipped = new Set([...Object.keys(decided), ...OF_THE_IMAGE, ...inFiles])
  return [
    ...Object.entries(decided).map(([name, value]) => ({ name, value })),
    ...[...inFiles].map((name) => ({ name: `${name}_FILE`, value: `${SECRETS_FOLDER}/${name}` })),
    ...plan.settings
      .filter(({ name }) => !skipped.has(name))
      .map(({ name, sensitive, required }) => {
        const from = { name: `${plan.service}-${sensitive ? 'secrets' : 'config'}`, key: name }
        const reference = { ...from, ...(required ? {} : { optional: true }) }
        return { name, valueFrom: sensitive ? { secretKeyRef: reference } : { configMapKeyRef: reference } }
      }),
  ]
}
