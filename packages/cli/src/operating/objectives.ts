/** What a tier means: how soon it is back, how much may be lost, how soon people answer. */
import type { Tier } from '@ops/service'

/** Objectives of a tier. */
export interface Objectives {
  /** Recovery time objective: longest outage after a loss. */
  readonly rto: string
  /** Recovery point objective: most data that may be lost, as a span of time. */
  readonly rpo: string
  /** How often a backup must be taken to keep the recovery point. */
  readonly backupEvery: string
  /** How often a restore is tried. */
  readonly drillEvery: string
  /** How long before a maintenance window it is announced. */
  readonly announceBefore: string
  /** When maintenance may be done. */
  readonly window: string
  /** The severity that an outage of the whole service has. */
  readonly outage: 'SEV-1' | 'SEV-2' | 'SEV-3'
}

/** Objectives by tier. */
export const OBJECTIVES: Readonly<Record<Tier, Objectives>> = {
  1: {
    rto: '1 h',
    rpo: '5 min',
    backupEvery: 'continuously (log shipping), and a full one a day',
    drillEvery: '3 months',
    announceBefore: '7 days',
    window: 'Sunday 02:00 to 04:00, in the time zone of most users; without an outage wherever it can be done',
    outage: 'SEV-1',
  },
  2: {
    rto: '4 h',
    rpo: '1 h',
    backupEvery: 'every hour, and a full one a day',
    drillEvery: '6 months',
    announceBefore: '3 days',
    window: 'Saturday and Sunday 00:00 to 06:00, in the time zone of most users',
    outage: 'SEV-2',
  },
  3: {
    rto: '24 h',
    rpo: '24 h',
    backupEvery: 'once a day',
    drillEvery: '12 months',
    announceBefore: '1 day',
    window: 'any day 20:00 to 06:00',
    outage: 'SEV-3',
  },
}
