/** PostgreSQL on a laptop: PGlite behind the real wire protocol, so that applications use `pg` and nothing else. */
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

/** A database for one run, in memory. */
export interface LocalPostgres {
  readonly url: string
  stop(): Promise<void>
}

/** Starts it on a free loopback port. */
export async function startPostgres(): Promise<LocalPostgres> {
  const db = await PGlite.create()
  const server = new PGLiteSocketServer({ db, port: 0, host: '127.0.0.1', maxConnections: 40 })
  await server.start()
  return {
    url: `postgresql://postgres:postgres@${server.getServerConn()}/postgres`,
    stop: async () => {
      await server.stop()
      await db.close()
    },
  }
}
