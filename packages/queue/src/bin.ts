#!/usr/bin/env node
import { createInterface } from 'node:readline/promises'
import { styleText } from 'node:util'
import { runQueueCommand } from './commands/index.ts'

const stop = new AbortController()
// The first asks the work to stop between two letters; the second is the system's own.
process.once('SIGINT', () => stop.abort())
const atTerminal = process.stdin.isTTY && process.stderr.isTTY

async function confirm(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr })
  try {
    return /^y(?:es)?$/i.test((await prompt.question(`${question} [y/N] `, { signal: stop.signal })).trim())
  } finally {
    prompt.close()
  }
}

// Set, not called: exit() would cut off what a pipe has not taken yet.
process.exitCode = await runQueueCommand(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // One of the two in a pipe is enough to keep colour out of it.
  paint: (colour, text) =>
    process.stdout.isTTY && process.stderr.isTTY ? styleText(colour, text, { stream: process.stdout }) : text,
  ...(atTerminal ? { confirm } : {}),
  signal: stop.signal,
})
