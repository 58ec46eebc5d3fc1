/** Panels of a dashboard, and the file that Grafana imports. */
import { createHash } from 'node:crypto'
import type { Subject } from '../subject.ts'

/** A graph. */
export interface Panel {
  readonly title: string
  /** Grafana's name of the unit: `s`, `reqps`, `percentunit`, `bytes`, `short`. */
  readonly unit: string
  /** Expressions with the text that names their lines. */
  readonly queries: readonly (readonly [expression: string, legend: string])[]
  /** Bounds drawn across, the mildest first. @defaultValue none */
  readonly lines?: readonly number[]
  /** Bottom of the scale; undefined follows the values. @defaultValue 0 */
  readonly min?: number | undefined
}

/** A dashboard for one audience. */
export interface Dashboard {
  /** File name without its ending. */
  readonly name: string
  readonly title: string
  readonly panels: readonly Panel[]
}

const DATASOURCE = { type: 'prometheus', uid: '$datasource' } as const
const COLUMNS = 2
const WIDTH = 12
const HEIGHT = 8

/** Identity of a dashboard, under which Grafana finds it: `/d/<uid>`. */
export function dashboardUid(service: string, name: string): string {
  return `ops-${createHash('sha256').update(`${service}/${name}`).digest('hex').slice(0, 20)}`
}

const COLOURS = ['yellow', 'orange', 'red']

/** JSON of a dashboard, the same for the same panels; its identity follows from service and name. */
export function dashboardJson({ definition, operations }: Subject, { name, title, panels }: Dashboard): string {
  const { name: service, owner } = definition
  const dashboard = {
    uid: dashboardUid(service, name),
    title,
    tags: ['ops', service, owner],
    schemaVersion: 39,
    editable: false,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }] },
    links: linksOf(service, operations.runbookBaseUrl),
    panels: panels.map(toJson),
  }
  return `${JSON.stringify(dashboard, null, 2)}\n`
}

/** To the service's other dashboards; to its runbooks where they have an address of their own. */
function linksOf(service: string, runbooks: string | undefined): readonly unknown[] {
  const others = { type: 'dashboards', title: service, tags: ['ops', service], asDropdown: true, keepTime: true }
  return [
    others,
    ...(runbooks !== undefined && /^https?:/.test(runbooks)
      ? [{ type: 'link', title: 'Runbooks', url: runbooks, icon: 'doc', targetBlank: true }]
      : []),
  ]
}

function toJson(panel: Panel, at: number): unknown {
  const { title, unit, queries, lines = [] } = panel
  return {
    id: at + 1,
    type: 'timeseries',
    title,
    datasource: DATASOURCE,
    gridPos: { x: (at % COLUMNS) * WIDTH, y: Math.floor(at / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: {
      defaults: { unit, ...('min' in panel ? {} : { min: 0 }), ...(lines.length === 0 ? {} : bounds(lines)) },
      overrides: [],
    },
    // Exemplars lead from a slow point of a histogram to its trace.
    targets: queries.map(([expr, legendFormat], query) => ({
      refId: String.fromCharCode(65 + query),
      datasource: DATASOURCE,
      expr,
      legendFormat,
      exemplar: expr.includes('_bucket{'),
    })),
  }
}

function bounds(lines: readonly number[]): object {
  const colours = COLOURS.slice(-lines.length)
  const steps = lines.map((value, at) => ({ color: colours[at] ?? 'red', value }))
  return {
    custom: { thresholdsStyle: { mode: 'line' } },
    thresholds: { mode: 'absolute', steps: [{ color: 'green', value: null }, ...steps] },
  }
}
