/**
 * A package registry on loopback, in memory: what is published there can be installed from there. It knows nothing but
 * that, so a project asks it for one scope and the usual registry for the rest.
 */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

/** Resolves to `{ url, add, published, refused, stop }`; `published` are the manifests that were sent, in their order. */
export async function startLocalRegistry() {
  const packages = new Map()
  const tarballs = new Map()
  const published = []
  const refused = new Set()
  const server = createServer((request, response) => {
    const name = decodeURIComponent(request.url.slice(1))
    if (request.method === 'PUT' && refused.has(name)) return send(response, 403, { error: 'refused' })
    if (request.method === 'PUT') return receive(request, response, store)
    if (request.method !== 'GET') return send(response, 405, { error: 'method not allowed' })
    if (tarballs.has(name)) return response.end(tarballs.get(name))
    const document = packages.get(name)
    return document === undefined ? send(response, 404, { error: 'not found' }) : send(response, 200, document)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${server.address().port}/`

  function store(manifest, tarball, { tag = 'latest', at = new Date() } = {}) {
    const { name, version } = manifest
    const document = packages.get(name) ?? { name, 'dist-tags': {}, versions: {}, time: {} }
    if (document.versions[version] !== undefined) return false
    const file = `-/${name}-${version}.tgz`
    const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`
    const shasum = createHash('sha1').update(tarball).digest('hex')
    tarballs.set(file, tarball)
    document.versions[version] = { ...manifest, dist: { tarball: url + file, integrity, shasum } }
    document['dist-tags'][tag] = version
    document.time[version] = at.toISOString()
    document.time.modified = at.toISOString()
    packages.set(name, document)
    published.push(manifest)
    return true
  }

  return {
    url,
    published,
    /** Names of packages that may not be published now. */
    refused,
    /** Offers a packed package; `at` is when it claims to have been published. */
    add: (file, options) => store(manifestIn(file), readFileSync(file), options),
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/** The package.json in a tarball. */
export function manifestIn(file) {
  return JSON.parse(execFileSync('tar', ['-xzOf', file, 'package/package.json'], { encoding: 'utf8' }))
}

/** What `npm publish` and its kin send: the manifest, and the tarball as base64 beside it. */
async function receive(request, response, store) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const body = JSON.parse(Buffer.concat(chunks).toString())
  const [manifest] = Object.values(body.versions)
  const [{ data }] = Object.values(body._attachments)
  const [tag] = Object.keys(body['dist-tags'])
  const isNew = store(manifest, Buffer.from(data, 'base64'), { tag })
  if (isNew) send(response, 201, { ok: true })
  else send(response, 409, { error: `${manifest.name}@${manifest.version} is there already` })
}

function send(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
