import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run, SERVICE, scratchFolder } from './run-command.ts'

describe('the service cannot be read', () => {
  test('ops exits 2 and names the file when there is none', async () => {
    const { code, err } = await run('generate', '--service', 'nowhere/ops.ts')

    expect(code).toBe(2)
    expect(err).toBe(
      'error Cannot read service nowhere/ops.ts: there is no such file, expected a module whose default export is defineService({ … })\n',
    )
  })

  test.each([
    ['throws when imported', 'throw new Error("no licence")', 'importing it failed (no licence)'],
    ['is no code', 'export default {', 'importing it failed'],
    ['exports something else', 'export default { name: "shop" }', 'it exports no service'],
    ['exports nothing', 'export {}', 'it exports no service'],
  ])('ops exits 2 and says so when the module %s', async (_, code, problem) => {
    const file = join(await scratchFolder(), 'ops.mjs')
    await writeFile(file, code)

    const result = await run('explain', '--service', file)

    expect(result).toMatchObject({ code: 2, out: '', err: expect.stringContaining(problem) })
  })

  test('ops exits 1 and names the bound when operations contradict themselves', async () => {
    const file = join(await scratchFolder(), 'ops.mjs')
    const definition = { name: 'shop', owner: 'team-shop', tier: 1, settings: {} }
    await writeFile(
      file,
      `export default { definition: ${JSON.stringify(definition)} }; export const operations = { queueDepth: 0 }`,
    )

    const { code, err } = await run('explain', '--service', file)

    expect({ code, err }).toEqual({
      code: 1,
      err: 'error Cannot use operations: queueDepth is 0, expected an integer from 1\n',
    })
  })
})

describe('the output cannot be read or written', () => {
  test('ops exits 2 when the output folder is a file', async () => {
    const out = join(await scratchFolder(), 'ops')
    await writeFile(out, 'a file')

    const { code, err } = await run('env', '--service', SERVICE, '--out', out)

    expect(code).toBe(2)
    // The files are read at once: which of them is named is chance.
    expect(err).toMatch(/Cannot read .*: ENOTDIR/)
    expect(err).toContain(out)
  })

  test('ops exits 2 when a folder stands where a file belongs', async () => {
    const out = await scratchFolder()
    await mkdir(join(out, 'alerts.yml'))

    expect(await run('alerts', '--service', SERVICE, '--out', out)).toMatchObject({
      code: 2,
      err: expect.stringContaining('EISDIR'),
    })
  })

  test('ops writes a file anew when somebody deleted it', async () => {
    const out = await scratchFolder()
    await run('alerts', '--service', SERVICE, '--out', out)
    await rm(join(out, 'alerts.yml'))

    const { out: text } = await run('alerts', '--service', SERVICE, '--out', out)

    expect(text).toContain('ok 1 of 3 files written')
  })

  test.each([
    ['has lost a marker', '<!-- end: history -->', '', 'a part has lost one of its markers'],
    ['has a part twice', '## History', '<!-- keep: history -->\nb\n<!-- end: history -->', 'stands there twice'],
    [
      'has a part of another name',
      'keep: history -->\nNo incident yet.\n<!-- end: history',
      'keep: notes -->\nmine\n<!-- end: notes',
      'part notes has no place',
    ],
  ])('ops exits 1 and touches nothing when a runbook %s', async (_, from, to, problem) => {
    const out = await scratchFolder()
    const page = join(out, 'runbooks', 'cpu-high.md')
    await run('runbooks', '--service', SERVICE, '--out', out)
    const broken = (await readFile(page, 'utf8')).replace(from, to)
    await writeFile(page, broken)

    const { code, err } = await run('runbooks', '--service', SERVICE, '--out', out)

    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining(problem) })
    expect(await readFile(page, 'utf8')).toBe(broken)
  })
})

describe('wrong usage', () => {
  test.each([
    [[], 'no command, expected one of generate, env'],
    [['generat'], 'there is no such command, expected one of generate, env'],
    [['generat'], 'did you mean generate?'],
    [['quux'], 'explain, audit, config'],
    [['config'], 'Cannot run ops config: no command, expected one of show, explain, check, diff, parity'],
    [['config', 'parityy'], 'did you mean parity?'],
    [['generate', 'all'], 'all is given, expected options only'],
    [['config', 'diff', 'a'], 'a is given, expected <a> <b>'],
    [['config', 'explain'], 'nothing is given, expected <NAME…>'],
    [['generate', '--chek'], 'there is no option --chek; did you mean --check?'],
    [['generate', '--zzzzzz'], 'there is no option --zzzzzz\n'],
    [['explain', '--check'], 'it does not take --check, expected --service, --json, --help'],
    [['generate', '--out'], "'--out <value>' argument missing"],
    [['help', 'generat'], 'did you mean generate?'],
  ])('ops %j exits 2 and says what is known', async (args, problem) => {
    const { code, err } = await run(...args)

    expect(code).toBe(2)
    expect(err).toContain(problem)
    expect(err).toContain('Run ops --help')
  })

  test('ops answers in JSON when --json is given, errors too', async () => {
    const { code, out, err } = await run('generat', '--json')

    expect({ code, ok: JSON.parse(out).ok }).toEqual({ code: 2, ok: false })
    expect(err).toContain('Run ops --help')
  })
})
