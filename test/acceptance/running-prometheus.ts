/** Starts a real Prometheus that scrapes services of this machine by rules of theirs, and asks it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, waitFor } from '@ops/testing'

/** A service to scrape. */
export interface ScrapedService {
  /** Its scrape job. */
  readonly name: string
  readonly opsPort: number
  /** The rule file. */
  readonly rules: string
}

/** A sample of an instant query. */
export interface PromSample {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [seconds: number, text: string]
}

/** An alert that Prometheus holds. */
export interface PromAlert {
  readonly state: 'pending' | 'firing'
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** A rule as it was loaded. */
export interface PromRule {
  readonly name: string
  readonly query: string
  readonly health: 'ok' | 'unknown' | 'err'
  readonly lastError?: string
}

/** A running Prometheus. */
export interface RunningPrometheus {
  /** Samples of an expression now. @throws Error with what Prometheus says of an expression it does not understand. */
  query(expression: string): Promise<readonly PromSample[]>
  alerts(): Promise<readonly PromAlert[]>
  rules(): Promise<readonly PromRule[]>
  /** `up` or `down` by scrape job. */
  targets(): Promise<Readonly<Record<string, string>>>
  /** Label sets of the exemplars of a series. */
  exemplars(selector: string): Promise<readonly Readonly<Record<string, string>>[]>
  stop(): Promise<void>
}

/**
 * Minutes of `for` become seconds, in this copy only: expressions, windows and thresholds stay as they are generated.
 * promtool's tests, which need no clock, hold the real times.
 */
function withSeconds(rules: string): string {
  return rules.replace(/^( +for: \d+)m$/gm, '$1s')
}

/** Starts it and resolves once it has scraped every service. */
export async function startPrometheus(services: readonly ScrapedService[]): Promise<RunningPrometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'ops-prometheus-'))
  const port = await freePort()
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(configuration(services)))
  for (const { name, rules } of services)
    writeFileSync(join(folder, `${name}.yml`), withSeconds(readFileSync(rules, 'utf8')))
  const child = spawn(
    'prometheus',
    [
      '--config.file=prometheus.yml',
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
      '--log.level=warn',
    ],
    { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const output: string[] = []
  child.stderr.on('data', (text: Buffer) => output.push(text.toString()))
  const prometheus = createClient(`http://127.0.0.1:${port}/api/v1/`, { child, folder })
  const isScraping = async (): Promise<boolean> => {
    if (child.exitCode !== null) return true
    const targets = await prometheus.targets().catch(() => ({}))
    return services.every(({ name }) => (targets as Record<string, string>)[name] === 'up')
  }
  try {
    await waitFor(isScraping, { timeoutMs: 120_000, everyMs: 100, what: 'every service to be scraped' })
    if (child.exitCode !== null) throw new Error('it ended')
  } catch (cause) {
    await prometheus.stop()
    throw new Error(`Cannot start Prometheus: ${output.join('')}`, { cause })
  }
  return prometheus
}

/** JSON is YAML, too. */
function configuration(services: readonly ScrapedService[]): unknown {
  return {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: services.map(({ name }) => `${name}.yml`),
    scrape_configs: services.map(({ name, opsPort }) => ({
      job_name: name,
      static_configs: [{ targets: [`127.0.0.1:${opsPort}`] }],
    })),
  }
}

function createClient(
  base: string,
  { child, folder }: { readonly child: ChildProcess; readonly folder: string },
): RunningPrometheus {
  const ask = async <T>(path: string, parameters: Readonly<Record<string, string>> = {}): Promise<T> => {
    const response = await fetch(`${base}${path}?${new URLSearchParams(parameters)}`)
    const answer = (await response.json()) as { readonly status: string; readonly error?: string; readonly data: T }
    if (answer.status !== 'success') throw new Error(`${answer.error} in ${JSON.stringify(parameters)}`)
    return answer.data
  }
  return {
    async query(expression) {
      return (await ask<{ readonly result: readonly PromSample[] }>('query', { query: expression })).result
    },
    async alerts() {
      return (await ask<{ readonly alerts: readonly PromAlert[] }>('alerts')).alerts
    },
    async rules() {
      const { groups } = await ask<{ readonly groups: readonly { readonly rules: readonly PromRule[] }[] }>('rules')
      return groups.flatMap(({ rules }) => rules)
    },
    async targets() {
      const { activeTargets } = await ask<{
        readonly activeTargets: readonly { readonly scrapePool: string; readonly health: string }[]
      }>('targets', { state: 'active' })
      return Object.fromEntries(activeTargets.map(({ scrapePool, health }) => [scrapePool, health]))
    },
    async exemplars(selector) {
      const now = Math.ceil(Date.now() / 1000)
      const found = await ask<
        readonly { readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>> }[] }[]
      >('query_exemplars', { query: selector, start: String(now - 600), end: String(now + 1) })
      return found.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels))
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
