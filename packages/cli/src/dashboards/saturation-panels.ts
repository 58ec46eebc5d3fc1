/** The fourth golden signal: how full a replica is, beside the bounds of the alerts. */
import { select } from '../alerts/alert.ts'
import type { Subject } from '../subject.ts'
import type { Panel } from './panel.ts'
import { WINDOW } from './query.ts'

/** How full the replicas are, how many there are, and what they run. */
export function saturationPanels(subject: Subject): readonly Panel[] {
  const share = (used: string, limit: string): string => `${used} / ${select(subject, limit)}`
  const perReplica = '{{instance}}'
  return [
    {
      title: 'CPU',
      unit: 'percentunit',
      lines: [0.8],
      queries: [
        [
          share(`rate(${select(subject, 'process_cpu_seconds_total')}[${WINDOW}])`, 'process_cpu_limit_cores'),
          perReplica,
        ],
      ],
    },
    {
      title: 'Memory',
      unit: 'percentunit',
      lines: [0.85],
      queries: [[share(select(subject, 'process_memory_working_set_bytes'), 'process_memory_limit_bytes'), perReplica]],
    },
    {
      title: 'Event loop',
      unit: 'percentunit',
      queries: [[select(subject, 'nodejs_eventloop_utilization_ratio'), perReplica]],
    },
    {
      title: 'Disk',
      unit: 'percentunit',
      lines: [0.8, 0.85],
      queries: [[`1 - ${share(select(subject, 'disk_available_bytes'), 'disk_size_bytes')}`, '{{instance}} {{path}}']],
    },
    {
      title: 'Replicas that take traffic',
      unit: 'short',
      queries: [
        [`sum(${select(subject, 'service_ready')})`, 'ready'],
        [`sum(${select(subject, 'up')})`, 'up'],
      ],
    },
    {
      title: 'Versions',
      unit: 'short',
      queries: [[`count by (version, commit) (${select(subject, 'build_info')})`, '{{version}} {{commit}}']],
    },
  ]
}
