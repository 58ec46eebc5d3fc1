import { describe, expect, test } from 'vitest'
import { explainSubject } from '../src/explain.ts'
import type { ExplainedFact } from '../src/explained-fact.ts'
import { createSubject } from '../src/subject.ts'
import { deployedSubject } from './deploy.fixture.ts'
import service from './service.fixture.ts'

const facts = explainSubject(await deployedSubject())
const find = (name: string, among: readonly ExplainedFact[] = facts): ExplainedFact | undefined =>
  among.find((fact) => fact.name === name)

describe('explainSubject()', () => {
  test('explainSubject() says each name once, and of every value what it is and why', () => {
    const names = facts.map(({ name }) => name)

    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
    expect(facts.filter(({ value, why }) => value === '' || why === '')).toEqual([])
  })

  test.each([
    ['cache shop.order minHitRatio', '0.6', 'declared'],
    ['cache shop.session minHitRatio', 'none', 'default'],
    ['job order.fulfil', 'declared', 'declared'],
    ['runbookBaseUrl', 'https://wiki.example.com/shop/runbooks', 'declared'],
    ['grafanaUrl', 'https://grafana.example.com', 'declared'],
    ['deploy.baseImage', expect.stringMatching(/^node:24-slim@sha256:/), 'declared'],
    ['deploy.packageManager', 'npm', 'default'],
    ['deploy.monitoringNamespace', 'monitoring', 'default'],
    ['deploy.api.terminationGracePeriodSeconds', '35', 'derived'],
    ['deploy.worker.resources', '500m to 1000m CPU, 512Mi to 1Gi', 'default'],
    ['deploy.api.replicas', '2 to 10', 'default'],
    ['deploy.ingress', 'none', 'default'],
    ['deploy.canary.trafficPercent', '10', 'default'],
  ])('explainSubject() says that %s is %s, %s', (name, value, origin) => {
    expect(find(name)).toMatchObject({ value, origin })
  })

  test('explainSubject() tells declared values from defaults when a deployment declares them', async () => {
    const declared = explainSubject(
      await deployedSubject({
        api: { entry: 'dist/main.js', terminationGracePeriodSeconds: 60 },
        environment: 'staging',
        ingress: { host: 'shop.example.com', controller: 'traefik' },
        mesh: 'istio',
        callers: ['basket', 'search'],
      }),
    )

    expect(find('deploy.api.terminationGracePeriodSeconds', declared)).toMatchObject({
      value: '60',
      origin: 'declared',
    })
    expect(find('deploy.environment', declared)).toMatchObject({ value: 'staging', origin: 'declared' })
    expect(find('deploy.ingress', declared)).toMatchObject({
      value: 'shop.example.com by traefik, shop-tls',
      why: 'TLS 1.3 and nothing below',
    })
    expect(find('deploy.mesh', declared)).toMatchObject({ value: 'istio', origin: 'declared' })
    expect(find('deploy.callers', declared)).toMatchObject({ value: 'basket, search' })
  })

  test('explainSubject() says that nothing is deployed when nothing is declared', async () => {
    const plain = explainSubject(await createSubject(service.definition))

    expect(plain.filter(({ name }) => name.startsWith('deploy'))).toEqual([
      { name: 'deploy', value: 'none', origin: 'default', why: expect.stringContaining('declare operations.deploy') },
    ])
  })
})
