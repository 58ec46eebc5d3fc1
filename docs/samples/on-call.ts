/** Generates what the guide says and finds an alert's runbook. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { runCli } from '@ops/cli'

async function ops(...args: readonly string[]): Promise<{ code: number; text: string }> {
  let text = ''
  const print = (part: string) => void (text += part)
  return { code: await runCli(args, { out: print, err: print, paint: (_, plain) => plain, env: process.env }), text }
}

const generated = await ops('generate')
assert.equal(generated.code, 0, generated.text)
assert.equal((await ops('generate', '--check')).code, 0)

const alerts = readFileSync('ops/alerts.yml', 'utf8')
const runbooks = [...alerts.matchAll(/runbook_url: \S*\/orders\/(\S+\.md)/g)].map(([, page]) => page)
assert.ok(runbooks.length > 5, alerts.slice(0, 500))
for (const page of runbooks) assert.ok(existsSync(`ops/runbooks/${page}`), page)
for (const label of ['severity: critical', 'severity: warning', 'respond_within:', 'owner: team-checkout']) {
  assert.ok(alerts.includes(label), label)
}
const page = readFileSync('ops/runbooks/checkout-errors-critical.md', 'utf8')
assert.match(page, /<!-- keep: \w+ -->/)
assert.ok(readdirSync('ops/dashboards').length >= 2)
