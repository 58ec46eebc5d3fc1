/** Writes the documents that follow from the settings: `node --conditions=@ops/source ops/generate.ts`. A test fails when they have drifted. */
import { writeFileSync } from 'node:fs'
import { documents } from './documents.ts'

for (const [file, text] of Object.entries(documents())) writeFileSync(new URL(`../${file}`, import.meta.url), text)
