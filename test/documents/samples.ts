/**
 * The samples of the documents, as programs. Every `ts` block of a README or guide is one:
 *
 * - A block whose first line is `// a/path.ts` is that file of the document's project.
 * - Any other block is a program that runs to its end by itself. What it prints stands in its comments, `// prints …` a line,
 *   where `…` stands for anything.
 * - Files that only run as a service are driven by `docs/samples/<document>.ts`.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { files, read, root } from '../architecture/repository.ts'

/** A document and the samples in it. */
export interface DocumentSamples {
  readonly document: string
  /** Name of its folder below {@link extracted}, and of its driver. */
  readonly name: string
  readonly programs: readonly Sample[]
  readonly files: readonly Sample[]
  /** The driver's path, where there is one. */
  readonly driver: string | undefined
}

/** A block of code. */
export interface Sample {
  readonly file: string
  readonly code: string
  /** Lines it says it prints. */
  readonly prints: readonly string[]
}

/** Where samples are extracted to: ignored by git, and where every package can be imported. */
export const extracted: string = join(root, 'docs', 'samples', 'tmp')

/** Every document with samples. */
export const documents: readonly DocumentSamples[] = files
  .filter((file) => /^(?:README|packages\/[^/]+\/README|docs\/guides\/[^/]+)\.md$/.test(file))
  .map(samplesOf)
  .filter(({ programs, files }) => programs.length + files.length > 0)

function samplesOf(document: string): DocumentSamples {
  const name = document.replace(/^docs\/guides\/|\/?README\.md$|\.md$/g, '').replace('/', '-') || 'root'
  const blocks = [...read(document).matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => code as string)
  const samples = blocks.map((code, at) => {
    const file = /^\/\/ (\S+\.ts)\b/.exec(code)?.[1]
    const prints = [...code.matchAll(/\/\/ prints (.*)$/gm)].map(([, line]) => line as string)
    return { file: file ?? `sample-${at + 1}.ts`, code, prints, isProgram: file === undefined }
  })
  const driver = `docs/samples/${name}.ts`
  return {
    document,
    name,
    programs: samples.filter(({ isProgram }) => isProgram),
    files: samples.filter(({ isProgram }) => !isProgram),
    driver: files.includes(driver) ? driver : undefined,
  }
}

/** Writes all samples, with a Redis of this run in place of the usual address. */
export function extract(redisUrl: string): void {
  rmSync(extracted, { recursive: true, force: true })
  const { port } = new URL(redisUrl)
  for (const { name, programs, files } of documents) {
    for (const { file, code } of [...programs, ...files]) {
      const target = join(extracted, name, file)
      mkdirSync(dirname(target), { recursive: true })
      // Without an import or export it would be a script, whose names are everybody's.
      const module = /^(?:import|export) /m.test(code) ? '' : '\nexport {}\n'
      writeFileSync(target, code.replaceAll('redis://127.0.0.1:6379', redisUrl).replaceAll('6379', port) + module)
    }
  }
}

/** A pattern for exactly these lines. */
export function patternOf(prints: readonly string[]): RegExp {
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${prints.map((line) => `${line.split('…').map(literal).join('.*')}\\n`).join('')}$`)
}
