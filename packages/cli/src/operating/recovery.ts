/** Pages on keeping data and doing maintenance, by the tier and by what the service stores. */
import type { Dependency } from '@ops/service'
import { code, list, steps, table } from '../markdown.ts'
import { keptBlock } from '../runbooks/hand-written.ts'
import type { Subject } from '../subject.ts'
import type { OperatingPage } from './document.ts'
import { OBJECTIVES } from './objectives.ts'

/** How each kind of store is saved and brought back; what is not here keeps nothing of ours. */
const STORES: Partial<Readonly<Record<Dependency['kind'], readonly [what: string, backup: string, restore: string]>>> =
  {
    postgres: [
      'everything that must not be lost',
      'base backup and archived write-ahead log (point-in-time recovery)',
      `createdb restored && pg_restore --no-owner --exit-on-error -d restored <dump>   # or recover the base backup to a point in time
psql restored -c "select count(*) from pg_stat_user_tables"`,
    ],
    redis: [
      'jobs that wait, sessions; caches may be lost',
      'append-only file on a persistent volume, and a replica',
      'redis-cli -u "$REDIS_URL" info persistence   # aof_enabled:1, aof_last_write_status:ok',
    ],
    s3: [
      'what users uploaded',
      'versioning and replication to a second region, with a lifecycle rule for old versions',
      'aws s3api list-object-versions --bucket "$S3_BUCKET" --prefix <key>   # then copy the version that was right',
    ],
  }

/** What is saved, how it is brought back, and how soon. */
export function backupPage({ definition }: Subject): OperatingPage {
  const { name, tier, dependencies = {} } = definition
  const { rto, rpo, backupEvery, drillEvery } = OBJECTIVES[tier]
  const stores = Object.entries(dependencies).flatMap(([dependency, { kind }]) => {
    const store = STORES[kind]
    return store === undefined ? [] : [[dependency, ...store] as const]
  })
  return {
    file: 'backup.md',
    title: 'Backup and recovery',
    summary: `${name} is tier ${tier}: at most **${rpo}** of data may be lost (RPO), and it is back within **${rto}** (RTO).`,
    sections: [
      [
        'What is saved',
        stores.length === 0
          ? 'The declaration names no store: nothing of its own is to be saved, and recovery is a deployment.'
          : `${table(
              ['store', 'holds', 'saved by'],
              stores.map(([dependency, holds, backup]) => [dependency, holds, backup]),
            )}\n\nBackups are taken ${backupEvery}. They are encrypted, lie in another account, and cannot be deleted by what writes them.`,
      ],
      ...stores.map(([dependency, , , restore]): readonly [string, string] => [
        `Bringing ${dependency} back`,
        code('sh', restore),
      ]),
      [
        'Recovery',
        steps([
          'Declare the incident (`incidents.md`), and stop what writes wrongly: scale to 0, or switch the feature off.',
          `Restore beside the damaged store, never over it; pick the newest point before the damage, not older than ${rpo}.`,
          'Compare counts and a few records with what is known.',
          'Point the service at it: change the secret, restart, run the smoke suite.',
          'Work off what came in between: dead letters, uploads, the audit log.',
        ]),
      ],
      [
        'Drill',
        `Every ${drillEvery} a restore is done for real, from the backup alone, and timed against ${rto}. A backup that was never restored is a hope.

${keptBlock('drills', 'Drills (date, who, time it took, data lost): none yet.')}`,
      ],
      [
        'Where backups lie',
        keptBlock('locations', 'Account, bucket, retention, who may read them: not filled in yet.'),
      ],
    ],
  }
}

/** When work may be done that users can notice. */
export function maintenancePage({ definition }: Subject): OperatingPage {
  const { name, owner, tier } = definition
  const { announceBefore, window } = OBJECTIVES[tier]
  return {
    file: 'maintenance.md',
    title: 'Maintenance windows',
    summary: `When work on ${name} may be done that users can notice, and how it is announced.`,
    sections: [
      [
        'Rules',
        list([
          `Window (tier ${tier}): ${window}.`,
          `Announced ${announceBefore} before, with what will not work and for how long.`,
          'A deployment that drains needs no window: no request is lost.',
          'Changes freeze while an error budget is used up, and while an incident of SEV-1 or SEV-2 is open.',
        ]),
      ],
      [
        'In the window',
        steps([
          `Silence exactly the alerts that will fire: \`amtool silence add service=${name} alertname=~"<names>" --duration=<time> --comment="<issue>" --author=${owner}\`.`,
          'Take a backup, and look that it is there.',
          'Do the work; write each step with its time.',
          'Run the smoke suite, end the silence, and say that it is over.',
          'Half the window gone and not sure: go back.',
        ]),
      ],
      ['Planned', keptBlock('planned', 'Nothing planned.')],
    ],
  }
}
