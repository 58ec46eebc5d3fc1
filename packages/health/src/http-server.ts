import type { Server } from 'node:http'
import type { Http2SecureServer, Http2Server } from 'node:http2'

/** A server of node:http, node:https or node:http2. */
export type HttpServer = Server | Http2Server | Http2SecureServer
