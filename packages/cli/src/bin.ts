#!/usr/bin/env node
import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { runCli } from './cli.ts'

// Whoever reads may stop reading: `ops explain | head`.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => process.exit(code === 'EPIPE' ? 0 : 2))

// Set, not called: exit() would cut off what a pipe has not taken yet.
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // One of the two in a pipe is enough to keep colour out of it.
  paint: (colour, text) =>
    process.stdout.isTTY && process.stderr.isTTY ? styleText(colour, text, { stream: process.stdout }) : text,
  ...(process.stdin.isTTY && process.stderr.isTTY ? { confirm } : {}),
  get signal() {
    return interruption()
  },
})

/** Asked for by commands that stop at a good moment; the second Ctrl-C is the system's own, as the first is for the others. */
function interruption(): AbortSignal {
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  return stop.signal
}

/** On stderr, so that the answer of a command can be piped while it asks. */
async function confirm(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(?:es)?$/i.test((await prompt.question(`${question} [y/N] `)).trim())
  } finally {
    prompt.close()
  }
}
