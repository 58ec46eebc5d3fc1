/** `ops generate` and the commands of its parts: files from the declaration, or whether they still follow from it. */
import { resolve } from 'node:path'
import { type CliContext, type Command, defineCommand, SERVICE_OPTION, toJson } from '../command/command.ts'
import { compareOutput, type FileReport, writeOutput } from '../output.ts'
import { PART_SUMMARIES, PARTS, type Part } from '../parts.ts'
import { openSubject } from './open-subject.ts'

/** One command for everything, and one for each part. */
export const generateCommands: readonly Command[] = [
  generateCommand('generate', 'write everything below, or --check that it is up to date', PARTS),
  ...PARTS.map((part) => generateCommand(part, PART_SUMMARIES[part], [part])),
]

function generateCommand(word: string, summary: string, parts: readonly Part[]): Command {
  return defineCommand({
    words: [word],
    summary,
    options: {
      ...SERVICE_OPTION,
      out: { type: 'string', value: 'folder', default: 'ops', help: 'where files go' },
      check: { type: 'boolean', help: 'write nothing, exit 1 where files differ from the declaration' },
    },
    async run({ values: { service, out, check, json }, context }) {
      const subject = await openSubject(service, context)
      const { generateArtefacts } = await import('../artefacts.ts')
      const reports = await compareOutput(resolve(out), generateArtefacts(subject, parts))
      if (!check) await writeOutput(resolve(out), reports)
      const differing = reports.filter(({ state }) => state !== 'same')
      const holds = check ? differing.length === 0 : true
      if (json) context.out(toJson({ ok: holds, files: reports.map(({ path, state }) => ({ path, state })) }))
      else if (check) reportDrift(differing, { out, context, total: reports.length })
      else reportWritten(differing, { out, context, total: reports.length })
      return holds ? 0 : 1
    },
  })
}

interface Told {
  readonly out: string
  readonly total: number
  readonly context: CliContext
}

function reportDrift(differing: readonly FileReport[], { out, total, context }: Told): void {
  for (const { path, state } of differing) context.err(`${context.paint('red', 'drift')} ${out}/${path}: ${state}\n`)
  if (differing.length === 0) context.out(`${context.paint('green', 'ok')} ${total} files are up to date\n`)
  else if (differing.some(({ state }) => state === 'left over'))
    context.err('Run ops generate and commit what it writes; delete what is left over\n')
  else context.err('Run ops generate and commit what it writes\n')
}

function reportWritten(differing: readonly FileReport[], { out, total, context }: Told): void {
  const leftOver = differing.filter(({ state }) => state === 'left over')
  const written = differing.length - leftOver.length
  for (const { path } of leftOver)
    context.err(`${context.paint('yellow', 'left over')} ${out}/${path}: delete it once its notes are moved\n`)
  context.out(`${context.paint('green', 'ok')} ${written} of ${total - leftOver.length} files written to ${out}\n`)
}
