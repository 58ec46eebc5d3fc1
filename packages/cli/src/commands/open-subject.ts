import type { CliContext } from '../command/command.ts'
import { loadService } from '../load-service.ts'
import type { Subject } from '../subject.ts'

/** The declared service, ready for use; says which packages it implies and lacks. @throws ServiceUnreadableError */
export async function openSubject(service: string | undefined, { err, paint }: CliContext): Promise<Subject> {
  const { definition, operations } = await loadService(service)
  // Here and in the commands: what only some commands need is loaded by those alone, for help is asked for most.
  const { createSubject } = await import('../subject.ts')
  const subject = await createSubject(definition, operations)
  for (const name of subject.missing)
    err(`${paint('yellow', 'warning')} ${name} is not installed: the alerts on its metrics are left out\n`)
  return subject
}
