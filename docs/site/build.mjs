/** Builds the site into `dist/`; exits 1 on a link that leads nowhere. */
import process from 'node:process'
import { build } from 'vitepress'
import { stage } from './stage.mjs'

const dead = stage()
for (const link of dead) console.error(`Dead link in ${link}`)
if (dead.length > 0) process.exit(1)
await build(import.meta.dirname)
