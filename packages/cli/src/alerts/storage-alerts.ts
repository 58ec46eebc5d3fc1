import type { Subject } from '../subject.ts'
import { type Alert, select } from './alert.ts'
import { levelAlert, seriesOf } from './level-alert.ts'
import { proveShare, shareExceeded } from './share.ts'

const UPLOADS = 's3_upload_duration_seconds_count'
const FAILING = 0.05

/** The availability of an object store, by its uploads; none without a declared one. */
export function storageAlerts(subject: Subject): readonly Alert[] {
  if (!subject.metrics.has('s3_upload_duration_seconds')) return []
  const [all, part] = [select(subject, UPLOADS), select(subject, UPLOADS, { result: 'error' })]
  const alert = levelAlert({
    name: 'StorageUploadsFailing',
    expr: shareExceeded({ part, all }, FAILING, ['5m']),
    forMinutes: 5,
    severity: 'warning',
    dashboard: 'resources',
    summary: `More than ${FAILING * 100} % of the uploads to the object store fail`,
    guidance: {
      symptoms: 'Uploads fail or are tried again.',
      impact: 'What users upload is refused or arrives late.',
      queries: [['How do uploads end?', `sum by (result) (rate(${all}[5m]))`]],
      causes: ['the store is down or throttles', 'its credential has expired', 'bucket policy or quota changed'],
      resolution: [
        'Look at the status of the provider.',
        'Does a small upload work? `aws s3 cp /etc/hostname "s3://$S3_BUCKET/ops-check"`',
      ],
      prevention: 'Retry with backoff; rotate credentials before they expire.',
    },
    proof: proveShare({
      ratio: FAILING,
      part: seriesOf(subject, UPLOADS, { result: 'error' }),
      rest: seriesOf(subject, UPLOADS, { result: 'success' }),
      windowMinutes: 5,
      forMinutes: 5,
    }),
  })
  return [alert]
}
