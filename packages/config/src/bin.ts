#!/usr/bin/env node
import { styleText } from 'node:util'
import { runCli } from './cli.ts'

// Set, not called: exit() would cut off what a pipe has not taken yet.
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  paint: (colour, text) => (process.stdout.isTTY ? styleText(colour, text, { stream: process.stdout }) : text),
})
