/** Drains HTTP/2 sessions in two steps: announce first, so that requests under way are still taken, then close. */
import { Server as HttpServer1 } from 'node:http'
import { constants, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import { Server as HttpsServer1 } from 'node:https'
import type { Socket } from 'node:net'
import { type TLSSocket, Server as TlsServer } from 'node:tls'
import type { HttpServer } from './http-server.ts'

/** The sessions of a server. */
export interface Http2Drain {
  readonly streams: number
  /** True for a socket that a session uses. */
  owns(socket: Socket): boolean
  /**
   * Announces the end (GOAWAY with the highest stream id: clients stop opening streams here), and closes sessions
   * whose announcement is older than `lingerMs`; their streams finish first.
   */
  sweep(now: number, lingerMs: number): void
}

const LAST_STREAM_ID = 2 ** 31 - 1

interface SessionState {
  readonly streams: Set<ServerHttp2Stream>
  announcedAtMs: number | undefined
}

/** Begins to track sessions; a server of HTTP/1.1 alone never has one. */
export function trackHttp2(server: HttpServer): Http2Drain {
  const sessions = new Map<Http2Session, SessionState>()
  const speaksHttp1 = server instanceof HttpServer1 || server instanceof HttpsServer1
  const isSecure = server instanceof TlsServer
  server.on('session', (session: Http2Session) => {
    const state: SessionState = { streams: new Set(), announcedAtMs: undefined }
    sessions.set(session, state)
    session.on('stream', (stream) => track(state.streams, stream as ServerHttp2Stream))
    session.once('close', () => sessions.delete(session))
  })
  return {
    get streams() {
      let count = 0
      for (const { streams } of sessions.values()) count += streams.size
      return count
    },
    owns: (socket) => !speaksHttp1 && (!isSecure || (socket as TLSSocket).alpnProtocol === 'h2'),
    sweep(now, lingerMs) {
      for (const [session, state] of sessions) sweepSession(session, state, now - lingerMs, now)
    },
  }
}

function track(streams: Set<ServerHttp2Stream>, stream: ServerHttp2Stream): void {
  streams.add(stream)
  stream.once('close', () => streams.delete(stream))
}

function sweepSession(session: Http2Session, state: SessionState, closeBeforeMs: number, now: number): void {
  if (session.destroyed || session.closed) return
  for (const stream of state.streams) endEventStream(stream)
  if (state.announcedAtMs === undefined) {
    state.announcedAtMs = now
    session.goaway(constants.NGHTTP2_NO_ERROR, LAST_STREAM_ID)
  } else if (state.announcedAtMs <= closeBeforeMs) session.close()
}

function endEventStream(stream: ServerHttp2Stream): void {
  const type = stream.sentHeaders?.['content-type']
  if (stream.writableEnded || typeof type !== 'string' || !type.startsWith('text/event-stream')) return
  stream.on('error', () => {})
  stream.end()
}
