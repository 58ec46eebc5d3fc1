import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'

type ExportResult = Parameters<Parameters<SpanExporter['export']>[1]>[0]

/** What the exporter does with the next batch. */
export type Outcome = 'accept' | 'hang' | 'throw' | Error

/** An exporter that keeps what it is given, and fails as it is told. */
export interface MemoryExporter extends SpanExporter {
  readonly spans: ReadableSpan[]
  readonly batches: number[]
  closed: boolean
  /** Outcomes of the next exports; accepted when none is left. */
  readonly script: Outcome[]
  /** By name, in the order of arrival. */
  names(): string[]
  named(name: string): ReadableSpan
}

export function createMemoryExporter(): MemoryExporter {
  const spans: ReadableSpan[] = []
  const batches: number[] = []
  const script: Outcome[] = []
  const exporter: MemoryExporter = {
    spans,
    batches,
    script,
    closed: false,
    names: () => spans.map((span) => span.name),
    named(name) {
      const found = spans.find((span) => span.name === name)
      if (found === undefined) throw new Error(`no span ${name} among ${exporter.names().join(', ')}`)
      return found
    },
    export(batch, done: (result: ExportResult) => void) {
      const outcome = script.shift() ?? 'accept'
      if (outcome === 'hang') return
      if (outcome === 'throw') throw new Error('cannot encode')
      if (outcome instanceof Error) return done({ code: 1, error: outcome })
      batches.push(batch.length)
      spans.push(...batch)
      done({ code: 0 })
    },
    async shutdown() {
      exporter.closed = true
    },
  }
  return exporter
}
