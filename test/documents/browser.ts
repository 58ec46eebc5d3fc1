/** A headless Chromium, driven by its own protocol: a page, expressions in it, keys. Without a library of 10 MB and a browser it brings along. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { waitFor } from '@ops/testing'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const FOLDERS = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin']
const FLAGS = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run']

/** Path of a Chromium on this machine. */
export const chromium: string | undefined = NAMES.flatMap((name) => FOLDERS.map((folder) => join(folder, name))).find(
  isExecutable,
)

/** An open page. */
export interface Page {
  /** Value of an expression in the page, waited for if it is a promise. */
  evaluate(expression: string): Promise<unknown>
  /** Waits until an expression is truthy. */
  until(expression: string): Promise<unknown>
  /** Types into what has the focus. */
  type(text: string): Promise<void>
  close(): Promise<void>
}

/** Opens a page in a browser of its own. */
export async function openPage(program: string, url: string): Promise<Page> {
  const folder = mkdtempSync(join(tmpdir(), 'ops-browser-'))
  const args = [...FLAGS, '--remote-debugging-port=0', `--user-data-dir=${folder}`, 'about:blank']
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true })
  const ended = once(child, 'exit')
  const socket = new WebSocket(await addressOf(child))
  await once(socket as never, 'open')
  const call = callerOf(socket)
  const { targetId } = await call('Target.createTarget', { url })
  const { sessionId } = await call('Target.attachToTarget', { targetId, flatten: true })
  const evaluate = async (expression: string) => {
    const params = { expression, awaitPromise: true, returnByValue: true }
    const { result, exceptionDetails } = await call('Runtime.evaluate', params, sessionId as string)
    if (exceptionDetails) throw new Error(`Cannot evaluate ${expression}: ${JSON.stringify(exceptionDetails)}`)
    return (result as { value: unknown }).value
  }
  return {
    evaluate,
    until: (expression) => waitFor(() => evaluate(expression), { timeoutMs: 20_000, everyMs: 50, what: expression }),
    type: async (text) => void (await call('Input.insertText', { text }, sessionId as string)),
    async close() {
      const closed = once(socket as never, 'close')
      // With its helpers: a browser is a group of processes.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      await Promise.all([ended, closed])
      rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
    },
  }
}

type Answer = Readonly<Record<string, unknown>>

/** Sends a command and resolves to its result. */
function callerOf(socket: WebSocket) {
  const waiting = new Map<number, (message: { result?: Answer; error?: unknown }) => void>()
  let last = 0
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data))
    waiting.get(message.id)?.(message)
    waiting.delete(message.id)
  })
  return async (method: string, params: Answer = {}, sessionId?: string): Promise<Answer> => {
    const id = ++last
    const answer = new Promise<{ result?: Answer; error?: unknown }>((resolve) => waiting.set(id, resolve))
    socket.send(JSON.stringify({ id, method, params, sessionId }))
    const { result, error } = await answer
    if (result === undefined) throw new Error(`Cannot ${method}: ${JSON.stringify(error)}`)
    return result
  }
}

async function addressOf(child: ChildProcess): Promise<string> {
  let said = ''
  child.stderr?.on('data', (chunk) => (said += chunk))
  return await waitFor(() => /DevTools listening on (ws:\S+)/.exec(said)?.[1], { timeoutMs: 30_000, what: 'Chromium' })
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
