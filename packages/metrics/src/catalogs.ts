/** Metrics of things that services do and no @ops package wraps: declared here so that names, alerts and dashboards agree. */
import { type CounterDefinition, counter, defineMetrics, type HistogramDefinition, histogram } from '@ops/core'
import { seconds } from './buckets.ts'

/** Uploads to an object store: observe each one. */
export const storageMetrics: {
  readonly s3UploadDuration: HistogramDefinition<{ readonly result: readonly ['success', 'error'] }>
} = defineMetrics({
  s3UploadDuration: histogram('s3_upload_duration_seconds', {
    help: 'Duration of uploads to S3',
    labels: { result: ['success', 'error'] },
    buckets: seconds(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60),
  }),
})

/** Calls of language models. `model` is the model's name, `tool` the tool's, both from the code. */
export const llmMetrics: {
  readonly requestDuration: HistogramDefinition<{
    readonly model: 'string'
    readonly result: readonly ['success', 'error']
  }>
  readonly requestTokens: HistogramDefinition<{
    readonly model: 'string'
    readonly direction: readonly ['input', 'output']
  }>
  readonly toolCalls: CounterDefinition<{ readonly tool: 'string'; readonly result: readonly ['success', 'error'] }>
  readonly retrievals: CounterDefinition<{ readonly result: readonly ['found', 'empty'] }>
} = defineMetrics({
  requestDuration: histogram('llm_request_duration_seconds', {
    help: 'Duration of requests to a language model',
    labels: { model: 'string', result: ['success', 'error'] },
    buckets: seconds(0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120),
  }),
  requestTokens: histogram('llm_request_tokens', {
    help: 'Tokens per request to a language model',
    labels: { model: 'string', direction: ['input', 'output'] },
    buckets: [64, 256, 1024, 4096, 16_384, 65_536, 262_144],
  }),
  toolCalls: counter('llm_tool_calls_total', {
    help: 'Tool calls made for a language model',
    labels: { tool: 'string', result: ['success', 'error'] },
  }),
  retrievals: counter('llm_retrievals_total', {
    help: 'Retrievals made for a language model, by whether they found anything',
    labels: { result: ['found', 'empty'] },
  }),
})
