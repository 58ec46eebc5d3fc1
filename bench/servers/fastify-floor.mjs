// A lower bound, not a library: what the same signals cost when each request is touched once. One hook at each end, one log line,
// one histogram observation into a typed array, one server span, OTLP as hand-joined JSON over one keep-alive connection.
import { AsyncLocalStorage } from 'node:async_hooks'
import { openSync, writeSync } from 'node:fs'
import { Agent, request as httpRequest } from 'node:http'
import { hostname } from 'node:os'
import { has, require, serve, user } from './common.mjs'

const app = require('fastify')()
const als = new AsyncLocalStorage()
const RATE = Number(process.env.SAMPLE ?? 1),
  BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

// ids: random bytes in bulk, to hex by table
const hex = Array.from({ length: 65536 }, (_, i) => i.toString(16).padStart(4, '0'))
const pool = new Uint16Array(8192)
let pi = pool.length
const r16 = () => {
  if (pi === pool.length) {
    crypto.getRandomValues(new Uint8Array(pool.buffer))
    pi = 0
  }
  return hex[pool[pi++]]
}
const id8 = () => r16() + r16() + r16() + r16()

// log: one line, joined; written in blocks
const fd = openSync(process.env.LOG_DEST ?? '/dev/null', 'a')
let buf = '',
  due = false
const flush = () => {
  due = false
  if (buf) {
    writeSync(fd, buf)
    buf = ''
  }
}
const line = (s) => {
  buf += s
  if (buf.length > 16384) flush()
  else if (!due) {
    due = true
    setTimeout(flush, 100).unref()
  }
}
const esc = /["\\]|[^ -\ud7ff\ue000-\uffff]/
const str = (s) => (esc.test(s) ? JSON.stringify(s) : `"${s}"`)
const head = `{"level":30,"pid":${process.pid},"hostname":"${hostname()}","time":`

// metrics: method > route > status > histogram
const hist = new Map()
const sub = (m, k) => {
  let v = m.get(k)
  if (!v) m.set(k, (v = new Map()))
  return v
}
const observe = (method, route, status, sec) => {
  const m = sub(sub(hist, method), route)
  let h = m.get(status)
  if (!h) m.set(status, (h = new Float64Array(BUCKETS.length + 3)))
  let i = 0
  while (i < BUCKETS.length && sec > BUCKETS[i]) i++
  h[i]++
  h[BUCKETS.length + 1] += sec
  h[BUCKETS.length + 2]++
}

// traces: finished spans are joined as JSON in batches of 512
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const spans = []
const origin = performance.timeOrigin
const nano = (ms) => `${Math.trunc(ms)}${String(Math.trunc((ms % 1) * 1e6)).padStart(6, '0')}`
const send = () => {
  const batch = spans.splice(0)
  if (!batch.length) return
  let b =
    '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"bench"}}]},"scopeSpans":[{"scope":{"name":"floor"},"spans":['
  for (let i = 0; i < batch.length; i++) {
    const s = batch[i]
    b += `${i ? ',' : ''}{"traceId":"${s.trace}","spanId":"${s.span}"${s.parent ? `,"parentSpanId":"${s.parent}"` : ''},"name":${str(`${s.method} ${s.route}`)},"kind":2,"startTimeUnixNano":"${nano(origin + s.t0)}","endTimeUnixNano":"${nano(origin + s.t1)}","attributes":[{"key":"http.request.method","value":{"stringValue":"${s.method}"}},{"key":"http.route","value":{"stringValue":${str(s.route)}}},{"key":"url.path","value":{"stringValue":${str(s.url)}}},{"key":"url.scheme","value":{"stringValue":"http"}},{"key":"server.address","value":{"stringValue":${str(s.host)}}},{"key":"user_agent.original","value":{"stringValue":${str(s.agent)}}},{"key":"client.address","value":{"stringValue":${str(s.ip)}}},{"key":"http.response.status_code","value":{"intValue":${s.status}}}],"status":{}}`
  }
  const body = Buffer.from(`${b}]}]}]}`)
  const q = httpRequest(
    process.env.OTLP_URL,
    { method: 'POST', agent, headers: { 'content-type': 'application/json', 'content-length': body.length } },
    (r) => r.resume(),
  )
  q.on('error', () => {})
  q.end(body)
}
setInterval(send, 5000).unref()

if (has('trace') || has('log') || has('metrics')) {
  app.addHook('onRequest', (req, _reply, done) => {
    const h = req.headers.traceparent,
      c = {
        trace: '',
        span: id8(),
        parent: '',
        sampled: false,
        t0: performance.now(),
        t1: 0,
        method: '',
        route: '',
        url: '',
        host: '',
        agent: '',
        ip: '',
        status: 0,
      }
    if (h !== undefined && h.length === 55) {
      c.trace = h.slice(3, 35)
      c.parent = h.slice(36, 52)
      c.sampled = h.charCodeAt(54) & 1
    } else {
      c.trace = id8() + id8()
      c.sampled = RATE === 1 || Math.random() < RATE
    }
    req.ops = c
    als.run(c, done)
  })
  app.decorateRequest('ops', null)
  app.addHook('onResponse', (req, reply, done) => {
    const c = req.ops
    c.t1 = performance.now()
    const ms = c.t1 - c.t0
    c.method = req.method
    c.route = req.routeOptions.url ?? ''
    c.url = req.url
    c.host = req.host
    c.ip = req.ip
    c.status = reply.statusCode
    if (has('metrics')) observe(c.method, c.route, c.status, ms / 1000)
    if (has('log'))
      line(
        `${head}${Date.now()},"reqId":"${req.id}","trace_id":"${c.trace}","span_id":"${c.span}","req":{"method":"${c.method}","url":${str(c.url)},"host":${str(c.host)},"remoteAddress":"${c.ip}"},"res":{"statusCode":${c.status}},"responseTime":${ms},"msg":"request completed"}\n`,
      )
    if (has('trace') && c.sampled) {
      c.agent = req.headers['user-agent'] ?? ''
      spans.push(c)
      if (spans.length >= 512) send()
    }
    done()
  })
}
app.get('/api/users/:id', async (req) => user(req.params.id))
await app.listen({ port: 0, host: '127.0.0.1' })
serve(app.server.address().port)
