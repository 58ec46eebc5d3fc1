import { DockerfileParser } from 'dockerfile-ast'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instructionsOf, stagesOf } from '../src/audit/dockerfile-reader.ts'
import { isLeftOut } from '../src/audit/ignored.ts'
import { dockerfileTroubles } from '../src/audit/images.ts'
import { type Files, foundIn, projectWith, stateOf, verdictsOf } from './audit.fixture.ts'

const BASE = `node:24-slim@sha256:${'ab'.repeat(32)}`
const SOUND = `FROM ${BASE} AS build
RUN npm ci
FROM ${BASE}
COPY --from=build /app /app
USER 1000
HEALTHCHECK CMD ["node", "health.js"]
CMD ["node", "main.js"]
`
const troublesOf = (text: string): string[] => dockerfileTroubles(text).map(({ found }) => found)
const found = async (requirement: string, files: Files): Promise<string[]> =>
  foundIn(await verdictsOf(await projectWith(files)), requirement)

describe('D1', () => {
  test.each([
    ['by the rules', SOUND],
    ['in small letters', SOUND.replaceAll('FROM', 'from').replace('USER', 'user')],
    ['with its base in an argument', `ARG BASE=${BASE}\n${SOUND.replaceAll(`FROM ${BASE}`, 'FROM $' + '{BASE}')}`],
    ['on a stage of its own', SOUND.replace(`FROM ${BASE}\n`, `FROM ${BASE} AS base\nFROM base\n`)],
    ['from scratch', SOUND.replace(`FROM ${BASE}\n`, 'FROM scratch\n')],
    ['for a platform', SOUND.replace('FROM node', 'FROM --platform=linux/amd64 node')],
    ['with a user over several lines', SOUND.replace('USER 1000', 'USER \\\n# nobody\n1000:1000')],
    ['with a secret that is mounted', SOUND.replace('npm ci', '--mount=type=secret,id=npm npm ci')],
    ['with an argument that is given when it is built', SOUND.replace('RUN', 'ARG NPM_TOKEN\nRUN')],
  ])('dockerfileTroubles() finds nothing in a Dockerfile %s', (_, text) => {
    expect(troublesOf(text)).toEqual([])
  })

  test.each([
    ['one stage', SOUND.slice(SOUND.lastIndexOf('FROM')), ['one stage only']],
    ['a tag', SOUND.replace(`FROM ${BASE}\n`, 'FROM node:24-slim\n'), ['base node:24-slim is not pinned']],
    ['a fat base', SOUND.replaceAll('24-slim', '24'), [`base node:24@sha256:${'ab'.repeat(32)} is not slim`]],
    ['a name for a user', SOUND.replace('1000', 'node'), ['USER node']],
    ['root', SOUND.replace('1000', '0:0'), ['USER 0:0']],
    ['root again', SOUND.replace('USER 1000', 'USER 1000\nUSER root'), ['USER root']],
    ['no user', SOUND.replace('USER 1000\n', ''), ['no USER: it runs as root']],
    ['no health', SOUND.replace(/HEALTHCHECK.*\n/, ''), ['no HEALTHCHECK']],
    ['no health on purpose', SOUND.replace(/HEALTHCHECK.*/, 'HEALTHCHECK NONE'), ['HEALTHCHECK NONE']],
    ['a secret', SOUND.replace('RUN', 'ENV DB_PASSWORD=abc\nRUN'), ['ENV DB_PASSWORD holds a value']],
    ['an old secret', SOUND.replace('RUN', 'ENV API_TOKEN abc\nRUN'), ['ENV API_TOKEN holds a value']],
    ['its environment', SOUND.replace('COPY', 'COPY .env ./\nCOPY'), ['COPY takes .env into the image']],
    ['nothing', '# empty\n', ['no FROM']],
  ])('dockerfileTroubles() finds %s', (_, text, wanted) => {
    expect(troublesOf(text)).toEqual(wanted)
  })

  test('audit looks at every Dockerfile of the project, whatever it is called', async () => {
    const files = {
      Dockerfile: 'FROM node\n',
      'web/Dockerfile.prod': 'FROM node\n',
      'web/api.Dockerfile': 'FROM node\n',
    }
    const ignored = { '.dockerignore': '.git\nnode_modules\n.env\ntest\ndist\n' }

    const places = new Set((await found('D1', { ...files, ...ignored })).map((each) => each.split(':')[0]))

    expect([...places].sort()).toEqual(Object.keys(files).sort())
  })

  test('audit finds what reaches the build when .dockerignore is missing or leaves too little out', async () => {
    expect(await found('D1', { Dockerfile: SOUND })).toEqual(['Dockerfile: no .dockerignore'])
    expect(await found('D1', { Dockerfile: SOUND, '.dockerignore': '.git\n**/*.test.ts\n' })).toEqual([
      '.dockerignore: node_modules reaches the build',
      '.dockerignore: .env reaches the build',
      '.dockerignore: build output reaches the build',
    ])
    expect(
      await found('D1', { Dockerfile: SOUND, 'Dockerfile.dockerignore': '*\n!src\n', '.dockerignore': '' }),
    ).toEqual([])
  })

  test('audit asks the pipeline for an SBOM and a scan, where there is a pipeline', async () => {
    const path = '.github/workflows/ci.yml'
    const whole = 'steps:\n  - run: docker buildx build --sbom=true .\n  - run: trivy image shop\n'

    expect(await found('D1', { [path]: whole })).toEqual([])
    expect(await found('D1', { [path]: 'steps: []\n' })).toEqual(['nothing makes an SBOM', 'nothing scans the image'])
    expect(stateOf(await verdictsOf(await projectWith()), /makes an SBOM/)).toBe('not checked')
  })
})

describe('instructionsOf()', () => {
  const line = fc.oneof(
    fc.constantFrom('RUN npm ci', 'COPY . .', 'USER 1000:1000', 'ENV A=1 B="two words"', 'CMD ["node", "a b.js"]'),
    fc.constantFrom(
      '# a comment',
      '',
      '   ',
      'RUN a \\\n  && b',
      'RUN a \\\n# between\n  && b',
      'run x',
      '  EXPOSE 80',
    ),
  )

  test('instructionsOf() reads what a parser of Docker reads', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
        const text = ['FROM a AS b', ...lines].join('\n')

        const read = instructionsOf(text).map(({ keyword, line: at }) => [keyword, at])

        const wanted = DockerfileParser.parse(text).getInstructions()
        expect(read).toEqual(wanted.map((each) => [each.getKeyword(), each.getRange().start.line + 1]))
      }),
    )
  })

  test('stagesOf() takes the lines of a heredoc for no instructions', () => {
    const [stage] = stagesOf('FROM a\nRUN <<EOF\nUSER root\nFROM b\nEOF\nUSER 5\n')

    expect(stage?.instructions.map(({ keyword }) => keyword)).toEqual(['RUN', 'USER'])
  })
})

describe('isLeftOut()', () => {
  test.each([
    ['node_modules', 'node_modules/a/b.js', true],
    ['node_modules', 'web/node_modules/a.js', false],
    ['**/node_modules', 'web/node_modules/a.js', true],
    ['/dist/', 'dist/main.js', true],
    ['*.log', 'a.log', true],
    ['*.log', 'a/b.log', false],
    ['**/*.log', 'a/b.log', true],
    ['.env*\n!.env.example', '.env.example', false],
    ['.env*\n!.env.example', '.env.local', true],
    ['# dist', 'dist/a', false],
    ['a+b', 'aab', false],
  ])('isLeftOut() judges %j of %s as %s', (ignore, path, wanted) => {
    expect(isLeftOut(ignore, path)).toBe(wanted)
  })
})

describe('manifests', () => {
  const workload = (change: { pod?: string; container?: string; spec?: string; labels?: string } = {}): string => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: own
  labels: ${change.labels ?? '{ project: shop, owner: me, env: production, cost-center: "1" }'}
spec:
${change.spec ?? '  progressDeadlineSeconds: 300'}
  template:
    spec:
${change.pod ?? '      terminationGracePeriodSeconds: 60\n      securityContext: { runAsNonRoot: true }'}
      containers:
        - name: own
${
  change.container ??
  `          image: registry.example.com/own:1.2.3
          livenessProbe: { httpGet: { path: /livez, port: ops } }
          readinessProbe: { httpGet: { path: /readyz, port: ops } }
          resources: { requests: { cpu: 1, memory: 1Gi }, limits: { cpu: 1, memory: 1Gi } }`
}
`
  const own = async (requirement: string, change: Parameters<typeof workload>[0] = {}): Promise<string[]> => {
    const all = await found(requirement, { 'k8s/own.yaml': workload(change) })
    return all
      .map((each) => each.replace('k8s/own.yaml Deployment own: ', ''))
      .filter((each) => !/^(?:declaration|ops\/)/.test(each))
  }

  test.each(['H2', 'H3', 'H4', 'D2'])('audit finds nothing under %s in a workload that keeps the rules', async (id) => {
    expect(await own(id)).toEqual([])
  })

  const bare = { container: '          image: own' }
  const same = `          image: own:1
          livenessProbe: { httpGet: { path: /healthz, port: 80 } }
          readinessProbe: { httpGet: { path: /healthz, port: 80 } }`
  test.each([
    ['H2', bare, ['no livenessProbe', 'no readinessProbe']],
    ['H2', { container: same }, ['both probes ask the same']],
    ['H4', { spec: '  replicas: 2' }, ['progressDeadlineSeconds is 600, the default']],
    ['H4', { spec: '  progressDeadlineSeconds: 900' }, ['progressDeadlineSeconds is 900']],
    [
      'D2',
      { ...bare, pod: '      hostNetwork: false', labels: '{ project: shop }' },
      [
        'container own has no cpu requests, memory requests, cpu limits, memory limits',
        'image own is whatever was pushed last',
        'it may run as root: no runAsNonRoot',
        'no label owner, env, cost-center',
      ],
    ],
  ] as const)('audit finds under %s what a workload leaves out: %j', async (requirement, change, wanted) => {
    expect(await own(requirement, change)).toEqual(wanted)
  })

  test('audit finds a grace period below the longest stop, also where none is set', async () => {
    const short = '      terminationGracePeriodSeconds: 20'
    const preStop = `          image: own:1
          lifecycle: { preStop: { sleep: { seconds: 5 } } }`
    const none = { pod: '      restartPolicy: Always' }

    expect(await own('H3', { pod: short })).toEqual([
      expect.stringMatching(/^20 s, preStop 0 s: a stop may take 29000/),
    ])
    expect(await own('H3', none)).toEqual([])
    expect(await own('H3', { ...none, container: preStop })).toEqual([
      expect.stringMatching(/^30 s \(the default\), preStop 5 s: a stop may take 29000 ms/),
    ])
  })

  test('audit counts preStop and a drain that the manifest itself sets', async () => {
    const container = `          image: own:1
          env: [{ name: DRAIN_DEADLINE_MS, value: "50000" }]
          lifecycle: { preStop: { sleep: { seconds: 10 } } }`

    expect(await own('H3', { container })).toEqual([
      expect.stringMatching(/^60 s, preStop 10 s: a stop may take 54000 ms .* grace period of 50000 ms$/),
    ])
  })

  test('audit asks of a canary that it is judged, and not by a lack of traffic', async () => {
    const rollout = (steps: string): string =>
      `kind: Rollout\nmetadata: { name: c }\nspec:\n  strategy:\n    canary:\n      steps: ${steps}\n`
    const template = (condition: string): string =>
      `kind: AnalysisTemplate\nmetadata: { name: t }\nspec:\n  metrics:\n    - failureCondition: ${condition}\n`
    const judged = '[{ analysis: { templates: [{ templateName: t }] } }]'

    expect(await found('H4', { 'c.yaml': rollout('[{ setWeight: 10 }]') })).toEqual([
      'c.yaml Rollout c: a canary without an analysis',
    ])
    expect(await found('H4', { 'c.yaml': rollout(judged), 't.yaml': template('"result[0] > 0.05"') })).toEqual([
      't.yaml AnalysisTemplate t: its conditions hold for NaN or no result, as a lack of traffic gives',
    ])
    expect(
      await found('H4', { 'c.yaml': rollout(judged), 't.yaml': template('"!isNaN(result[0]) && result[0] > 0.05"') }),
    ).toEqual([])
  })

  test('audit asks the pipeline for a smoke suite', async () => {
    expect(await found('H4', { '.gitlab-ci.yml': 'deploy:\n  script: npx ops smoke "$URL"\n' })).toEqual([])
    expect(await found('H4', { '.gitlab-ci.yml': 'deploy:\n  script: ./deploy\n' })).toEqual([
      'no pipeline speaks of a smoke suite',
    ])
  })

  test('audit passes over templates and what is no YAML', async () => {
    const files = { 'chart/a.yaml': 'kind: Deployment\nname: {{ .Values.x }}\n', 'b.yaml': 'kind: [\n' }

    expect(await found('H2', files)).toEqual(['declaration: 0 declared checks'])
  })
})
