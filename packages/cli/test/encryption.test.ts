import { describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { generateArtefacts } from '../src/artefacts.ts'
import type { Deployment } from '../src/deploy/deployment.ts'
import { deployedSubject } from './deploy.fixture.ts'
import { manifestProblems } from './manifest-problems.ts'

// biome-ignore lint/suspicious/noExplicitAny: parsed YAML, whose shape the schemas hold
type Parsed = any

/** Manifests of a deployment by kind, of the one file or of all. */
async function manifestsOf(change: Partial<Deployment>, file = /kubernetes\/(?!kustomization)/): Promise<Parsed> {
  const artefacts = generateArtefacts(await deployedSubject(change), ['deploy']).filter(({ path }) => file.test(path))
  const all = artefacts.flatMap(({ text }) => parseAllDocuments(text).map((document) => document.toJS()))
  return Object.fromEntries(all.map((each) => [each.kind, each]))
}

const ENCRYPTION = /encryption\.yaml$/
const traefik = { ingress: { host: 'shop.example.com', controller: 'traefik' } } as const
const istio = { ingress: { host: 'shop.example.com', controller: 'istio' }, mesh: 'istio' } as const

describe('encryptionManifests()', () => {
  test('encryptionManifests() makes nothing when neither ingress nor mesh is declared', async () => {
    expect(await manifestsOf({}, ENCRYPTION)).toEqual({})
  })

  test.each([
    ['traefik', traefik, ['TLSOption', 'IngressRoute']],
    ['istio', istio, ['Gateway', 'VirtualService', 'PeerAuthentication']],
  ] as const)('encryptionManifests() keeps to the schemas of %s', async (_, change, kinds) => {
    const manifests = await manifestsOf(change, ENCRYPTION)

    expect(Object.keys(manifests)).toEqual(kinds)
    expect(Object.values(manifests).flatMap(manifestProblems)).toEqual([])
  })

  test('encryptionManifests() takes nothing below TLS 1.3 for the host when Traefik ends it', async () => {
    const { TLSOption, IngressRoute, Service } = await manifestsOf(traefik)

    expect(TLSOption.spec.minVersion).toBe('VersionTLS13')
    expect(IngressRoute.spec.tls).toEqual({ secretName: 'shop-tls', options: { name: TLSOption.metadata.name } })
    expect(IngressRoute.spec.entryPoints).toEqual(['websecure'])
    expect(IngressRoute.spec.routes[0]).toMatchObject({
      match: 'Host(`shop.example.com`)',
      services: [{ name: Service.metadata.name.replace('-canary', ''), port: Service.spec.ports[0].name }],
    })
  })

  test('encryptionManifests() takes nothing below TLS 1.3 for the host when Istio ends it', async () => {
    const { Gateway, VirtualService } = await manifestsOf({
      ...istio,
      ingress: { ...istio.ingress, tlsSecret: 'wildcard' },
    })

    const [server] = Gateway.spec.servers
    expect(Gateway.spec.servers).toHaveLength(1)
    expect(server.port.protocol).toBe('HTTPS')
    expect(server.tls).toEqual({ mode: 'SIMPLE', credentialName: 'wildcard', minProtocolVersion: 'TLSV1_3' })
    expect(VirtualService.spec).toMatchObject({ hosts: server.hosts, gateways: [Gateway.metadata.name] })
  })

  test('encryptionManifests() gives all requests to the stable version until a canary weighs them', async () => {
    const weights = async (change: Partial<Deployment>): Promise<unknown> =>
      (await manifestsOf(change)).VirtualService.spec.http[0].route.map((to: Parsed) => [
        to.destination.host,
        to.weight,
      ])

    expect(await weights(istio)).toEqual([
      ['shop', 100],
      ['shop-canary', 0],
    ])
    expect(await weights({ ...istio, canary: undefined as never })).toEqual([['shop', 100]])
  })

  test('encryptionManifests() refuses plain text between pods but on the ops port when there is a mesh', async () => {
    const { PeerAuthentication, Deployment } = await manifestsOf(istio)

    expect(PeerAuthentication.spec).toMatchObject({
      mtls: { mode: 'STRICT' },
      portLevelMtls: { 9090: { mode: 'PERMISSIVE' } },
    })
    expect(Deployment.spec.template.metadata.labels).toMatchObject(PeerAuthentication.spec.selector.matchLabels)
  })
})

describe('accessManifests()', () => {
  const sourcesOf = async (change: Partial<Deployment>): Promise<unknown> =>
    (await manifestsOf(change)).NetworkPolicy.spec.ingress[0].from

  test('accessManifests() lets any pod send requests when no callers are declared', async () => {
    expect(await sourcesOf(istio)).toBeUndefined()
  })

  test('accessManifests() lets the declared callers alone send requests, and who ends TLS', async () => {
    const basket = { podSelector: { matchLabels: { 'app.kubernetes.io/name': 'basket' } } }
    const namespace = (name: string): unknown => ({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
    })

    expect(await sourcesOf({ callers: ['basket'] })).toEqual([basket])
    expect(await sourcesOf({ ...traefik, callers: ['basket'] })).toEqual([basket, namespace('traefik')])
    expect(await sourcesOf({ ...istio, callers: ['basket'] })).toEqual([basket, namespace('istio-system')])
  })
})
