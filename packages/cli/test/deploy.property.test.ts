import { defineConfig, int, secret, setting } from '@ops/config'
import { defineService } from '@ops/service'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { deployArtefacts, manifestFiles } from '../src/deploy/deploy.ts'
import type { Deployment } from '../src/deploy/deployment.ts'
import { planDeployment } from '../src/deploy/plan.ts'
import { createSubject, type Subject } from '../src/subject.ts'
import { deploy } from './deploy.fixture.ts'
import { manifestProblems } from './manifest-problems.ts'

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}[a-z0-9]$/)
/** Words that YAML reads as something else unless they are quoted. */
const awkward = fc.constantFrom('yes', 'no', 'null', 'on', '1e3', '0x1F', '1.0', 'true', '010')
const workload = fc.record(
  {
    entry: fc.constantFrom('dist/main.js', 'dist/worker.mjs', 'server/index.js'),
    terminationGracePeriodSeconds: fc.integer({ min: 200, max: 900 }),
  },
  { requiredKeys: ['entry'] },
)
const drawn = fc.record({
  name,
  owner: fc.oneof(name, awkward),
  project: fc.oneof(name, awkward),
  deadlineMs: fc.integer({ min: 1, max: 180_000 }),
  port: fc.integer({ min: 1, max: 65_535 }),
  hasSecret: fc.boolean(),
  workloads: fc
    .record({ api: workload, worker: workload }, { requiredKeys: [] })
    .filter(({ api, worker }) => api !== undefined || worker !== undefined),
  hasCanary: fc.boolean(),
  environment: name,
})
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never

function deploymentOf({ workloads, hasCanary, environment }: Drawn): Deployment {
  const { baseImage, image, canary } = deploy
  const isSplit = hasCanary && workloads.api !== undefined && canary !== undefined
  return { baseImage, image, environment, ...workloads, ...(isSplit ? { canary } : {}) }
}

function subjectOf(given: Drawn): Promise<Subject> {
  const settings = defineConfig({
    PORT: setting(int({ min: 0, max: 65_535 }).default(given.port), 'Port'),
    DRAIN_DEADLINE_MS: setting(int({ min: 1 }).default(given.deadlineMs), 'Deadline'),
    ...(given.hasSecret ? { KEY: secret(z.string(), 'A key') } : {}),
  })
  const labels = { project: given.project, 'cost-center': '7' }
  const service = defineService({ name: given.name, owner: given.owner, tier: 3, settings, labels })
  return createSubject(service.definition, { deploy: deploymentOf(given) })
}

test('deployArtefacts() gives the same bytes, whose YAML is the same objects, all of them sound', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (given) => {
      const subject = await subjectOf(given)
      const artefacts = deployArtefacts(subject)

      expect(deployArtefacts(await subjectOf(given))).toEqual(artefacts)
      const files = manifestFiles(planDeployment(subject, deploymentOf(given)))
      for (const [file, manifests] of Object.entries(files)) {
        const text = artefacts.find(({ path }) => path === `deploy/kubernetes/${file}`)?.text ?? ''
        const read = parseAllDocuments(text).map((document) => document.toJS() as unknown)
        expect(read).toEqual(JSON.parse(JSON.stringify(manifests)))
        expect(read.flatMap(manifestProblems)).toEqual([])
      }
    }),
    { numRuns: 60 },
  )
})

test('planDeployment() grants more time than a stop may take, whatever the drain', async () => {
  await fc.assert(
    fc.asyncProperty(drawn, async (given) => {
      const { workloads, drain } = planDeployment(await subjectOf(given), deploymentOf(given))

      for (const { gracePeriodSeconds, preStopSeconds } of workloads)
        expect(gracePeriodSeconds * 1000).toBeGreaterThan(preStopSeconds * 1000 + drain.deadlineMs + 4000)
    }),
    { numRuns: 60 },
  )
})
