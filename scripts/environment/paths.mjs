import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's root. */
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..')

/** Everything these scripts bring or remember; ignored by git, safe to delete. */
export const toolsDir = path.join(root, '.tools')

/** The root package.json: pins pnpm (`packageManager`) and the supported Node (`engines.node`). */
export const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
