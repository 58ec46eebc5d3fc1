/** Generates the documents of the declaration in the README of @ops/cli. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { runCli } from '@ops/cli'

let text = ''
const print = (part: string) => void (text += part)
const code = await runCli(['generate'], { out: print, err: print, paint: (_, plain) => plain, env: process.env })
assert.equal(code, 0, text)
assert.ok(existsSync('ops/alerts.yml'))
