/**
 * The way out of the process for kept spans: what a span is turned into the moment it is kept, and what sends it. A span
 * that waits as its own text keeps no request alive meanwhile and is not walked through by every garbage collection.
 */
import type { Resource } from '@opentelemetry/resources'
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace'

/** A span in the form it will leave in; exporters may not read it before its resource is complete. */
export interface Parcel {
  readonly resource: Resource
}

/** What sends parcels: OpenTelemetry's exporter, but for what it is handed. */
export interface ParcelExporter {
  export(parcels: readonly Parcel[], done: Parameters<SpanExporter['export']>[1]): void
  shutdown(): Promise<void>
}

/** See the top of the file. */
export interface Exit {
  /** The form in which a span waits. */
  pack(span: ReadableSpan): Parcel
  /** Loads what sends; called once, and again after it failed. */
  load(): Promise<ParcelExporter>
}

/** The way out through an exporter of OpenTelemetry's SDK: spans wait as they are. */
export function createExporterExit(exporter: SpanExporter): Exit {
  return {
    pack: (span) => span,
    load: () => Promise.resolve(exporter),
  }
}
