/** The services of Acme, with what is generated from their declarations and committed. */
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A service and its folder of generated files. */
export interface AcmeService {
  /** Name in logs and metrics, and of its scrape job. */
  readonly name: string
  /** The module that declares it. */
  readonly declaration: string
  /** The folder, with a slash at the end. */
  readonly folder: string
  /** How it is written anew. */
  readonly regenerate: string
}

/** All of them. */
export const ACME: readonly AcmeService[] = [
  service('orders', 'orders/src/ops.ts', 'orders/ops/'),
  service('pricing', 'acme/src/pricing/ops.ts', 'acme/ops/pricing/'),
  service('fulfilment-worker', 'acme/src/worker/ops.ts', 'acme/ops/worker/'),
]

function service(name: string, declaration: string, folder: string): AcmeService {
  const [example = ''] = folder.split('/')
  const path = (below: string): string => fileURLToPath(new URL(`../../examples/${below}`, import.meta.url))
  const regenerate = `pnpm --filter @ops-examples/${example} run generate`
  return { name, declaration: path(declaration), folder: path(folder), regenerate }
}

/** A generated dashboard, as far as tests read it. */
export interface GrafanaDashboard {
  readonly uid: string
  readonly title: string
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[]
}

/** The committed dashboards of a service. */
export function dashboardsOf({ folder }: AcmeService): readonly GrafanaDashboard[] {
  const files = readdirSync(`${folder}dashboards`).filter((file) => file.endsWith('.json'))
  return files.map((file) => JSON.parse(readFileSync(`${folder}dashboards/${file}`, 'utf8')) as GrafanaDashboard)
}

/** A rule of a generated rule file. */
export interface AlertRule {
  readonly alert: string
  readonly expr: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** The committed alert rules of a service. */
export function rulesOf({ folder }: AcmeService): readonly AlertRule[] {
  // The command line's own YAML: the root of the repository has none.
  const yaml = createRequire(new URL('../../packages/cli/package.json', import.meta.url))('yaml') as {
    parse(text: string): { readonly groups: readonly { readonly rules: readonly AlertRule[] }[] }
  }
  return yaml.parse(readFileSync(`${folder}alerts.yml`, 'utf8')).groups.flatMap(({ rules }) => rules)
}

/** True where the heading that a `runbook_url` names stands on the page it names. */
export function hasRunbook({ folder }: AcmeService, url: string): boolean {
  const [page = '', anchor] = url.split('#')
  const prose = readFileSync(`${folder}${page}`, 'utf8').replace(/^```[\s\S]*?^```$/gm, '')
  const headings = [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return headings.some((heading) => heading.toLowerCase().replaceAll(' ', '-') === anchor)
}
