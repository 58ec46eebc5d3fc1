/**
 * The pure parts of each package (no I/O, no processes), and the tests that must notice a change of them.
 * What talks to Redis, sockets or files is left to fault tests: a mutant there costs seconds and mostly tests patience.
 */
export const targets = {
  core: {
    mutate: ['duration', 'ids', 'headers', 'metric', 'secrets', 'errors', 'work-context', 'current-context'],
    tests: ['*.test.ts', '!{readme,two-copies}.test.ts'],
  },
  config: {
    mutate: [
      '{text,number}-grammars',
      'grammar',
      'near-miss',
      'dotenv',
      'secret-value',
      'secret-forms',
      'parse-value',
      'partition',
      'change',
      'parity',
      'problem',
      'registry',
    ],
    tests: ['{grammars,grammars.property,secret,documents,load,override,snapshot,withstand,rotation}.test.ts'],
  },
  logger: {
    mutate: [
      'redact/{cards,credentials,key-folding,key-rules,key-words,pairs,personal,siblings,scan,cut-text}',
      'sampler',
    ],
    tests: ['{leaks,false-positives,writer,sampling,hostile.property,levels}.test.ts'],
  },
  metrics: {
    mutate: [
      '{buckets,declarations,label-values,merge,negotiate,number-text,sample-names,format-block,kinds,exemplars}',
    ],
    tests: [
      '{exposition,cardinality,merge.property,negotiate.property,recording.property,create-metrics,exemplars}.test.ts',
    ],
  },
  tracing: {
    mutate: ['{head,threshold,trace-state,decision,verdict,segment,segment-buffer,sampling,attribute-list,status}'],
    tests: [
      '{head,threshold.property,trace-state,segment-buffer,segment-state.property,span,estimates,tracing}.test.ts',
    ],
  },
  cache: {
    mutate: ['{tenant-key,codec,entry,epochs,next-load,process-tier,top-tenants,message,batch}'],
    tests: ['{tenant-key.property,codec.property,process-tier.property,pure-parts}.test.ts'],
  },
  queue: {
    mutate: ['{backoff,outcome,envelope,error-record,job-definition}', 'testing/ledger'],
    tests: ['{outcome.property,pure-parts}.test.ts'],
  },
}
