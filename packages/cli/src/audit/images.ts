/** D1, on every Dockerfile of the project, whoever wrote it: how it is built, as whom it runs, what it leaves out. */
import { dirname } from 'node:path/posix'
import type { AuditCheck, Trouble } from './check.ts'
import { type Stage, stagesOf } from './dockerfile-reader.ts'
import { isLeftOut } from './ignored.ts'
import type { Project } from './project.ts'

const DOCKERFILE = /(?:^|\/)(?:Dockerfile(?:\.(?!dockerignore)[^/]+)?|[^/]+\.Dockerfile|Containerfile)$/i
const SLIM = /slim|alpine|distroless|chainguard|wolfi|hardened|ubi\d*-m|micro|minimal|busybox|^scratch$/i
const SECRET =
  /\b(\w*(?:SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_KEY)\w*)=(?!["']?\$\{?\w+\}?["']?(?:\s|$)|["']{2}(?:\s|$))\S/i
const PIPELINES =
  /^(?:\.github\/workflows\/|\.gitlab-ci|\.circleci\/|\.drone|\.woodpecker|azure-pipelines|bitbucket-pipelines|Jenkinsfile|\.tekton\/|buildkite|\.buildkite\/)/i

/** What must not reach the build, and a path that stands for each. */
const LEFT_OUT: readonly (readonly [what: string, ...samples: readonly string[]])[] = [
  ['.git', '.git/config'],
  ['node_modules', 'node_modules/pkg/index.js'],
  ['.env', '.env'],
  ['tests', 'test/a.test.ts', 'tests/a.test.ts', 'src/a.test.ts', '__tests__/a.ts'],
  ['build output', 'dist/main.js', 'build/main.js', 'out/main.js'],
]

/** The checks on images and on how they come about. */
export const imageChecks: readonly AuditCheck[] = [
  {
    requirement: 'D1',
    phase: 1,
    topic: 'image',
    question: 'Every Dockerfile keeps the rules: stages, pinned slim base, numeric user, health, .dockerignore',
    expected: 'a Dockerfile as ops deploy makes it',
    mend: 'Declare operations.deploy and use what ops generate makes, or change the file',
    look({ project }) {
      const files = project.files.filter((path) => DOCKERFILE.test(path))
      if (files.length === 0) return { unchecked: 'no Dockerfile here' }
      const troubles = files.flatMap((path) => [
        ...dockerfileTroubles(project.read(path) ?? '').map(({ line, ...trouble }) => ({
          ...trouble,
          place: line === undefined ? path : `${path}:${line}`,
        })),
        ...ignoreTroubles(project, path),
      ])
      return { evidence: files.join(', '), troubles }
    },
  },
  {
    requirement: 'D1',
    phase: 1,
    question: 'The pipeline makes an SBOM and scans the image',
    expected: 'a step that makes an SBOM and one that scans, both before promotion',
    mend: 'docker buildx build --sbom=true …; trivy image --exit-code 1 --severity CRITICAL,HIGH --ignore-unfixed <image>',
    look({ project }) {
      const files = pipelinesOf(project)
      if (files.length === 0) return { unchecked: 'no pipeline here' }
      const text = files.map((path) => project.read(path) ?? '').join('\n')
      const found = [
        ...(/sbom|syft|cyclonedx/i.test(text) ? [] : ['nothing makes an SBOM']),
        ...(/trivy|grype|snyk|docker scout|clair|anchore/i.test(text) ? [] : ['nothing scans the image']),
      ]
      return { evidence: files.join(', '), troubles: found.map((each) => ({ found: each })) }
    },
  },
]

interface LineTrouble extends Omit<Trouble, 'place'> {
  readonly line?: number
}

/** What a Dockerfile does that it should not, or leaves out. */
export function dockerfileTroubles(text: string): readonly LineTrouble[] {
  const stages = stagesOf(text)
  const last = stages.at(-1)
  if (last === undefined) return [{ found: 'no FROM', expected: 'a build stage and one that runs' }]
  return [
    ...(stages.length === 1
      ? [{ found: 'one stage only', expected: 'a stage that builds, and one that takes over only what runs' }]
      : []),
    ...baseTroubles(stages),
    ...userTroubles(last),
    ...healthTroubles(last),
    ...secretTroubles(stages),
  ]
}

function baseTroubles(stages: readonly Stage[]): readonly LineTrouble[] {
  const names = new Set(stages.map(({ name }) => name))
  const outer = stages.filter(({ base }) => !names.has(base.toLowerCase()) && base !== 'scratch')
  const final = rootOf(stages)
  return [
    ...outer
      .filter(({ base }) => !/@sha256:[0-9a-f]{64}$/.test(base))
      .map(({ base, line }) => ({
        line,
        found: `base ${base} is not pinned`,
        expected: 'a base by digest: …@sha256:…',
      })),
    ...(SLIM.test(final.base)
      ? []
      : [{ line: final.line, found: `base ${final.base} is not slim`, expected: 'a slim, alpine or distroless base' }]),
  ]
}

/** The stage whose base the image is in the end made of. */
function rootOf(stages: readonly Stage[]): Stage {
  let stage = stages.at(-1) as Stage
  for (let steps = 0; steps < stages.length; steps++) {
    const below = stages.find(({ name }) => name !== undefined && name === stage.base.toLowerCase())
    if (below === undefined || below === stage) return stage
    stage = below
  }
  return stage
}

function userTroubles({ instructions, line }: Stage): readonly LineTrouble[] {
  const expected = 'USER with a number that is not 0, so that Kubernetes can hold it to that'
  const user = instructions.findLast(({ keyword }) => keyword === 'USER')
  if (user === undefined) return [{ line, found: 'no USER: it runs as root', expected }]
  const [id = ''] = user.text.split(':')
  return /^[1-9]\d*$/.test(id) ? [] : [{ line: user.line, found: `USER ${user.text}`, expected }]
}

function healthTroubles({ instructions, line }: Stage): readonly LineTrouble[] {
  const expected = 'HEALTHCHECK that asks the liveness probe'
  const health = instructions.findLast(({ keyword }) => keyword === 'HEALTHCHECK')
  if (health === undefined) return [{ line, found: 'no HEALTHCHECK', expected }]
  return /^NONE\b/i.test(health.text) ? [{ line: health.line, found: 'HEALTHCHECK NONE', expected }] : []
}

function secretTroubles(stages: readonly Stage[]): readonly LineTrouble[] {
  const expected = 'secrets mounted for one step (RUN --mount=type=secret), or given when it runs'
  return stages
    .flatMap(({ instructions }) => instructions)
    .flatMap(({ keyword, text, line }) => {
      const [, name] =
        (['ENV', 'ARG'].includes(keyword) && SECRET.exec(text.replace(/^(\w+) +(?=\S)(?!.*=)/, '$1='))) || []
      if (name !== undefined) return [{ line, found: `${keyword} ${name} holds a value`, expected }]
      const copies = ['COPY', 'ADD'].includes(keyword) && /(?:^|[\s/])\.env(?:\s|$)/.test(text)
      return copies ? [{ line, found: `${keyword} takes .env into the image`, expected }] : []
    })
}

/** BuildKit reads the file beside the Dockerfile; else the one at the root of the build, or of its folder, counts. */
function ignoreTroubles(project: Project, path: string): readonly Trouble[] {
  const folder = dirname(path)
  const candidates = [`${path}.dockerignore`, ...(folder === '.' ? [] : [`${folder}/.dockerignore`]), '.dockerignore']
  const place = candidates.find((file) => project.files.includes(file))
  if (place === undefined)
    return [
      {
        place: path,
        found: 'no .dockerignore',
        expected: `one that leaves out ${LEFT_OUT.map(([what]) => what).join(', ')}`,
      },
    ]
  const ignore = project.read(place) ?? ''
  return LEFT_OUT.filter(([, ...samples]) => !samples.some((sample) => isLeftOut(ignore, sample))).map(([what]) => ({
    place,
    found: `${what} reaches the build`,
    expected: `${what} left out`,
    mend: `Add it to ${place}`,
  }))
}

/** Files of pipelines. */
export function pipelinesOf(project: Project): readonly string[] {
  return project.files.filter((path) => PIPELINES.test(path))
}
