/** `ops audit`: whether a service is as the standard demands, by what there is. */
import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { AuditReport } from '../audit/audit.ts'
import { count } from '../audit/check.ts'
import { openProject } from '../audit/project.ts'
import { auditMarkdown, auditText } from '../audit/report.ts'
import { type CliContext, type Command, defineCommand, SERVICE_OPTION, toJson } from '../command/command.ts'
import { ENVIRONMENT_HELP, openEnvironment, SOURCE_OPTIONS } from '../config/environment.ts'
import { ArtefactFileError, UsageError } from '../errors.ts'
import { openSubject } from './open-subject.ts'

const DETAILS = `Reads the declaration, the files that git knows (or would), and the generated files; with --url it asks the ops port of
a replica, with --logs it reads lines that the service wrote, with --staging and --production it compares the two. What it is not
given it does not check, and says so. Secrets that it finds are named by place and kind, never shown.

A line with a reason, "ops audit: allow <requirement>, <why>", speaks for itself and the next line: C1, C3 and K2 pass it over.

${ENVIRONMENT_HELP}`

/** The audit. */
export const auditCommand: Command = defineCommand({
  words: ['audit'],
  summary:
    'whether the service is as the standard demands: files, image, manifests, a replica, its log lines; scored by phase',
  details: DETAILS,
  options: {
    ...SERVICE_OPTION,
    ...SOURCE_OPTIONS,
    root: { type: 'string', value: 'folder', default: '.', help: 'project whose files are looked at' },
    out: { type: 'string', value: 'folder', default: 'ops', help: 'where generated files are' },
    url: { type: 'string', value: 'url', help: 'ops port of a replica to ask (token from OPS_TOKEN)' },
    logs: { type: 'string', value: 'file', multiple: true, help: 'file of log lines to read' },
    staging: { type: 'string', value: 'environment', help: 'compared with --production' },
    production: { type: 'string', value: 'environment', help: 'compared with --staging' },
    phase: { type: 'string', value: '1|2', default: '2', help: 'findings of later phases are told, and exit 0' },
    report: { type: 'string', value: 'file', help: 'write the report there too, as Markdown' },
  },
  async run({ values, context }) {
    const { service, url, phase, staging, production } = values
    if (phase !== '1' && phase !== '2')
      throw new UsageError(`Cannot run ops audit: --phase is ${phase}, expected 1 or 2`)
    if (url !== undefined && !/^https?:\/\/[^/\s]/.test(url))
      throw new UsageError(`Cannot run ops audit: --url is ${url}, expected an address like http://127.0.0.1:9090`)
    if ((staging === undefined) !== (production === undefined))
      throw new UsageError('Cannot run ops audit: one environment is given, expected --staging and --production')
    const subject = await openSubject(service, context)
    const [{ alertsOf }, { auditService }] = await Promise.all([
      import('../alerts/alerts.ts'),
      import('../audit/audit.ts'),
    ])
    const underneath = { ...values, env: context.env }
    const report = await auditService({
      subject,
      groups: alertsOf(subject),
      project: openProject(resolve(values.root)),
      out: resolve(values.out),
      url,
      token: context.env['OPS_TOKEN'],
      logs: values.logs,
      environments:
        staging === undefined
          ? undefined
          : [await openEnvironment(staging, underneath), await openEnvironment(production, underneath)],
    })
    if (values.report !== undefined) await write(values.report, auditMarkdown(report))
    const ok = report.findings.every((finding) => finding.phase > Number(phase))
    tell(report, { ok, isJson: values.json, context })
    return ok ? 0 : 1
  },
})

function tell(
  report: AuditReport,
  { ok, isJson, context }: { ok: boolean; isJson: boolean; context: CliContext },
): void {
  if (isJson) {
    context.out(toJson({ ok, ...report }))
    return
  }
  context.out(auditText(report, context.paint))
  if (ok) context.out(`${context.paint('green', 'ok')} ${report.service}\n`)
  else context.err(`${context.paint('red', 'error')} ${count(report.findings.length, 'finding')}\n`)
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (error) {
    throw new ArtefactFileError('write', file, error)
  }
}
