/** Something that could not be had: a sentence for people instead of a stack trace. */
export class Failure extends Error {}

/** One line on what is being done; on stderr, so that a command's own output stays clean. */
export function say(line) {
  process.stderr.write(`dev: ${line}\n`)
}

/** Ends the process with the sentence of a Failure; anything else is a defect of these scripts and keeps its stack. */
export function giveUp(error) {
  if (!(error instanceof Failure)) throw error
  process.stderr.write(`dev: ${error.message}\n`)
  process.exit(1)
}
