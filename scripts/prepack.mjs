/** Runs in a package before it is packed, whoever packs it: what leaves is what its sources make, no more and no less. */
import process from 'node:process'
import { deleteStaleOutput, missingOutput } from './stale-output.mjs'

const home = process.cwd()
const missing = missingOutput(home)
if (missing.length > 0) {
  process.stderr.write(
    `Cannot pack ${home}: ${missing.join(', ')} is missing, expected a built package (npm run build)\n`,
  )
  process.exitCode = 1
} else {
  for (const file of deleteStaleOutput(home)) process.stderr.write(`deleted ${file}: no source makes it any more\n`)
}
