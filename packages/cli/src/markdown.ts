/** Markdown of generated pages. */

/** A fenced block. */
export function code(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``
}

/** Bullets. */
export function list(items: readonly string[]): string {
  return items.map((item) => `- ${item}`).join('\n')
}

/** Numbered steps. */
export function steps(items: readonly string[]): string {
  return items.map((item, at) => `${at + 1}. ${item}`).join('\n')
}

/** A table; bars in cells are escaped. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n')
}
