/** One template for every package's README, so that the answer to a question stands in the same place everywhere. */
import { describe, expect, test } from 'vitest'
import { countLines, files, packages, read } from './repository.ts'

const HEADINGS = [
  'Install',
  'Use',
  'What it does not do',
  'Options',
  'When things fail',
  'Errors',
  'Telemetry',
  'Settings',
  'Testing with it',
  'Patterns and anti-patterns',
  'Design',
]

const GENERATED = /^<!-- options [\s\S]*?^<!-- end -->\n/gm

describe.each(packages.filter((folder) => files.includes(`packages/${folder}/README.md`)))('packages/%s', (folder) => {
  const readme = read(`packages/${folder}/README.md`)

  test(`the README of ${folder} opens with its name and one sentence`, () => {
    expect(readme).toMatch(new RegExp(`^# @ops/${folder}\n\n[^\n#].*[.]\n\n## `))
  })

  test(`the README of ${folder} has the headings of the template in their order`, () => {
    const headings = [...withoutCode(readme).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)

    expect(headings).toEqual(HEADINGS)
  })

  test(`the README of ${folder} has at most 150 lines beside its generated tables`, () => {
    expect(countLines(readme.replace(GENERATED, ''))).toBeLessThanOrEqual(150)
  })

  test(`the README of ${folder} shows the use in at most 15 lines`, () => {
    const use = /^## Use\n([\s\S]*?)^## /m.exec(readme)?.[1] ?? ''
    const samples = [...use.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => countLines(code as string))

    expect(samples.length).toBeGreaterThanOrEqual(1)
    expect(Math.max(...samples)).toBeLessThanOrEqual(15)
  })
})

function withoutCode(markdown: string): string {
  return markdown.replace(/^```[\s\S]*?^```$/gm, '')
}
