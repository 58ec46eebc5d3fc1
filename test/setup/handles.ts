/** Fails a test file that leaves something open which would keep a process alive: a socket, a server, a timer, a child, a watcher. */
import { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, expect } from 'vitest'

/** What closes by itself, some turns of the event loop after it was told to. */
const PATIENCE_MS = 2000

// Opened on first use otherwise, which would look like a leak of whoever printed first.
void [process.stdin, process.stdout, process.stderr]
const before = process.getActiveResourcesInfo()

afterAll(async () => {
  const limit = performance.now() + PATIENCE_MS
  while (leftOpen().length > 0 && performance.now() < limit) await nextTurn()

  expect(leftOpen(), `left open when the file had ended ${JSON.stringify(openSockets())}`).toEqual([])
})

/** Kinds of what is open now and was not when the file began. */
function leftOpen(): readonly string[] {
  const known = [...before]
  return process.getActiveResourcesInfo().filter((kind) => {
    const at = known.indexOf(kind)
    if (at !== -1) known.splice(at, 1)
    return at === -1 && kind !== 'Immediate'
  })
}

/** Between which ports, and how far from its end each TCP socket is: a kind alone does not say whose it is. */
function openSockets(): readonly object[] {
  const { _getActiveHandles: handles } = process as { _getActiveHandles?: () => readonly object[] }
  return (handles?.call(process) ?? [])
    .filter((handle) => handle instanceof Socket && handle.remotePort !== undefined)
    .map((handle) => {
      const { localPort, remotePort, destroyed, readableEnded, writableEnded, writableLength } = handle as Socket
      return { localPort, remotePort, destroyed, readableEnded, writableEnded, writableLength }
    })
}
