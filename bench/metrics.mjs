// Metrics: recording, and scrapes of 1,000 to 100,000 series. Run: node metrics.mjs [group substring]
import { createRequire } from 'node:module'
import { Worker } from 'node:worker_threads'
import { micro } from './lib/micro.mjs'
import { median } from './lib/stats.mjs'

const require = createRequire(import.meta.url)

const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5] // 10, and +Inf
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const ROUTES = Array.from({ length: 10 }, (_, i) => `/api/v1/thing${i}/:id`)
const CODES = ['200', '500']
const SETS = METHODS.flatMap((method) =>
  ROUTES.flatMap((route) => CODES.map((status_code) => ({ method, route, status_code }))),
) // 100 label sets
const labelNames = ['method', 'route', 'status_code']
const at = (i) => SETS[(i * 7) % 100]
// A new object a call, as in a request handler.
const fresh = (i) => {
  const set = at(i)
  return { method: set.method, route: set.route, status_code: set.status_code }
}
const val = (i) => ((i * 2654435761) >>> 0) / 2 ** 32 // 0..1, spread over the buckets

const ours = async (options) => {
  const { counter, createMetrics, histogram } = await import('../packages/metrics/dist/index.js')
  const labels = { method: METHODS, route: 'string', status_code: CODES }
  return createMetrics(
    {
      counter: counter('c_total', { help: 'c', labels }),
      histogram: histogram('h', { help: 'h', labels, buckets: BUCKETS }),
    },
    { service: 'bench', ...options },
  )
}
const otel = async () => {
  const { MeterProvider } = await import('@opentelemetry/sdk-metrics')
  const { PrometheusExporter, PrometheusSerializer } = await import('@opentelemetry/exporter-prometheus')
  const reader = new PrometheusExporter({ preventServerStart: true })
  const views = [{ instrumentName: '*', aggregationCardinalityLimit: 1e6 }] // the default, 2,000, folds further series into one
  const meter = new MeterProvider({ readers: [reader], views }).getMeter('bench')
  const serializer = new PrometheusSerializer()
  return { meter, scrape: async () => serializer.serialize((await reader.collect()).resourceMetrics) }
}
const histogramOptions = { advice: { explicitBucketBoundaries: BUCKETS } }
// prom-client first: it is the base of every ratio.
const clients = [
  ['prom-client 15', 'prom-client'],
  ['@prometheus-io/client 0.16', '@prometheus-io/client'],
]
const each = (make) => clients.map(([name, pkg]) => ({ name, setup: () => make(require(pkg)) }))

/** n series in all: half in a counter, half in a 10-bucket histogram (13 series a label set), 3 labels each. */
const labelSet = (i) => ({
  method: METHODS[i % 5],
  route: `/api/v1/thing${(i / 10) | 0}/:id`,
  status_code: CODES[((i / 5) | 0) % 2],
})
/** `counter` and `histogram` take labels and give a bound handle; returns all handles. */
const fill = (n, counter, histogram) => {
  const incs = Array.from({ length: n / 2 }, (_, i) => counter(labelSet(i)))
  const observes = Array.from({ length: Math.round(n / 2 / 13) }, (_, i) => histogram(labelSet(i)))
  for (const [i, inc] of incs.entries()) inc(i + 1)
  for (const [i, observe] of observes.entries()) for (let k = 0; k < 5; k++) observe(val(i * 5 + k))
  return { incs, observes }
}
/** CPU this thread used, in ms: unlike wall time it does not count the neighbours' turns. */
const threadCpu = () => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1000
}
/** Longest turn of the main thread's event loop while `scrape` runs, in wall and in CPU time. */
const longestBlock = async (scrape) => {
  const gaps = []
  for (let round = 0; round < 9; round++) {
    const worst = { wall: 0, cpu: 0 }
    let last = { wall: performance.now(), cpu: threadCpu() }
    let on = true
    const tick = () => {
      const now = { wall: performance.now(), cpu: threadCpu() }
      worst.wall = Math.max(worst.wall, now.wall - last.wall)
      worst.cpu = Math.max(worst.cpu, now.cpu - last.cpu)
      last = now
      if (on) setImmediate(tick)
    }
    setImmediate(tick)
    await new Promise(setImmediate)
    await scrape()
    await new Promise(setImmediate)
    on = false
    await new Promise(setImmediate)
    gaps.push(worst)
  }
  return { wall: median(gaps.map((gap) => gap.wall)), cpu: median(gaps.map((gap) => gap.cpu)) }
}
/** `touch` changes numbers between scrapes, as traffic does. */
const scraper = (scrape, touch) => {
  let round = 0
  const bytes = async () => {
    const text = await scrape()
    return typeof text === 'string' ? Buffer.from(text) : text // bytes, as an HTTP response needs
  }
  return {
    async: true,
    op: () => {
      touch(round++)
      return bytes()
    },
    info: async () => {
      const body = await bytes()
      const series = body
        .toString()
        .split('\n')
        .filter((line) => line && line[0] !== '#').length
      const { wall, cpu } = await longestBlock(bytes)
      return { series, KB: Math.round(body.length / 1024), 'longest block, ms': wall, 'longest block, CPU ms': cpu }
    },
  }
}
/** Everything moves between two scrapes, so that nothing can be answered from the last one; bound handles, as the cost counts. */
const touchAll =
  ({ incs, observes }) =>
  () => {
    for (const inc of incs) inc(1)
    for (const observe of observes) observe(0.3)
  }
const still = () => () => {}

/** A scraper in a thread of its own, as Prometheus is elsewhere: the process under test only serves. */
const scrapedOverHttp = async (metrics) => {
  const { port } = await metrics.serve({ port: 0 })
  const code = `
    const { parentPort } = require('node:worker_threads')
    const { get, Agent } = require('node:http')
    const agent = new Agent({ keepAlive: true })
    parentPort.on('message', () => {
      get({ port: ${port}, path: '/metrics', agent }, (response) => {
        const parts = []
        response.on('data', (part) => parts.push(part)).on('end', () => {
          const body = new Uint8Array(Buffer.concat(parts))
          parentPort.postMessage(body, [body.buffer])
        })
      })
    })`
  const client = new Worker(code, { eval: true })
  return () =>
    new Promise((resolve) => {
      client.once('message', (body) => resolve(Buffer.from(body.buffer)))
      client.postMessage('scrape')
    })
}

const scrapeGroup = (n, title, touching) => ({
  title: `${title} ${n.toLocaleString('en-US')} series`,
  unit: 'ms',
  core: '0-1', // the worker thread may have a core of its own, as in production
  rounds: n >= 1e5 ? 9 : 15,
  contenders: [
    ...each((client) => {
      const registers = [new client.Registry()]
      const counter = new client.Counter({ name: 'c_total', help: 'c', labelNames, registers })
      const histogram = new client.Histogram({ name: 'h', help: 'h', labelNames, buckets: BUCKETS, registers })
      const handles = fill(
        n,
        ...bindWith(
          (labels) => counter.labels(labels),
          (labels) => histogram.labels(labels),
        ),
      )
      return scraper(() => registers[0].metrics(), touching(handles))
    }),
    {
      name: 'OTel sdk-metrics + exporter-prometheus',
      setup: async () => {
        const { meter, scrape } = await otel()
        const counter = meter.createCounter('c')
        const histogram = meter.createHistogram('h', histogramOptions)
        const handles = fill(
          n,
          (labels) => (by) => counter.add(by, labels),
          (labels) => (value) => histogram.record(value, labels),
        )
        return scraper(scrape, touching(handles))
      },
    },
    {
      name: '@ops/metrics, expose() on the main thread',
      setup: async () => {
        const { metrics, handles } = await filled(n)
        return scraper(() => metrics.expose(), touching(handles))
      },
    },
    {
      name: '@ops/metrics, serve(): worker thread and HTTP included',
      setup: async () => {
        const { metrics, handles } = await filled(n)
        return scraper(await scrapedOverHttp(metrics), touching(handles))
      },
    },
  ],
})
const bindWith = (counter, histogram) => [
  (labels) => {
    const bound = counter(labels)
    return (by) => bound.inc(by)
  },
  (labels) => {
    const bound = histogram(labels)
    return (value) => bound.observe(value)
  },
]
const filled = async (n) => {
  const metrics = await ours({ maxSeriesPerMetric: 1e6, maxValuesPerLabel: 1e6 })
  const { counter, histogram } = metrics
  return {
    metrics,
    handles: fill(
      n,
      ...bindWith(
        (labels) => counter.bind(labels),
        (labels) => histogram.bind(labels),
      ),
    ),
  }
}

await micro({
  name: 'metrics',
  url: import.meta.url,
  versions: [
    'prom-client',
    '@prometheus-io/client',
    '@opentelemetry/sdk-metrics',
    '@opentelemetry/exporter-prometheus',
  ],
  groups: [
    {
      title: 'counter.inc({3 labels})',
      contenders: [
        ...each((client) => {
          const counter = new client.Counter({ name: 'c', help: 'c', labelNames, registers: [] })
          return (i) => counter.inc(fresh(i))
        }),
        {
          name: 'OTel counter.add(1, attributes)',
          setup: async () => {
            const counter = (await otel()).meter.createCounter('c')
            return (i) => counter.add(1, fresh(i))
          },
        },
        {
          name: '@ops/metrics',
          setup: async () => {
            const { counter } = await ours()
            return (i) => counter.inc(fresh(i))
          },
        },
      ],
    },
    {
      title: 'counter, bound .inc()',
      contenders: [
        ...each((client) => {
          const counter = new client.Counter({ name: 'c', help: 'c', labelNames, registers: [] })
          const bound = SETS.map((set) => counter.labels(set))
          return (i) => bound[(i * 7) % 100].inc()
        }),
        {
          name: 'OTel counter.add, constant attributes',
          setup: async () => {
            const counter = (await otel()).meter.createCounter('c')
            return (i) => counter.add(1, at(i))
          },
        },
        {
          name: '@ops/metrics',
          setup: async () => {
            const { counter } = await ours()
            const bound = SETS.map((set) => counter.bind(set))
            return (i) => bound[(i * 7) % 100].inc()
          },
        },
      ],
    },
    {
      title: 'histogram.observe({3 labels}, v)',
      contenders: [
        ...each((client) => {
          const histogram = new client.Histogram({ name: 'h', help: 'h', labelNames, buckets: BUCKETS, registers: [] })
          return (i) => histogram.observe(fresh(i), val(i))
        }),
        {
          name: 'OTel histogram.record',
          setup: async () => {
            const histogram = (await otel()).meter.createHistogram('h', histogramOptions)
            return (i) => histogram.record(val(i), fresh(i))
          },
        },
        {
          name: '@ops/metrics',
          setup: async () => {
            const { histogram } = await ours()
            return (i) => histogram.observe(fresh(i), val(i))
          },
        },
      ],
    },
    {
      title: 'histogram, bound .observe(v)',
      contenders: [
        ...each((client) => {
          const histogram = new client.Histogram({ name: 'h', help: 'h', labelNames, buckets: BUCKETS, registers: [] })
          const bound = SETS.map((set) => histogram.labels(set))
          return (i) => bound[(i * 7) % 100].observe(val(i))
        }),
        {
          name: 'OTel histogram.record, constant attributes',
          setup: async () => {
            const histogram = (await otel()).meter.createHistogram('h', histogramOptions)
            return (i) => histogram.record(val(i), at(i))
          },
        },
        {
          name: '@ops/metrics',
          setup: async () => {
            const { histogram } = await ours()
            const bound = SETS.map((set) => histogram.bind(set))
            return (i) => bound[(i * 7) % 100].observe(val(i))
          },
        },
      ],
    },
    scrapeGroup(1000, 'scrape', still),
    scrapeGroup(10_000, 'scrape', still),
    scrapeGroup(100_000, 'scrape', still),
    scrapeGroup(100_000, 'all changed, scrape', touchAll),
  ],
})
