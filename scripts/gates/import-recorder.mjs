/** Preloaded into a process of its own: prints, when it ends, every file that importing loaded, as JSON. */
import { registerHooks } from 'node:module'
import process from 'node:process'

const files = new Set()

registerHooks({
  load(url, context, nextLoad) {
    if (url.startsWith('file:')) files.add(url)
    return nextLoad(url, context)
  },
})

process.on('exit', () => process.stdout.write(`${JSON.stringify([...files])}\n`))
