/** What the checklist asks, by phase: questions with answers from the declaration, and questions for people. */
import { configRegistry } from '@ops/config'
import type { AlertGroups } from '../alerts/alerts.ts'
import type { Deployment } from '../deploy/deployment.ts'
import type { Subject } from '../subject.ts'

/** 1 is the baseline, 2 the target. */
export type Phase = 1 | 2

/** A question that the declaration answers. */
export interface Item {
  readonly phase: Phase
  /** The requirement it is about. */
  readonly id: string
  readonly question: string
  readonly answer: boolean
  /** What the answer rests on. */
  readonly evidence: string
  /** What an audit of what there is answers better than a declaration. @defaultValue nothing does */
  readonly topic: string | undefined
}

/** Questions that only people can answer. */
export const HAND_ITEMS: readonly Pick<Item, 'phase' | 'id' | 'question'>[] = [
  {
    phase: 1,
    id: 'C3',
    question: 'Secrets come from a secret store and are rotated: database credentials every 30 days, tokens every 24 h',
  },
  { phase: 1, id: 'C7', question: 'Staging and production differ in endpoints, secrets and capacity only' },
  { phase: 1, id: 'D4', question: 'A backup was restored for real within the last drill period (`backup.md`)' },
  { phase: 1, id: 'D4', question: 'Contacts are filled in (`incidents.md`), and the pager reaches them' },
  { phase: 1, id: 'D3', question: 'The pipeline has the stages of `pipeline.md` and refuses what they refuse' },
  { phase: 1, id: 'D1', question: 'Images are scanned and come with an SBOM' },
  { phase: 2, id: 'A2', question: 'Every runbook was read by somebody who did not write it' },
  { phase: 2, id: 'A3', question: 'A critical alert was fired on purpose and reached the pager' },
  { phase: 2, id: 'T4', question: 'A trace of a request through all services was seen in the collector' },
  { phase: 2, id: 'H4', question: 'A rollback was done on purpose, by itself or by hand, within 5 min' },
  { phase: 2, id: 'H4', question: 'The smoke suite runs after every rollout' },
]

/** The answers of a service. */
export function answersOf(subject: Subject, groups: AlertGroups): readonly Item[] {
  return [...baseline(subject), ...target(subject, groups)]
}

type Answer = readonly [id: string, question: string, answer: boolean, evidence: string, topic?: string]

function items(phase: Phase, answers: readonly Answer[]): readonly Item[] {
  return answers.map(([id, question, answer, evidence, topic]) => ({ phase, id, question, answer, evidence, topic }))
}

function baseline({ definition, operations, settings }: Subject): readonly Item[] {
  const entries = configRegistry(settings).entries
  const plain = entries.filter(({ name, sensitive }) => !sensitive && /SECRET|PASSWORD|TOKEN|_KEY$/.test(name))
  const { deploy } = operations
  const { checks = {}, labels = {}, dependencies = {} } = definition
  const addressed = Object.values(dependencies).filter(({ setting }) => setting !== undefined).length
  return items(1, [
    [
      'C1',
      'What differs by environment is a setting',
      addressed === Object.keys(dependencies).length,
      `${addressed} of ${Object.keys(dependencies).length} dependencies name theirs`,
    ],
    [
      'C4',
      'Every setting has a description and an example',
      entries.every(({ description }) => description !== ''),
      '`.env.example`',
    ],
    ['C5', 'There is a registry of settings', true, `\`configuration.md\`, ${entries.length} settings`],
    [
      'C3',
      'Settings that sound like secrets are secrets',
      plain.length === 0,
      plain.length === 0 ? '`configuration.md`' : plain.map(({ name }) => name).join(', '),
    ],
    [
      'L1',
      'Logs are JSON lines with trace, request and tenant; secrets are masked',
      true,
      '`@ops/logger`, part of every service',
    ],
    ['M1', 'Metrics stand on a port of their own', true, '`@ops/metrics`, `OPS_PORT`'],
    ['H1', 'Liveness and readiness are separate', true, '`/livez`, `/readyz`'],
    [
      'H2',
      'Readiness depends on what the service itself declares',
      Object.keys(checks).length > 0,
      `${Object.keys(checks).length} declared checks`,
    ],
    [
      'D1',
      'The image is built from a base pinned by digest and runs as nobody',
      deploy !== undefined,
      source(deploy, '`deploy/Dockerfile`'),
      'image',
    ],
    [
      'D2',
      'Probes, bounds, autoscaler and a grace period that fits the drain',
      deploy !== undefined,
      source(deploy, '`deploy/kubernetes`'),
      'workload',
    ],
    [
      'D2',
      'Costs are tagged: project, owner, environment, cost centre',
      ['project', 'cost-center'].every((tag) => Object.hasOwn(labels, tag)),
      '`labels`',
    ],
    [
      'N1',
      'Users come in over TLS 1.3 only, or not at all',
      deploy !== undefined && (deploy.ingress !== undefined || !takesAnybody(deploy)),
      waysIn(deploy),
    ],
    [
      'N1',
      'Services talk over mutual TLS',
      deploy?.mesh !== undefined,
      source(deploy?.mesh, '`deploy/kubernetes/encryption.yaml`'),
    ],
    ['D4', 'Recovery objectives are known', true, `tier ${definition.tier}, \`backup.md\``],
  ])
}

function target({ definition, operations, missing }: Subject, groups: AlertGroups): readonly Item[] {
  const alerts = Object.values(groups).flat()
  const { features = [], jobs = [] } = definition
  const { deploy, smoke = [], runbookBaseUrl, grafanaUrl } = operations
  const links = runbookBaseUrl !== undefined && grafanaUrl !== undefined
  const hasObjectives = features.length > 0 || jobs.length > 0
  return items(2, [
    ['M2', 'Rate, errors and duration of every feature', true, '`dashboards/`'],
    [
      'A1',
      'Alerts on everything that the declaration can express',
      missing.length === 0,
      missing.length === 0 ? `\`alerts.yml\`, ${alerts.length} alerts` : `left out for lack of ${missing.join(', ')}`,
    ],
    [
      'A1',
      'Every alert is proven: it fires, keeps still, resolves',
      alerts.every(({ proof }) => proof.cases.length >= 4),
      '`alerts.test.yml`',
    ],
    [
      'A2',
      'Every alert has a runbook, under an address that works from the pager',
      runbookBaseUrl !== undefined,
      source(runbookBaseUrl, '`runbookBaseUrl`'),
    ],
    [
      'A3',
      'Alerts name who answers and how soon',
      true,
      `${alerts.filter(({ severity }) => severity === 'critical').length} to the pager, ${alerts.filter(({ severity }) => severity === 'warning').length} to chat`,
    ],
    [
      'A4',
      'Features have objectives',
      hasObjectives,
      features.length > 0 ? `${features.length} features` : `${jobs.length} jobs`,
    ],
    ['A5', 'Dashboards are linked from alerts', links, source(grafanaUrl, '`grafanaUrl`')],
    ['T1', 'Requests are traced across services, errors always', true, '`@ops/tracing`, part of every service'],
    ['D2', 'Replicas follow the load', deploy !== undefined, source(deploy, 'autoscalers')],
    [
      'H4',
      'A rollout goes back by itself',
      deploy?.canary !== undefined,
      source(deploy?.canary, '`deploy/kubernetes/canary.yaml`'),
      'canary',
    ],
    ['H4', 'A smoke suite asks for what matters', smoke.length > 0, `${smoke.length} declared requests`],
  ])
}

/** Whether requests of anybody are let in. */
function takesAnybody({ api, callers }: Deployment): boolean {
  return api !== undefined && callers === undefined
}

function waysIn(deploy: Deployment | undefined): string {
  if (deploy?.ingress !== undefined) return '`deploy/kubernetes/encryption.yaml`'
  return deploy === undefined || takesAnybody(deploy)
    ? 'not declared'
    : '`deploy/kubernetes/access.yaml`: only services do'
}

/** Where the answer is no, what to declare is the evidence. */
function source(declared: unknown, evidence: string): string {
  return declared === undefined ? 'not declared' : evidence
}
