/** Ends a child's process group when this process is killed: the child runs in a group of its own and would stay behind. */
import { spawn } from 'node:child_process'

/** Waits for a line; where the pipe closes without one, whoever held it is gone. */
const WATCH = 'read line && exit; kill -s TERM -- "-$1"; sleep 15; kill -s KILL -- "-$1"'

/** Watches from a process of its own, which no signal to our group reaches. Returns how to dismiss it. */
export function guard(child) {
  if (child.pid === undefined) return () => {}
  const watcher = spawn('sh', ['-c', WATCH, 'guardian', String(child.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.on('error', () => {})
  watcher.stdin.on('error', () => {})
  watcher.unref()
  watcher.stdin.unref()
  return () => watcher.stdin.end('done\n')
}
