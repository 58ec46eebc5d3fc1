import { describe, expect, test } from 'vitest'
import { createSubject } from '../src/subject.ts'
import { type Files, foundIn, projectWith, stateOf, textOf, verdictsOf } from './audit.fixture.ts'
import service from './service.fixture.ts'

const found = async (requirement: string, files: Files, options: { readonly git?: boolean } = {}): Promise<string[]> =>
  foundIn(await verdictsOf(await projectWith(files, options)), requirement)

describe('a sound project', () => {
  test('auditService() finds nothing in files that are as they are generated', async () => {
    const verdicts = await verdictsOf(
      await projectWith({ 'src/main.ts': 'export const answer = 42\n' }, { git: true, generated: true }),
    )

    const open = verdicts.flatMap(({ findings }) => findings).map(({ requirement, found: what }) => [requirement, what])
    // What the fixture leaves to be declared.
    expect(open).toEqual([
      ['C1', '0 of 4 dependencies name theirs'],
      ['H2', '0 declared checks'],
    ])
    expect(verdicts.filter(({ state }) => state === 'met').length).toBeGreaterThan(25)
  })
})

describe('C3', () => {
  // Put together here, so that no line of this file looks like a secret itself.
  const secrets: readonly (readonly [string, string, string])[] = [
    ['a private key', 'key.pem', `-----BEGIN ${'RSA PRIVATE'} KEY-----`],
    ['an AWS access key', 'aws.ini', `id = AKIA${'ABCDEFGHIJKLMNOP'}`],
    ['a GitHub token', 'ci.yml', `token: ghp_${'a1'.repeat(18)}`],
    ['a GitLab token', 'ci.txt', `glpat-${'a1'.repeat(10)}`],
    ['a Slack token', 'chat.md', `xoxb-${'1234567890'.repeat(3)}`],
    ['a Stripe key', 'pay.ts', `'sk_live_${'a1'.repeat(12)}'`],
    ['a Google key', 'map.js', `AIza${'Ab1_-'.repeat(7)}`],
    ['an npm token', '.npmrc', `_authToken=npm_${'Ab1'.repeat(12)}`],
    ['a key of a model provider', 'llm.txt', `sk-ant-${'Ab1'.repeat(12)}`],
    ['an address with a password', 'db.json', `"postgres://shop:${'hunter'}2@db.internal:5432/shop"`],
  ]

  test.each(secrets)('audit finds %s in %s, and does not show it', async (what, path, text) => {
    const verdicts = await verdictsOf(await projectWith({ [path]: `first\n${text}\n` }))

    expect(foundIn(verdicts, 'C3')).toEqual([`${path}:2: ${what}`])
    expect(JSON.stringify(verdicts)).not.toContain(text)
  })

  test('audit finds a Kubernetes Secret with values, and none that has no values', async () => {
    const secret = (data: string): string => `apiVersion: v1\nkind: Secret\nmetadata:\n  name: shop\n${data}\n`

    expect(await found('C3', { 'secret.yaml': secret('data:\n  KEY: aGk=') })).toEqual([
      'secret.yaml:5: a Kubernetes Secret with its values',
    ])
    expect(await found('C3', { 'secret.yaml': secret('data: {}') })).toEqual([])
    expect(await found('C3', { 'map.yaml': 'kind: ConfigMap\ndata:\n  LEVEL: info\n' })).toEqual([])
  })

  test.each([
    ['postgres://postgres:postgres@localhost:5432/shop'],
    ['redis://user:password@redis.example.com'],
    ['https://host:8080/path@2'],
    ['postgres://user:$' + '{PASSWORD}@db/shop'],
    ['AKIA is how AWS keys begin'],
  ])('audit passes over a placeholder: %s', async (text) => {
    expect(await found('C3', { 'notes.md': text })).toEqual([])
  })

  test('audit passes over a line that somebody allowed with a reason', async () => {
    const key = `AKIA${'ABCDEFGHIJKLMNOP'}`

    expect(await found('C3', { 'a.md': `${key} <!-- ops audit: allow C3, the key of AWS's own manual -->` })).toEqual(
      [],
    )
    expect(await found('C3', { 'a.ts': `// ops audit: allow C3, from the manual\nconst key = '${key}'` })).toEqual([])
    expect(await found('C3', { 'a.ts': `// ops audit: allow C1, another\nconst key = '${key}'` })).toHaveLength(1)
  })

  test.each([true, false])('audit finds an environment file that is not ignored (git: %s)', async (git) => {
    const ofFiles = (files: Files): Promise<string[]> => found('C3', files, { git })

    expect(await ofFiles({ '.gitignore': 'node_modules\n' })).toEqual(['.gitignore: .env is not ignored'])
    expect(await ofFiles({ '.env.production': 'A=1\n' })).toEqual([
      '.env.production: an environment file is not ignored',
    ])
    expect(await ofFiles({ '.env.example': 'A=1\n', '.env': 'A=1\n' })).toEqual([])
  })

  test('audit looks at every file but those of tools when git knows nothing of the project', async () => {
    const key = `AKIA${'ABCDEFGHIJKLMNOP'}`
    const files = { 'deep/er/a.txt': key, 'node_modules/b/b.txt': key }

    expect(await found('C3', files)).toEqual(['deep/er/a.txt:1: an AWS access key'])
  })
})

describe('C1', () => {
  test('audit finds variables that are read past the declaration', async () => {
    const files = {
      'src/a.ts': `const a = process.env.FEATURE_X\nconst b = process.env['OTHER_Y']\n`,
      'src/b.test.ts': 'process.env.ONLY_A_TEST',
      'test/c.ts': 'process.env.ONLY_A_TEST',
    }

    expect(await found('C1', files)).toContain('src/a.ts:1: FEATURE_X is read from process.env')
    expect(await found('C1', files)).toContain('src/a.ts:2: OTHER_Y is read from process.env')
    expect((await found('C1', files)).filter((each) => each.includes('ONLY_A_TEST'))).toEqual([])
  })

  test('audit passes over what is declared, what is set, and what is allowed with a reason', async () => {
    const source = `process.env.LOG_LEVEL
process.env.NODE_ENV
process.env.TEMPORARY = 'set'
// ops audit: allow C1, it says where settings are
const file = process.env['CONFIG_FILE']
`
    const reads = (await found('C1', { 'src/a.ts': source })).filter((each) => each.includes('process.env'))

    expect(reads).toEqual([])
  })
})

describe('what is generated', () => {
  test.each([
    ['C4', 'ops/.env.example'],
    ['C5', 'ops/configuration.md'],
    ['A1', 'ops/alerts.yml'],
    ['A2', 'ops/runbooks/README.md'],
    ['A5', 'ops/dashboards/health.json'],
    ['D2', 'ops/deploy/kubernetes/kustomization.yaml'],
    ['D4', 'ops/operations/README.md'],
  ])('audit finds under %s that %s has drifted', async (requirement, path) => {
    const root = await projectWith({}, { generated: true })
    const before = foundIn(await verdictsOf(root), requirement)
    const changed = await projectWith({ [path]: `${await textOf(root, path)}\n` }, { generated: true })

    expect(before).toEqual([])
    expect(foundIn(await verdictsOf(changed), requirement)).toEqual([`${path}: changed`])
  })

  test('audit asks for no manifests when no deployment is declared', async () => {
    const subject = await createSubject(service.definition)

    const verdicts = await verdictsOf(await projectWith(), { subject })

    expect(stateOf(verdicts, /step with the declaration: image and manifests/)).toBe('not checked')
  })
})

describe('K2', () => {
  test.each([
    [`redis.set('price', 1)`, 'redis.set() writes a key without a tenant'],
    ['await sharedRedis.hset(`user`, {})', 'sharedRedis.hset() writes a key without a tenant'],
    [`cache.define('rates', { scope: 'global' })`, "scope: 'global' without a reason"],
  ])('audit finds a cache key without a tenant in %s', async (source, what) => {
    expect(await found('K2', { 'src/a.ts': `\n${source}\n` })).toEqual([`src/a.ts:2: ${what}`])
  })

  test.each([
    ['redis.set(`$' + '{tenant}:price`, 1)'],
    [`cache.define('orders', { ttlMs: 1 })`],
    [`cache.define('rates', { scope: 'global' }) // ops audit: allow K2, rates are published`],
    [`map.set('a', 1)`],
  ])('audit finds nothing in %s', async (source) => {
    expect(await found('K2', { 'src/a.ts': source })).toEqual([])
  })

  test('audit does not judge keys when there are no sources', async () => {
    expect(stateOf(await verdictsOf(await projectWith()), /Cache keys/)).toBe('not checked')
  })
})
