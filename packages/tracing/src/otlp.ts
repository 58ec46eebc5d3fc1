/** The default way out: OTLP over HTTP as JSON, which costs half of protobuf's CPU; loaded only when there is an endpoint. */
import type { SpanExporter } from '@opentelemetry/sdk-trace'

/** Where and how OTLP is sent. */
export interface OtlpTarget {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly timeoutMs: number
}

/** Loads the exporter. */
export async function loadOtlpExporter({ endpoint, headers, timeoutMs }: OtlpTarget): Promise<SpanExporter> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
  return new OTLPTraceExporter({
    url: tracesUrl(endpoint),
    timeoutMillis: timeoutMs,
    ...(headers === undefined ? {} : { headers: { ...headers } }),
  })
}

/** The traces path of a base endpoint. */
export function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint)
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`
  return url.href
}
