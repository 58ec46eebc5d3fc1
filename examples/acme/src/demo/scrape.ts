/** Reads a Prometheus text exposition, as far as the report needs it. */

/** One sample. */
export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Scrapes an ops port. */
export async function scrape(opsPort: number): Promise<Sample[]> {
  const text = await (await fetch(`http://127.0.0.1:${opsPort}/metrics`)).text()
  return text.split('\n').flatMap(parseLine)
}

/** Sum of the samples of `name` whose labels match. */
export function sum(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  return samples
    .filter((one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value))
    .reduce((total, one) => total + one.value, 0)
}

function parseLine(line: string): Sample[] {
  const [, name, labels = '', value] = /^([a-z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
  if (name === undefined) return []
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label, text])
  return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }]
}
