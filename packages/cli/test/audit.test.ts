import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { AUDIT_CHECKS } from '../src/audit/audit.ts'
import type { PhaseScore } from '../src/audit/score.ts'
import { createSubject } from '../src/subject.ts'
import { foundIn, projectWith, stateOf, textOf, verdictsOf } from './audit.fixture.ts'
import { opsPort } from './environments.ts'
import { run, runWith, SERVICE, scratchFolder } from './run-command.ts'
import service from './service.fixture.ts'

const CHECKLIST = 'ops/operations/checklist.md'

async function audit(root: string, ...args: string[]): ReturnType<typeof run> {
  return run('audit', '--service', SERVICE, '--root', root, '--out', join(root, 'ops'), ...args)
}

async function scoresOf(root: string): Promise<readonly PhaseScore[]> {
  return (JSON.parse((await audit(root, '--json')).out) as { scores: readonly PhaseScore[] }).scores
}

describe('AUDIT_CHECKS', () => {
  test('AUDIT_CHECKS cover the rows of the standard that an auditor answers', () => {
    const covered = new Set(AUDIT_CHECKS.map(({ requirement }) => requirement))

    for (const row of ['C1', 'C3', 'C4', 'C7', 'D1', 'H1', 'H3', 'H4', 'K2', 'L1', 'L3', 'L4', 'M1'])
      expect(covered).toContain(row)
  })

  test('AUDIT_CHECKS ask each question once, and say of each what to do', () => {
    const questions = AUDIT_CHECKS.map(({ question }) => question)

    expect(new Set(questions).size).toBe(questions.length)
    expect(AUDIT_CHECKS.filter(({ expected, mend }) => expected === '' || mend === '')).toEqual([])
  })
})

describe('ops audit', () => {
  test('ops audit exits 1 and says of each finding what is expected and how it is mended', async () => {
    const root = await projectWith({ Dockerfile: 'FROM node:24\nUSER root\n' })

    const { code, out, err } = await audit(root)

    expect(code).toBe(1)
    expect(out).toContain(
      'D1 Dockerfile:2: USER root\n   expected USER with a number that is not 0, so that Kubernetes can hold it to that\n   mend     ',
    )
    expect(out).toMatch(/^not checked\n(?: .*\n)* {2}C7 {2}Staging and production .+ give --staging and --production$/m)
    expect(out).toMatch(/Phase 1, baseline +\d+ of \d+ met/)
    expect(err).toMatch(/error \d+ findings\n$/)
  })

  test('ops audit --json tells every verdict, and which of them it could not give', async () => {
    const { code, out, err } = await audit(await projectWith(), '--json')

    const { ok, verdicts, findings, scores } = JSON.parse(out)
    expect({ code, ok, err }).toEqual({ code: 1, ok: false, err: '' })
    expect(findings[0]).toEqual({
      requirement: expect.any(String),
      phase: expect.any(Number),
      place: expect.any(String),
      found: expect.any(String),
      expected: expect.any(String),
      mend: expect.any(String),
    })
    expect(scores).toHaveLength(2)
    expect(verdicts.filter((each: { state: string }) => each.state === 'not checked').length).toBeGreaterThan(5)
  })

  test('ops audit --phase 1 exits 0 when only the target is not reached', async () => {
    const root = await scratchFolder()
    const module = join(root, 'src/ops.mjs')
    const definition = { name: 'tool', owner: 'me', tier: 3, settings: {}, jobs: [{ name: 'a' }], checks: { a: 1 } }
    const declared = { ...definition, labels: { project: 'p', 'cost-center': '1' } }
    const deploy = {
      baseImage: `node:24-slim@sha256:${'0'.repeat(64)}`,
      image: 'registry.example.com/tool',
      worker: { entry: 'dist/main.js' },
      mesh: 'istio',
    }
    await mkdir(dirname(module))
    await writeFile(
      module,
      `export default { definition: ${JSON.stringify(declared)} }\nexport const operations = ${JSON.stringify({ deploy })}\n`,
    )
    await writeFile(join(root, '.gitignore'), '.env\n')
    const here = ['--service', module, '--out', join(root, 'ops'), '--root', root]
    await run('generate', '--service', module, '--out', join(root, 'ops'))

    const [all, baseline] = [await run('audit', ...here), await run('audit', ...here, '--phase', '1')]

    expect(all.code).toBe(1)
    expect(baseline).toMatchObject({ code: 0, err: '' })
    expect(baseline.out).toMatch(/A2 declaration: not declared[\s\S]*ok tool\n$/)
  })

  test('ops audit --report writes the same as a page', async () => {
    const root = await projectWith({ 'src/a.ts': 'process.env.PAST_IT\n' })

    await audit(root, '--report', join(root, 'audit.md'))

    const page = await textOf(root, 'audit.md')
    expect(page).toMatch(/^# Audit of shop\n\n\| phase \| met \|/)
    expect(page).toContain('| C1 | src/a.ts:1 | PAST_IT is read from process.env |')
    expect(page).toMatch(/\| C7 \| 1 \| Staging and production .+ \| not checked \|/)
  })

  test('ops audit asks a replica with the token of OPS_TOKEN, and never writes it', async () => {
    const seen: unknown[] = []
    const url = await opsPort((response, headers) => {
      seen.push(headers['authorization'])
      response.writeHead(404).end()
    })
    const root = await projectWith()

    const { out } = await runWith(
      { env: { OPS_TOKEN: 'a-token-of-sixteen' } },
      ...['audit', '--service', SERVICE, '--root', root, '--url', url, '--json'],
    )

    expect(new Set(seen)).toEqual(new Set(['Bearer a-token-of-sixteen']))
    expect(out).not.toContain('a-token-of-sixteen')
  })

  test.each([
    [['--phase', '3'], 'Cannot run ops audit: --phase is 3, expected 1 or 2'],
    [['--url', 'localhost:9090'], '--url is localhost:9090, expected an address like http://127.0.0.1:9090'],
    [['--staging', 'staging.env'], 'one environment is given, expected --staging and --production'],
    [['--staging', 'gone.env', '--production', 'gone.env'], 'Cannot read environment gone.env'],
    [['--logs', 'gone.log'], 'Cannot read gone.log: ENOENT'],
    [['--report', 'gone/audit.md'], 'Cannot write gone/audit.md: ENOENT'],
    [['--lgos', 'x'], 'there is no option --lgos; did you mean --logs?'],
  ])('ops audit exits 2 when it is called with %j', async (args, problem) => {
    const { code, err } = await audit(await projectWith(), ...args)

    expect(code).toBe(2)
    expect(err).toContain(problem)
  })
})

describe('D5', () => {
  test('audit scores a phase by what it saw, what is declared and what people ticked', async () => {
    const plain = await projectWith({}, { generated: true })
    const page = await textOf(plain, CHECKLIST)
    const ticked = await projectWith({ [CHECKLIST]: page.replace('- [ ] C3:', '- [x] C3:') }, { generated: true })

    const [before, after] = [await scoresOf(plain), await scoresOf(ticked)]

    expect(after[0]?.of).toBe(before[0]?.of)
    expect(after[0]?.unticked).toBe(Number(before[0]?.unticked) - 1)
    expect(after[0]?.met).toBe(Number(before[0]?.met) + 1)
  })

  test('audit counts what it cannot look at neither as met nor as open', async () => {
    const without = await scoresOf(await projectWith())
    const withPipeline = await scoresOf(await projectWith({ '.gitlab-ci.yml': 'run: make\n' }))

    expect(withPipeline[0]).toMatchObject({
      met: without[0]?.met,
      of: Number(without[0]?.of) + 1,
      notChecked: Number(without[0]?.notChecked) - 1,
    })
  })

  test('audit judges a Dockerfile of your own in place of a declaration that is not there', async () => {
    const subject = await createSubject(service.definition)
    const question = /built from a base pinned by digest/

    const without = await verdictsOf(await projectWith(), { subject })
    const own = await verdictsOf(await projectWith({ Dockerfile: 'FROM node\n' }), { subject })

    expect(foundIn(without, 'D1')).toEqual(['declaration: not declared'])
    expect(stateOf(own, question)).toBeUndefined()
    expect(foundIn(own, 'D1')).toContain('Dockerfile:1: base node is not pinned')
  })
})
