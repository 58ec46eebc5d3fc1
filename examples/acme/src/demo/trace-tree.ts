/** One trace as a tree for a terminal, with the traces that link to it below and the log lines at their spans. */
import type { CollectedEvent, CollectedSpan } from '@ops-examples/local'
import type { LogLine } from './service-process.ts'

/** The lines of the drawing. */
export function drawTrace(traceId: string, spans: readonly CollectedSpan[], lines: readonly LogLine[]): string[] {
  const own = spans.filter((span) => span.traceId === traceId).sort((a, b) => a.startMs - b.startMs)
  const ids = new Set(own.map(({ spanId }) => spanId))
  const roots = own.filter(({ parentSpanId }) => parentSpanId === undefined || !ids.has(parentSpanId))
  const linked = spans.filter((span) => span.links.includes(traceId))
  return [
    `trace ${traceId}`,
    ...roots.flatMap((root) => drawSpan(root, own, lines, '  ')),
    ...linked.flatMap((root) => [
      `linked trace ${root.traceId}`,
      ...drawSpan(
        root,
        spans.filter((span) => span.traceId === root.traceId),
        lines,
        '  ',
      ),
    ]),
  ]
}

function drawSpan(
  span: CollectedSpan,
  all: readonly CollectedSpan[],
  lines: readonly LogLine[],
  indent: string,
): string[] {
  const mark = span.error ? ' ✗' : ''
  const children = all.filter(({ parentSpanId }) => parentSpanId === span.spanId)
  return [
    `${indent}${span.service}  ${span.name}  ${span.durationMs.toFixed(1)} ms${mark}`,
    ...lines
      .filter((line) => line['trace_id'] === span.traceId && line['span_id'] === span.spanId)
      .map((line) => `${indent}    | ${line['level']}  ${line['message']}`),
    ...span.events.map((event) => `${indent}    · ${describeEvent(event)}`),
    ...children.flatMap((child) => drawSpan(child, all, lines, `${indent}  `)),
  ]
}

function describeEvent({ name, attributes }: CollectedEvent): string {
  const { 'exception.stacktrace': _, ...told } = attributes
  return [name, ...Object.values(told)].join('  ')
}
