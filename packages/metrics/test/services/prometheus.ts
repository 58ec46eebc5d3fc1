/** Runs the real Prometheus against one target, with a data directory of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** False on machines where the two programs cannot be had; the whole test command installs them where it can. */
export const hasPrometheus: boolean = ['promtool', 'prometheus'].every(
  (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).status === 0,
)

/** What `promtool check metrics` has to say; empty when it finds nothing. @throws when it exits with another code than 0. */
export function checkMetrics(text: string): string {
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
  if (status !== 0) throw new Error(`promtool exited with ${status}: ${stderr}`)
  return stdout + stderr
}

export interface Prometheus {
  /** The result vector of an instant query. */
  query(expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]>
  /** What it says of its targets. */
  targets(): Promise<{ health: string; lastError: string; scrapeUrl: string }[]>
  exemplars(expression: string): Promise<{ exemplars: { labels: Record<string, string> }[] }[]>
  stop(): Promise<void>
}

export async function startPrometheus(targetPort: number): Promise<Prometheus> {
  const directory = await mkdtemp(join(tmpdir(), 'ops-prometheus-'))
  const port = await freePort()
  const config = {
    scrape_configs: [
      {
        job_name: 'test',
        scrape_interval: '1s',
        scrape_timeout: '1s',
        static_configs: [{ targets: [`127.0.0.1:${targetPort}`] }],
      },
    ],
  }
  // JSON is YAML.
  await writeFile(join(directory, 'prometheus.yml'), JSON.stringify(config))
  const args = [
    `--config.file=${join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${join(directory, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--enable-feature=exemplar-storage',
  ]
  const child: ChildProcess = spawn('prometheus', args, { stdio: 'ignore' })
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined)
    return response?.ok === true ? ((await response.json()) as { data: never }).data : undefined
  }
  return {
    query: async (expression) =>
      ((await ask(`query?query=${encodeURIComponent(expression)}`)) as { result: [] } | undefined)?.result ?? [],
    targets: async () => ((await ask('targets')) as { activeTargets: [] } | undefined)?.activeTargets ?? [],
    exemplars: async (expression) => {
      const now = Date.now() / 1000
      const range = `&start=${now - 600}&end=${now + 60}`
      return (await ask(`query_exemplars?query=${encodeURIComponent(expression)}${range}`)) ?? []
    },
    async stop() {
      if (child.exitCode === null) {
        const exit = once(child, 'exit')
        child.kill('SIGKILL')
        await exit
      }
      await rm(directory, { recursive: true, force: true })
    },
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
