#!/usr/bin/env node
import { styleText } from 'node:util'
import { runCli } from './cli.ts'

// Set, not called: exit() would cut off what a pipe has not taken yet.
process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // One of the two in a pipe is enough to keep colour out of it.
  paint: (colour, text) =>
    process.stdout.isTTY && process.stderr.isTTY ? styleText(colour, text, { stream: process.stdout }) : text,
})
