import type { Socket } from 'node:net'

/** An unmasked close frame with code 1001, "going away" (RFC 6455, 5.5.1 and 7.4.1). */
const CLOSE_1001 = Buffer.from([0x88, 0x02, 0x03, 0xe9])

/** Asks the client of a WebSocket to leave; it answers with a close frame of its own and reconnects elsewhere. */
export function sayGoodbye(socket: Socket): void {
  if (socket.writable) socket.write(CLOSE_1001)
}
