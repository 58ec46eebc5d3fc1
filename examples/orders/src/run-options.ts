import process from 'node:process'
import type { RunOptions } from '@ops/service'

// ops audit: allow C1, it says where settings are, and so can be none itself
const file = process.env['CONFIG_FILE']

/** Settings may also come from a file that is watched, as a mounted ConfigMap is: what is live in it follows at once. */
export const runOptions: RunOptions = file === undefined ? {} : { config: { files: [file], watch: true } }
