import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { generateArtefacts } from '../src/artefacts.ts'
import type { Deployment } from '../src/deploy/deployment.ts'
import { createSubject } from '../src/subject.ts'
import { DIGEST, deployedOperations, deployedSubject } from './deploy.fixture.ts'
import { manifestProblems } from './manifest-problems.ts'
import service from './service.fixture.ts'
import { fullSubject } from './subject.fixture.ts'

// biome-ignore lint/suspicious/noExplicitAny: parsed YAML, whose shape the schemas hold
type Parsed = any

async function filesOf(change: Partial<Deployment> = {}): Promise<Map<string, string>> {
  const artefacts = generateArtefacts(await deployedSubject(change), ['deploy'])
  return new Map(artefacts.map(({ path, text }) => [path, text]))
}

async function manifestsOf(change: Partial<Deployment> = {}): Promise<Parsed[]> {
  const files = [...(await filesOf(change))].filter(([path]) => /kubernetes\/(?!kustomization)/.test(path))
  return files.flatMap(([, text]) => parseAllDocuments(text).map((document) => document.toJS()))
}

const manifests = await manifestsOf()
const named = (kind: string, name: string): Parsed =>
  manifests.find((each) => each.kind === kind && each.metadata.name === name)

describe('deployArtefacts()', () => {
  test('deployArtefacts() makes image, manifests of both workloads and canary when all is declared', async () => {
    expect([...(await filesOf()).keys()]).toEqual([
      'deploy/Dockerfile',
      'deploy/Dockerfile.dockerignore',
      'deploy/kubernetes/api.yaml',
      'deploy/kubernetes/worker.yaml',
      'deploy/kubernetes/access.yaml',
      'deploy/kubernetes/canary.yaml',
      'deploy/kubernetes/kustomization.yaml',
      'deploy/prometheus-adapter.example.yaml',
    ])
  })

  test('deployArtefacts() makes nothing when no deployment is declared', async () => {
    const files = generateArtefacts(await fullSubject()).map(({ path }) => path)

    expect(files.filter((path) => path.startsWith('deploy/'))).toEqual([])
  })

  test('generateArtefacts() throws when deploy alone is asked for and not declared', async () => {
    const subject = await fullSubject()

    expect(() => generateArtefacts(subject, ['deploy'])).toThrow(
      'Cannot generate deploy of shop: operations declare no deploy',
    )
  })

  test('deployArtefacts() gives a lone worker the name of the service, and no port for requests', async () => {
    const { canary, api, ...rest } = deployedOperations().deploy as Deployment
    const subject = await createSubject(service.definition, { deploy: rest })

    const text = generateArtefacts(subject, ['deploy']).find(({ path }) => path.endsWith('worker.yaml'))?.text ?? ''

    const [deployment] = parseAllDocuments(text).map((document) => document.toJS())
    expect([canary, api]).not.toContain(undefined)
    expect(deployment.metadata.name).toBe('shop')
    expect(deployment.spec.template.spec.containers[0].ports).toEqual([{ name: 'ops', containerPort: 9090 }])
  })
})

describe('manifests', () => {
  test.each(manifests.map((each) => [each.kind, each.metadata.name, each] as const))(
    '%s %s keeps to the schema of its kind',
    (_, __, manifest) => {
      expect(manifestProblems(manifest)).toEqual([])
    },
  )

  test('manifestProblems() names what is wrong when a field is misspelt, missing or of another type', () => {
    const spoiled = structuredClone(named('Deployment', 'shop'))
    spoiled.spec.template.spec.containers[0].livenesProbe = {}
    const broken = structuredClone(named('Deployment', 'shop'))
    broken.spec.progressDeadlineSeconds = '5m'
    broken.spec.selector = undefined

    expect(manifestProblems(spoiled)).toEqual(['/spec/template/spec/containers/0/livenesProbe is unknown'])
    expect(manifestProblems(broken)[0]).toMatch(/required property selector.*progressDeadlineSeconds must be integer/)
  })

  test('every manifest and every pod carries the cost tags when it is applied', () => {
    const tags = { project: 'shop', owner: 'team-shop', env: 'production', 'cost-center': '42' }
    const pods = manifests.flatMap((each) => each.spec.template?.metadata ?? [])

    for (const { labels } of [...manifests.map(({ metadata }) => metadata), ...pods]) expect(labels).toMatchObject(tags)
  })

  test.each([
    ['shop', 'api', { cpu: '250m', memory: '256Mi' }, { cpu: '500m', memory: '512Mi' }],
    ['shop-worker', 'worker', { cpu: '500m', memory: '512Mi' }, { cpu: '1000m', memory: '1Gi' }],
  ])(
    'Deployment %s runs %s within the standard bounds, as nobody, on a file system it cannot change',
    (name, kind, requests, limits) => {
      const pod = named('Deployment', name).spec.template.spec

      expect(pod.containers[0]).toMatchObject({
        name: kind,
        resources: { requests, limits },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      })
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10_001 })
      expect(pod.automountServiceAccountToken).toBe(false)
    },
  )

  test.each([
    ['shop', { minReplicas: 2, maxReplicas: 10 }, '"averageUtilization":70'],
    ['shop-worker', { minReplicas: 1, maxReplicas: 5 }, '"averageValue":"100"'],
  ])('HorizontalPodAutoscaler %s scales by the standard bounds', (name, replicas, target) => {
    const { spec } = named('HorizontalPodAutoscaler', name)

    expect(spec).toMatchObject(replicas)
    expect(JSON.stringify(spec.metrics)).toContain(target)
  })

  test('probes, services and policy meet the ports of the pods when they name one', () => {
    const deployments = manifests.filter(({ kind }) => kind === 'Deployment')
    for (const { spec } of deployments) {
      const [{ ports, startupProbe, livenessProbe, readinessProbe }] = spec.template.spec.containers
      const probes = [startupProbe, livenessProbe, readinessProbe].map(
        ({ httpGet }) => `${httpGet.port}${httpGet.path}`,
      )
      expect(probes).toEqual(['ops/startupz', 'ops/livez', 'ops/readyz'])
      expect(ports).toContainEqual({ name: 'ops', containerPort: 9090 })
    }
    const [{ ports }] = named('Deployment', 'shop').spec.template.spec.containers
    expect(ports.map(({ name }: Parsed) => name)).toContain(named('Service', 'shop').spec.ports[0].targetPort)
    const allowed = named('NetworkPolicy', 'shop').spec.ingress
    expect(allowed.map(({ ports: [{ port }] }: Parsed) => port)).toEqual(
      ports.map(({ containerPort }: Parsed) => containerPort),
    )
    expect(allowed[1].from[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name']).toBe('monitoring')
  })

  test('selectors match the labels of the pods when they select them', () => {
    for (const kind of ['api', 'worker']) {
      const name = kind === 'api' ? 'shop' : 'shop-worker'
      const { selector, template } = named('Deployment', name).spec
      expect(template.metadata.labels).toMatchObject(selector.matchLabels)
      expect(named('PodDisruptionBudget', name).spec.selector).toEqual(selector)
    }
    expect(named('Service', 'shop').spec.selector).toEqual(named('Deployment', 'shop').spec.selector.matchLabels)
  })

  test('PodMonitor names the job after the service, as the alerts expect it', () => {
    const { jobLabel, selector } = named('PodMonitor', 'shop').spec
    const { labels } = named('Deployment', 'shop-worker').spec.template.metadata

    expect(labels[jobLabel]).toBe('shop')
    expect(labels).toMatchObject(selector.matchLabels)
  })

  test('every setting comes from the manifest, its config map or its secret; required secrets come as files', () => {
    const { env, volumeMounts } = named('Deployment', 'shop').spec.template.spec.containers[0]
    const byName: Parsed = Object.fromEntries(env.map((each: Parsed) => [each.name, each.value ?? each.valueFrom]))

    expect(byName).toMatchObject({
      OPS_HOST: '0.0.0.0',
      SERVICE_ENV: 'production',
      DATABASE_URL_FILE: '/run/secrets/service/DATABASE_URL',
      PUBLIC_URL: { configMapKeyRef: { name: 'shop-config', key: 'PUBLIC_URL' } },
      LOG_LEVEL: { configMapKeyRef: { name: 'shop-config', key: 'LOG_LEVEL', optional: true } },
      OPS_TOKEN: { secretKeyRef: { name: 'shop-secrets', key: 'OPS_TOKEN', optional: true } },
    })
    expect(byName.PUBLIC_URL.configMapKeyRef.optional).toBeUndefined()
    expect(Object.keys(byName)).not.toContain('DATABASE_URL')
    expect(volumeMounts).toContainEqual({ name: 'secrets', mountPath: '/run/secrets/service', readOnly: true })
  })

  test('kustomization.yaml names every other manifest', async () => {
    const files = await filesOf()
    const [kustomization] = parseAllDocuments(files.get('deploy/kubernetes/kustomization.yaml') ?? '')

    const others = [...files.keys()].flatMap((path) => /kubernetes\/(?!kustomization)(.+)/.exec(path)?.[1] ?? [])
    expect(kustomization?.toJS().resources).toEqual(others)
  })
})

describe('termination grace', () => {
  test('grace period is the least that outlasts preStop and the longest stop when none is declared', () => {
    const graceOf = (name: string): number => named('Deployment', name).spec.template.spec.terminationGracePeriodSeconds

    expect([graceOf('shop'), graceOf('shop-worker')]).toEqual([35, 30])
  })

  test('grace period is the declared one when it fits', async () => {
    const [, deployment] = await manifestsOf({ api: { entry: 'dist/main.js', terminationGracePeriodSeconds: 60 } })

    expect(deployment.spec.template.spec.terminationGracePeriodSeconds).toBe(60)
  })

  test.each([
    [
      'api',
      34,
      'is 34, but a stop may take 34 s (preStop 5 + deadline 25 + close 2 + flush 2), expected an integer from 35',
    ],
    [
      'worker',
      29,
      'is 29, but a stop may take 29 s (preStop 0 + deadline 25 + close 2 + flush 2), expected an integer from 30',
    ],
    ['worker', 30.5, 'is 30.5, but a stop may take 29 s'],
  ])('a grace period of the %s of %d s is refused, both sides named', async (kind, seconds, problem) => {
    const workload = { entry: 'dist/main.js', terminationGracePeriodSeconds: seconds }

    await expect(filesOf({ [kind]: workload })).rejects.toThrow(problem)
  })
})

describe('assertDeployment()', () => {
  test.each([
    [{ baseImage: 'node:24-slim' }, 'deploy.baseImage is "node:24-slim", expected an image pinned by digest'],
    [{ baseImage: 'node:24-slim@sha256:1234' }, 'expected an image pinned by digest'],
    [{ baseImage: `node 24@${DIGEST}` }, 'expected an image pinned by digest'],
    [{ baseImage: undefined as never }, 'deploy.baseImage is undefined'],
    [{ image: 'shop:latest' }, 'deploy.image is "shop:latest", expected a repository without tag'],
    [{ api: { entry: 'src/main' } }, 'deploy.api.entry is "src/main", expected a module'],
    [{ worker: { entry: 'dist/w.js"\nRUN rm' } }, 'expected a module'],
    [{ packageManager: 'yarn' as never }, 'deploy.packageManager is "yarn", expected npm or pnpm'],
    [{ workspaceFolder: 'services/shop' }, 'workspaceFolder is given with packageManager npm, expected pnpm'],
    [{ packageManager: 'pnpm', workspaceFolder: '../shop' }, 'deploy.workspaceFolder is "../shop", expected a folder'],
    [{ ingress: { host: 'shop', controller: 'istio' } }, 'deploy.ingress.host is "shop", expected a name like'],
    [{ ingress: { host: 'a.example.com', controller: 'nginx' as never } }, 'expected traefik or istio'],
    [{ ingress: { host: 'a.example.com', controller: 'istio', tlsSecret: '' } }, 'deploy.ingress.tlsSecret is ""'],
    [{ mesh: 'linkerd' as never }, 'deploy.mesh is "linkerd", expected istio'],
    [{ callers: ['Basket'] }, 'deploy.callers is "Basket", expected names like'],
    [
      { api: undefined as never, canary: undefined as never, ingress: { host: 'a.example.com', controller: 'istio' } },
      'deploy.ingress is given without deploy.api',
    ],
    [{ environment: 'Prod!' }, 'deploy.environment is "Prod!"'],
    [{ api: undefined as never, worker: undefined as never }, 'deploy has no workload'],
    [{ api: undefined as never }, 'deploy.canary is given without deploy.api'],
    [{ canary: { prometheusUrl: 'prometheus', trafficRouting: {} } }, 'prometheusUrl is prometheus, expected a URL'],
    [
      { canary: { prometheusUrl: 'http://p:9090', trafficRouting: {}, trafficPercent: 50 } },
      'trafficPercent is 50, expected an integer from 5 to 10',
    ],
  ])('assertDeployment() throws when given %j', async (change, problem) => {
    await expect(deployedSubject(change as Partial<Deployment>)).rejects.toThrow(problem)
  })

  test.each([
    [{ project: 'shop' }, 'labels of the service lack cost-center'],
    [{ project: 'shop', 'cost-center': 'forty two' }, 'label cost-center is "forty two"'],
  ])('planDeployment() throws when labels are %j', async (labels, problem) => {
    const subject = await createSubject({ ...service.definition, labels }, deployedOperations())

    expect(() => generateArtefacts(subject, ['deploy'])).toThrow(problem)
  })
})
