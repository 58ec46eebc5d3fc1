/** Reads any Dockerfile as far as its rules need: stages, their bases, and their instructions. */

/** An instruction, its continued lines joined. */
export interface Instruction {
  /** In capitals. */
  readonly keyword: string
  readonly text: string
  /** Line it begins on, from 1. */
  readonly line: number
}

/** From one FROM to the next. */
export interface Stage {
  /** What it builds on, arguments filled in. */
  readonly base: string
  readonly name: string | undefined
  readonly line: number
  readonly instructions: readonly Instruction[]
}

const HEREDOC = /<<-?\s*["']?(\w+)["']?/g

/** The stages of a Dockerfile, in order. */
export function stagesOf(text: string): readonly Stage[] {
  const defaults: Record<string, string> = {}
  const stages: (Stage & { readonly instructions: Instruction[] })[] = []
  for (const instruction of instructionsOf(text)) {
    const last = stages.at(-1)
    if (instruction.keyword === 'FROM') stages.push(stageOf(instruction, defaults))
    else if (last !== undefined) last.instructions.push(instruction)
    else if (instruction.keyword === 'ARG') {
      const [, name = '', value = ''] = /^(\w+)(?:=(.*))?$/s.exec(instruction.text) ?? []
      defaults[name] = unquoted(value)
    }
  }
  return stages
}

/** Instructions without comments; what a heredoc holds belongs to the instruction that opens it. */
export function instructionsOf(text: string): readonly Instruction[] {
  const lines = text.split(/\r?\n/)
  const joiner = /^#\s*escape\s*=\s*`/im.test(text) ? '`' : '\\'
  const found: Instruction[] = []
  for (let at = 0; at < lines.length; at++) {
    const line = at + 1
    if (isPassedOver(lines[at])) continue
    let joined = lines[at] ?? ''
    while (joined.trimEnd().endsWith(joiner) && at + 1 < lines.length) {
      at++
      const next = lines[at] ?? ''
      // A comment, or an empty line, inside of a continued instruction does not end it.
      joined = isPassedOver(next) ? joined : joined.trimEnd().slice(0, -1) + next
    }
    for (const [, end] of joined.matchAll(HEREDOC))
      while (at + 1 < lines.length && lines[++at]?.trim() !== end) joined += `\n${lines[at]}`
    const [, keyword = '', rest = ''] = /^\s*(\w+)\s*(.*)$/s.exec(joined) ?? []
    if (keyword !== '') found.push({ keyword: keyword.toUpperCase(), text: rest.trim(), line })
  }
  return found
}

function isPassedOver(line = ''): boolean {
  return /^\s*(?:#|$)/.test(line)
}

function stageOf({ text, line }: Instruction, defaults: Readonly<Record<string, string>>) {
  const words = text.split(/\s+/).filter((word) => !word.startsWith('--'))
  const filled = (words[0] ?? '').replace(
    /\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))/g,
    (_, braced: string | undefined, fallback: string | undefined, plain: string | undefined) =>
      defaults[braced ?? plain ?? ''] || (fallback ?? ''),
  )
  const name = /^as$/i.test(words[1] ?? '') ? words[2]?.toLowerCase() : undefined
  return { base: unquoted(filled), name, line, instructions: [] as Instruction[] }
}

function unquoted(text: string): string {
  return text.replace(/^(["'])(.*)\1$/s, '$2')
}
