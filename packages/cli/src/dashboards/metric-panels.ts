import type { MetricDefinition } from '@ops/core'
import { select } from '../alerts/alert.ts'
import type { Subject } from '../subject.ts'
import type { Panel } from './panel.ts'
import { quantiles, WINDOW } from './query.ts'

/** One panel a metric, by its kind and all its labels. */
export function metricPanels(subject: Subject, metrics: readonly MetricDefinition[]): readonly Panel[] {
  return metrics.map(({ kind, name, help, labels }) => {
    const names = Object.keys(labels)
    const by = names.length === 0 ? '' : ` by (${names.join(', ')})`
    const legend = names.length === 0 ? name : names.map((label) => `{{${label}}}`).join(' ')
    const isSeconds = name.endsWith('_seconds')
    if (kind === 'histogram') return { title: help, unit: isSeconds ? 's' : 'short', queries: quantiles(subject, name) }
    if (kind === 'counter')
      return {
        title: `${help}, a second`,
        unit: 'cps',
        queries: [[`sum${by} (rate(${select(subject, name)}[${WINDOW}]))`, legend]],
      }
    return { title: help, unit: isSeconds ? 's' : 'short', queries: [[`max${by} (${select(subject, name)})`, legend]] }
  })
}
