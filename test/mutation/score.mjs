/** What a report in the mutation testing schema says: a share, and the changes that no test noticed. */

const NOTICED = new Set(['Killed', 'Timeout'])
const UNNOTICED = new Set(['Survived', 'NoCoverage'])

/**
 * Noticed changes as a percentage of all that could be noticed, rounded down to a tenth. Those that were noticed because the tests
 * did not end are counted apart: on a machine that is busy some of them may just have been slow.
 */
export function scoreOf(report) {
  const mutants = mutantsOf(report)
  const killed = mutants.filter(({ status }) => NOTICED.has(status)).length
  const valid = killed + mutants.filter(({ status }) => UNNOTICED.has(status)).length
  const timedOut = mutants.filter(({ status }) => status === 'Timeout').length
  return { killed, timedOut, valid, score: valid === 0 ? 0 : Math.floor((killed / valid) * 1000) / 10 }
}

/** `file:line:column mutator` of each change that no test noticed. */
export function survivorsOf(report) {
  return mutantsOf(report)
    .filter(({ status }) => UNNOTICED.has(status))
    .map(({ file, location, mutatorName, replacement = '', status }) => {
      const { line, column } = location.start
      return `${file}:${line}:${column} ${status} ${mutatorName} ${replacement.replace(/\s+/g, ' ').slice(0, 80)}`
    })
}

function mutantsOf({ files }) {
  return Object.entries(files).flatMap(([file, { mutants }]) => mutants.map((mutant) => ({ file, ...mutant })))
}
