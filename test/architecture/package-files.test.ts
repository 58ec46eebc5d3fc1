/** The same file kinds in each package, so that one learnt is all learnt. */
import { describe, expect, test } from 'vitest'
import { filesUnder, packages, read } from './repository.ts'

const NAMED_REEXPORT = /^export (?:type )?\{[^}]*\} from '\.\/[^']+'$/
const ERROR_CLASS = /^export (?:abstract )?class \w+ extends \w*Error\b/gm
const FAULT_TEST = /^\s*test(?:\.each)?[.(]/gm

describe.each(packages)('packages/%s', (folder) => {
  const own = filesUnder(new RegExp(`^packages/${folder}/`)).map((file) => file.slice(`packages/${folder}/`.length))

  test(`${folder} has the files that every package has`, () => {
    const kinds = ['README.md', 'package.json', 'tsconfig.json', 'tsconfig.build.json', 'src/index.ts']

    expect(kinds.filter((kind) => !own.includes(kind))).toEqual([])
  })

  test(`${folder} has unit, property and fault tests`, () => {
    const kinds = ['.property.test.ts', '.fault.test.ts', '.test.ts']

    expect(kinds.filter((kind) => !own.some((file) => file.startsWith('test/') && file.endsWith(kind)))).toEqual([])
  })

  test(`${folder} scripts at least five faults`, () => {
    const faults = own
      .filter((file) => file.endsWith('.fault.test.ts'))
      .flatMap((file) => read(`packages/${folder}/${file}`).match(FAULT_TEST) ?? [])

    expect(faults.length).toBeGreaterThanOrEqual(5)
  })

  test.each(own.filter((file) => /^src\/(?:[^/]+\/)?index\.ts$/.test(file)))(
    `${folder} only re-exports names in %s`,
    (file) => {
      const statements = read(`packages/${folder}/${file}`)
        .replace(/\/\*[\s\S]*?\*\//g, '')
        .split(/(?<=from '[^']+')\n/)
        .map((statement) => statement.trim())
        .filter((statement) => statement !== '')

      expect(statements.filter((statement) => !NAMED_REEXPORT.test(statement))).toEqual([])
    },
  )

  test(`${folder} keeps its errors in src/errors.ts, at most six of them`, () => {
    const classes = own
      .filter((file) => file.startsWith('src/') && file.endsWith('.ts'))
      .flatMap((file) =>
        (read(`packages/${folder}/${file}`).match(ERROR_CLASS) ?? []).map((found) => ({ file, found })),
      )

    expect(classes.filter(({ file }) => file !== 'src/errors.ts')).toEqual([])
    expect(classes.length).toBeLessThanOrEqual(6)
  })

  test(`${folder} commits an API report for each entry`, () => {
    const { exports } = JSON.parse(read(`packages/${folder}/package.json`)) as { exports: Record<string, unknown> }
    const reports = Object.entries(exports)
      .filter(([, target]) => typeof target === 'object')
      .map(([entry]) => `etc/${entry === '.' ? folder : `${folder}-${entry.slice(2).replaceAll('/', '-')}`}.api.md`)

    expect(reports.filter((report) => !own.includes(report))).toEqual([])
  })
})
