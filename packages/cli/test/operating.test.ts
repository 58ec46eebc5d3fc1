import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { generateArtefacts } from '../src/artefacts.ts'
import { COMMANDS } from '../src/cli.ts'
import type { Deployment } from '../src/deploy/deployment.ts'
import { createSubject, type Subject } from '../src/subject.ts'
import { deployedSubject } from './deploy.fixture.ts'
import { run, SERVICE, scratchFolder } from './run-command.ts'
import service, { operations } from './service.fixture.ts'

function pagesOf(subject: Subject): Map<string, string> {
  return new Map(
    generateArtefacts(subject, ['operations']).map(({ path, text }) => [path.replace('operations/', ''), text]),
  )
}

const full = await deployedSubject()
const pages = pagesOf(full)
const plain = pagesOf(await createSubject({ name: 'tool', owner: 'team-tool', tier: 3, settings: {} }))

describe('operatingArtefacts()', () => {
  test('operatingArtefacts() makes every page of the standard, and links each from the index', () => {
    const files = [...pages.keys()]

    expect(files).toEqual([
      'README.md',
      'incidents.md',
      'post-mortem.md',
      'backup.md',
      'maintenance.md',
      'pipeline.md',
      'rollback.md',
      'smoke.md',
      'logging.md',
      'checklist.md',
    ])
    const links = [...(pages.get('README.md') ?? '').matchAll(/\]\(([\w.-]+\.md)\)/g)].map(([, file]) => file)
    expect(links).toEqual(files.slice(1))
  })

  test.each([
    [1, '5 min', '1 h', 'SEV-1'],
    [2, '1 h', '4 h', 'SEV-2'],
    [3, '24 h', '24 h', 'SEV-3'],
  ] as const)('operatingArtefacts() states RPO, RTO and severity of tier %i', async (tier, rpo, rto, severity) => {
    const tiered = pagesOf(await createSubject({ ...service.definition, tier }))

    expect(tiered.get('backup.md')).toContain(
      `at most **${rpo}** of data may be lost (RPO), and it is back within **${rto}** (RTO)`,
    )
    expect(tiered.get('incidents.md')).toContain(`An outage of shop (tier ${tier}) is **${severity}**`)
  })

  test('operatingArtefacts() tells of each declared store how it comes back, and of none where none is declared', () => {
    expect(pages.get('backup.md')?.match(/^## Bringing (\w+) back/gm)).toEqual([
      '## Bringing postgres back',
      '## Bringing redis back',
      '## Bringing uploads back',
    ])
    expect(plain.get('backup.md')).toContain('The declaration names no store')
  })

  test('operatingArtefacts() gives every stage its trigger, what lets it pass, what happens otherwise and a time limit', () => {
    const rows = (pages.get('pipeline.md') ?? '').split('\n').filter((line) => line.startsWith('| '))

    expect(rows).toHaveLength(9)
    for (const row of rows) expect(row.split(' | ').filter((cell) => cell.trim() !== '')).toHaveLength(5)
  })

  test('operatingArtefacts() goes back by the tool that rolls out', async () => {
    const { canary, ...deploy } = full.operations.deploy ?? ({} as never)
    const without = pagesOf(await createSubject(service.definition, { ...operations, deploy }))

    expect(canary).toBeDefined()
    expect(pages.get('rollback.md')).toContain('kubectl argo rollouts undo shop')
    expect(pages.get('rollback.md')).toContain('among the 10 % of requests that the canary gets')
    expect(without.get('rollback.md')).toContain(
      'kubectl rollout undo deployment/shop\nkubectl rollout undo deployment/shop-worker',
    )
    expect(without.get('rollback.md')).toContain('No canary is declared')
  })

  test('operatingArtefacts() names only commands of ops that there are', () => {
    const known = COMMANDS.map(({ words }) => words.join(' '))
    const named = [...pages.values()].flatMap((text) => [...text.matchAll(/(?:npx |`)ops ([a-z]+(?: [a-z]+)?)/g)])

    const unknown = named
      .map(([, words = '']) => words)
      .filter((words) => !known.some((each) => `${words} `.startsWith(`${each} `)))
    expect(named.length).toBeGreaterThan(5)
    expect(unknown).toEqual([])
  })
})

describe('checklist', () => {
  const scoreOf = (text = ''): string[] => [...text.matchAll(/\| (\d+ of \d+) \|/g)].map(([, score = '']) => score)

  test('checklist answers from the declaration and says where nothing is declared', () => {
    expect(pages.get('checklist.md')).toContain(
      '| H4 | A rollout goes back by itself | yes | `deploy/kubernetes/canary.yaml` |',
    )
    expect(plain.get('checklist.md')).toContain('| H4 | A rollout goes back by itself | **no** | not declared |')
  })

  test('checklist says whether both ways are encrypted when a deployment is declared', async () => {
    const { operations: bounds } = full
    const encrypted = {
      ...(bounds.deploy as Deployment),
      ingress: { host: 'shop.example.com', controller: 'istio' },
      mesh: 'istio',
    } as const
    const rowsOf = (text = ''): string[] => text.split('\n').filter((line) => line.startsWith('| N1 |'))

    const found = pagesOf(await createSubject(service.definition, { ...bounds, deploy: encrypted }))

    expect(rowsOf(found.get('checklist.md'))).toEqual([
      '| N1 | Users come in over TLS 1.3 only, or not at all | yes | `deploy/kubernetes/encryption.yaml` |',
      '| N1 | Services talk over mutual TLS | yes | `deploy/kubernetes/encryption.yaml` |',
    ])
    expect(rowsOf(pages.get('checklist.md')).every((row) => row.endsWith('| **no** | not declared |'))).toBe(true)
  })

  test('checklist scores both phases by what the declaration answers, open boxes counted as open', () => {
    expect(scoreOf(pages.get('checklist.md'))).toEqual(['10 of 20', '11 of 16'])
    expect(scoreOf(plain.get('checklist.md'))).toEqual(['8 of 20', '5 of 16'])
  })

  test('checklist names a setting that sounds like a secret and is none', async () => {
    const { settings, ...rest } = service.definition
    const loose = { ...settings, API_TOKEN: { ...settings['PUBLIC_URL'] } as never }

    expect(pagesOf(await createSubject({ ...rest, settings: loose })).get('checklist.md')).toContain(
      '| C3 | Settings that sound like secrets are secrets | **no** | API_TOKEN |',
    )
  })

  test('checklist keeps ticked boxes and counts them when it is generated again', async () => {
    const out = await scratchFolder()
    const file = join(out, 'operations', 'checklist.md')
    await run('operations', '--service', SERVICE, '--out', out)
    const before = await readFile(file, 'utf8')
    await writeFile(file, before.replace('- [ ] C3:', '- [x] C3:').replace('- [ ] A3:', '- [X] A3:'))

    const drifted = await run('operations', '--check', '--service', SERVICE, '--out', out)
    await run('operations', '--service', SERVICE, '--out', out)
    const after = await readFile(file, 'utf8')
    const settled = await run('operations', '--check', '--service', SERVICE, '--out', out)

    const more = (score: string): string => score.replace(/^\d+/, (met) => String(Number(met) + 1))
    expect(scoreOf(after)).toEqual(scoreOf(before).map(more))
    expect(after).toContain('- [x] C3:')
    expect([drifted.code, settled.code]).toEqual([1, 0])
  })

  test('checklist counts the boxes that people add', async () => {
    const out = await scratchFolder()
    const file = join(out, 'operations', 'checklist.md')
    await run('operations', '--service', SERVICE, '--out', out)
    const before = await readFile(file, 'utf8')
    await writeFile(file, before.replace('<!-- end: target -->', '- [x] Ours: load test done\n<!-- end: target -->'))

    await run('operations', '--service', SERVICE, '--out', out)

    const [, target = ''] = scoreOf(await readFile(file, 'utf8'))
    const [met, all] = (scoreOf(before)[1] ?? '').split(' of ').map(Number)
    expect(target).toBe(`${Number(met) + 1} of ${Number(all) + 1}`)
  })
})

test('pages of operators keep what people wrote when they are generated again', async () => {
  const out = await scratchFolder()
  const file = join(out, 'operations', 'incidents.md')
  await mkdir(join(out, 'operations'))
  await run('generate', '--service', SERVICE, '--out', out)
  const written = (await readFile(file, 'utf8')).replace('not filled in yet.', 'Pager: 555.')
  await writeFile(file, written)

  const { code } = await run('generate', '--check', '--service', SERVICE, '--out', out)

  expect(written).toContain('Pager: 555.')
  expect(code).toBe(0)
})
