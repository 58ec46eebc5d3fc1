/** The default way out: OTLP over HTTP as JSON, with OpenTelemetry's transport and our encoding; loaded only when there is an endpoint. */
import type { Exit, ParcelExporter } from './exit.ts'
import { type EncodedSpan, encodeRequest, encodeSpan } from './otlp-json.ts'

/** Where and how OTLP is sent. */
export interface OtlpTarget {
  readonly endpoint: string
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly timeoutMs: number
}

/** The way out to a collector: spans wait encoded. */
export function createOtlpExit(target: OtlpTarget): Exit {
  return { pack: encodeSpan, load: () => loadExporter(target) }
}

async function loadExporter({ endpoint, headers, timeoutMs }: OtlpTarget): Promise<ParcelExporter> {
  const [{ OTLPExporterBase }, { convertLegacyHttpOptions, createOtlpHttpExportDelegate }, { JsonTraceSerializer }] =
    await Promise.all([
      import('@opentelemetry/otlp-exporter-base'),
      import('@opentelemetry/otlp-exporter-base/node-http'),
      import('@opentelemetry/otlp-transformer'),
    ])
  const options = convertLegacyHttpOptions(
    {
      url: tracesUrl(endpoint),
      timeoutMillis: timeoutMs,
      ...(headers === undefined ? {} : { headers: { ...headers } }),
    },
    'TRACES',
    'v1/traces',
    { 'Content-Type': 'application/json' },
  )
  const serializer = { ...JsonTraceSerializer, serializeRequest: encodeRequest }
  const counting = { name: 'span' as const, countItems: (spans: readonly EncodedSpan[]) => spans.length }
  const delegate = createOtlpHttpExportDelegate(options, serializer, 'otlp_http_span_exporter', counting, undefined)
  return new OTLPExporterBase(delegate)
}

/** The traces path of a base endpoint. */
export function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint)
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`
  return url.href
}
