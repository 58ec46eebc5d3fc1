/** Rules for each source file of the packages. */
import { describe, expect, test } from 'vitest'
import { ownTime } from './exceptions.ts'
import { codeOf, countLines, files, filesUnder, packages, placesOf, read } from './repository.ts'

const CATCH_ALL = /(?:^|\/)(?:utils?|helpers?|common|types|misc)(?:\/|\.[^/]+$)/
const TIME_AND_CHANCE =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bMath\.random\b|\bprocess\.hrtime\b|(?<![.\w])(?:globalThis\.)?set(?:Timeout|Interval)\b/g

/** The home of the clock and random ports, and of their doubles. */
const MAY_READ_TIME = ['core', 'testing']

test('no file or folder is a catch-all', () => {
  expect(filesUnder(/^(?:packages|examples|scripts|test)\//).filter((file) => CATCH_ALL.test(file))).toEqual([])
})

test('every exception names a file that exists and gives its reason', () => {
  expect(Object.keys(ownTime).filter((file) => !files.includes(file))).toEqual([])
  expect(Object.values(ownTime).filter((reason) => reason.length < 20)).toEqual([])
})

test('core has at most 700 lines of code, comments aside', () => {
  const lines = filesUnder(/^packages\/core\/src\//).flatMap((file) => codeOf(file).split('\n'))

  expect(lines.filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(700)
})

describe.each(packages)('packages/%s', (folder) => {
  const sources = filesUnder(new RegExp(`^packages/${folder}/src/.*\\.ts$`))

  test(`the source files of ${folder} have at most 300 lines`, () => {
    const long = sources
      .map((file) => `${file}: ${countLines(read(file))}`)
      .filter((line) => Number(/\d+$/.exec(line)) > 300)

    expect(long).toEqual([])
  })

  test(`the source files of ${folder} over 60 lines open with a sentence on their role`, () => {
    const silent = sources.filter(
      (file) => countLines(read(file)) > 60 && !/^(?:#!.*\n)?\/\*\*? \S|^\/\*\*\n \* \S/.test(read(file)),
    )

    expect(silent).toEqual([])
  })

  test(`the source files of ${folder} export by name`, () => {
    expect(sources.flatMap((file) => placesOf(/^export (?:default|\*)/gm, file))).toEqual([])
  })
})

test.each(packages.filter((folder) => !MAY_READ_TIME.includes(folder)))(
  "the source files of %s take time and chance from core's ports",
  (folder) => {
    const sources = filesUnder(new RegExp(`^packages/${folder}/src/.*\\.ts$`)).filter((file) => !(file in ownTime))

    expect(sources.flatMap((file) => placesOf(TIME_AND_CHANCE, file))).toEqual([])
  },
)
