/** Pages on the way of a change: pipeline, promotion, smoke suite, rollback. */
import { rolloutCommands } from '../deploy/rollout-commands.ts'
import { code, list, steps, table } from '../markdown.ts'
import { keptBlock } from '../runbooks/hand-written.ts'
import type { Subject } from '../subject.ts'
import type { OperatingPage } from './document.ts'

const STAGES: readonly (readonly string[])[] = [
  [
    'check',
    'every push',
    'format, types, lint, `ops generate --check`, `ops config check` pass',
    'merge is refused',
    '15 min',
  ],
  ['test', 'every push', 'unit, property and fault tests pass', 'merge is refused', '30 min'],
  [
    'build',
    'merge to main',
    'image is built once, with SBOM and provenance, and signed',
    'owner is told; main is not deployed',
    '15 min',
  ],
  ['scan', 'after build', 'no known critical or high vulnerability that has a fix', 'image is not promoted', '10 min'],
  ['staging', 'after scan', 'rollout completes, smoke suite passes', 'rolled back; promotion stops', '15 min'],
  [
    'production',
    'promotion',
    'rollout completes, its analysis passes, smoke suite passes',
    'rolled back by itself; owner is paged after two in a row',
    '45 min',
  ],
  ['watch', 'after production', 'no critical alert and at most 5 % errors for 15 min', 'rolled back', '15 min'],
]

/** From a push to users. */
export function pipelinePage(subject: Subject): OperatingPage {
  const { name } = subject.definition
  const { deploy } = subject.operations
  const image = deploy?.image ?? `<registry>/${name}`
  const folder = deploy?.workspaceFolder === undefined ? 'ops' : '<folder of ops generate>'
  return {
    file: 'pipeline.md',
    title: 'Pipeline',
    summary:
      'Stages from a push to users, each with its trigger, what lets it pass, what happens when it does not, and its time limit.',
    sections: [
      ['Stages', table(['stage', 'trigger', 'passes when', 'otherwise', 'time limit'], STAGES)],
      [
        'Promotion',
        list([
          'The same image, by digest, goes from staging to production: nothing is built again.',
          'Environments differ in endpoints, secrets and capacity only: `ops config parity <staging> <production>` says so.',
          'To staging: by itself, after scan.',
          'To production: after one successful rollout to staging of the same digest, and outside a freeze (`maintenance.md`).',
          'A hotfix takes the same way; it may skip the queue, never a stage.',
        ]),
      ],
      [
        'Build and scan',
        code(
          'sh',
          `docker buildx build -f ${folder}/deploy/Dockerfile --build-arg VERSION="$VERSION" --build-arg COMMIT="$COMMIT" \\
  --sbom=true --provenance=mode=max --push -t ${image}:"$VERSION" .
trivy image --exit-code 1 --severity CRITICAL,HIGH --ignore-unfixed ${image}:"$VERSION"
cosign sign --yes ${image}@"$DIGEST"`,
        ),
      ],
      ['Deploy', code('sh', deployment(subject, image))],
      [
        'Of this service',
        keptBlock('pipeline', 'Where the pipeline runs, and what it does besides: not filled in yet.'),
      ],
    ],
  }
}

function deployment(subject: Subject, image: string): string {
  const { name } = subject.definition
  return `(cd ops/deploy/kubernetes && kustomize edit set image ${image}=${image}@"$DIGEST" && kustomize build | kubectl apply -f -)
if ${rolloutCommands(subject).status} && npx ops smoke "$URL" --expect "$VERSION" --ops-url "$OPS_URL"
then npx ops deployed succeeded --pushgateway "$PUSHGATEWAY_URL"   # resets the count of ${name}
else npx ops deployed failed --pushgateway "$PUSHGATEWAY_URL"; false
fi`
}

/** Back to the version before. */
export function rollbackPage(subject: Subject): OperatingPage {
  const { definition, operations } = subject
  const { undo, status } = rolloutCommands(subject)
  const byItself =
    operations.deploy?.canary === undefined
      ? [
          'Replicas that do not become ready within 5 min end the rollout; the old ones were never taken away.',
          'The pipeline undoes a rollout whose smoke suite fails. No canary is declared: errors of the first 15 min are judged by a person, with the alerts.',
        ]
      : [
          'Replicas that do not become ready within 5 min abort the rollout.',
          `More than 5 % errors among the ${operations.deploy.canary.trafficPercent ?? 10} % of requests that the canary gets, over 10 min, abort it.`,
          'More than 5 % errors in the first 15 min after all requests go to the new version abort it.',
          'Too few requests to judge pause it: a person promotes or aborts.',
        ]
  return {
    file: 'rollback.md',
    title: 'Rollback',
    summary: `How ${definition.name} goes back to the version before: by itself where it can tell, else by these commands. Going back needs no permission.`,
    sections: [
      ['By itself', list(byItself)],
      [
        'By hand',
        `${code('sh', `${undo}\n${status}`)}\n\nThen run the smoke suite (\`smoke.md\`) and report the deployment as failed.`,
      ],
      [
        'What is not undone',
        list([
          'Migrations of the database: each is made so that the version before still runs with it (add, fill, switch, remove in later releases).',
          'Settings and secrets: `kubectl rollout undo` brings back the pods, not their config map; put the former values back too.',
          'Jobs in the queue: a new shape of payload must be readable by the version before, or be drained first.',
        ]),
      ],
      [
        'Afterwards',
        steps([
          'Say in the channel what was rolled back, and why.',
          'Stop the pipeline for this version: it would deploy it again.',
          'Write the test that would have failed.',
        ]),
      ],
      ['Of this service', keptBlock('rollback', 'Migrations and flags to mind: none yet.')],
    ],
  }
}

/** What is asked after each rollout. */
export function smokePage({ definition, operations }: Subject): OperatingPage {
  const { smoke = [] } = operations
  const probes = [
    ['`GET /livez` and `/readyz`', '200'],
    [
      '`GET /metrics` of the ops port, where its address is given',
      '`build_info` with the version that was deployed, and no other',
    ],
  ]
  const declared = smoke.map(({ path, status = 200 }) => [`\`GET ${path}\``, `${status}, with an \`X-Trace-Id\``])
  return {
    file: 'smoke.md',
    title: 'Smoke suite',
    summary:
      'A few requests right after a rollout: does it answer, is it the right version, do the ways that matter most work?',
    sections: [
      ['What it asks', table(['request', 'expected'], [...probes, ...declared])],
      ['Run it', code('sh', 'npx ops smoke https://<host> --ops-url http://<pod>:9090 --expect <version>')],
      [
        'What it must not do',
        `Change anything: it runs in production, as often as somebody likes. Ways that change something are tried in staging, under a tenant of their own.${
          smoke.length === 0 ? `\n\n${definition.name} declares no request of its own yet (\`operations.smoke\`).` : ''
        }`,
      ],
      ['Of this service', keptBlock('smoke', 'Checks beyond these: none yet.')],
    ],
  }
}
