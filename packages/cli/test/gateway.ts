import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Serves on a free port of this machine until the test is over; gives the address. */
export async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What a Pushgateway does of which reports make use: a group is put, and read as text. */
export function gateway(groups: Map<string, string>): RequestListener {
  return async (request, response) => {
    const job = /^\/metrics\/job\/(.+)$/.exec(request.url ?? '')?.[1]
    if (request.method === 'PUT' && job !== undefined) {
      let body = ''
      for await (const chunk of request) body += chunk
      groups.set(decodeURIComponent(job), body)
      response.end()
    } else if (request.method === 'GET' && request.url === '/metrics') {
      const lines = [...groups].flatMap(([name, body]) =>
        body.split('\n').map((line) => line.replace(/^(\w+) (\d+)$/, `$1{instance="",job="${name}"} $2`)),
      )
      response.end(`push_time_seconds{instance="",job="shop"} 1.7e+09\n${lines.join('\n')}\n`)
    } else response.writeHead(404).end()
  }
}
