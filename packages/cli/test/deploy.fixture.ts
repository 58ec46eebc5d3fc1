import type { Deployment } from '../src/deploy/deployment.ts'
import type { Operations } from '../src/operations.ts'
import { createSubject, type Subject } from '../src/subject.ts'
import service, { operations } from './service.fixture.ts'

/** A digest in form, of no image. */
export const DIGEST: string = `sha256:${'0123456789abcdef'.repeat(4)}`

/** A deployment that declares everything. */
export const deploy: Deployment = {
  baseImage: `node:24-slim@${DIGEST}`,
  image: 'registry.example.com/shop/shop',
  api: { entry: 'dist/main.js' },
  worker: { entry: 'dist/worker.js' },
  canary: {
    prometheusUrl: 'http://prometheus.monitoring:9090',
    trafficRouting: { nginx: { stableIngress: 'shop' } },
  },
}

/** The fixture with a deployment; `change` replaces parts of it. */
export function deployedSubject(change: Partial<Deployment> = {}): Promise<Subject> {
  return createSubject(service.definition, deployedOperations(change))
}

/** The bounds of the fixture with a deployment. */
export function deployedOperations(change: Partial<Deployment> = {}): Operations {
  return { ...operations, deploy: { ...deploy, ...change } }
}
