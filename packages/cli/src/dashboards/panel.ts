/** Panels of a dashboard, and the file that Grafana imports. */
import { createHash } from 'node:crypto'

/** A graph. */
export interface Panel {
  readonly title: string
  /** Grafana's name of the unit: `s`, `reqps`, `percentunit`, `bytes`, `short`. */
  readonly unit: string
  /** Expressions with the text that names their lines. */
  readonly queries: readonly (readonly [expression: string, legend: string])[]
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

/** JSON of a dashboard, the same for the same panels; its identity follows from service and name. */
export function dashboardJson(service: string, { name, title, panels }: Dashboard): string {
  const dashboard = {
    uid: dashboardUid(service, name),
    title,
    tags: ['ops', service],
    schemaVersion: 39,
    editable: false,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }] },
    panels: panels.map(toJson),
  }
  return `${JSON.stringify(dashboard, null, 2)}\n`
}

function toJson({ title, unit, queries }: Panel, at: number): unknown {
  return {
    id: at + 1,
    type: 'timeseries',
    title,
    datasource: DATASOURCE,
    gridPos: { x: (at % COLUMNS) * WIDTH, y: Math.floor(at / COLUMNS) * HEIGHT, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
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
