import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

/** A PostgreSQL behind a TCP socket of this machine. */
export interface TestPostgres {
  readonly port: number
  close(): Promise<void>
}

/** PGlite served over PostgreSQL's wire protocol: the server is real, its connections share one session. */
export async function startPostgres(): Promise<TestPostgres> {
  const database = await PGlite.create()
  const server = new PGLiteSocketServer({ db: database, host: '127.0.0.1', port: 0, maxConnections: 32 })
  await server.start()
  return {
    port: Number(server.getServerConn().split(':').at(-1)),
    close: async () => {
      await server.stop()
      await database.close()
    },
  }
}
