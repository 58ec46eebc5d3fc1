/** That work grows with what is declared and no faster: by counts, for no test is timed. */
import { expect, test } from 'vitest'
import { alertsOf } from '../src/alerts/alerts.ts'
import { generateArtefacts } from '../src/artefacts.ts'
import { compareOutput, writeOutput } from '../src/output.ts'
import { createSubject, type Subject } from '../src/subject.ts'
import { scratchFolder } from './run-command.ts'
import service from './service.fixture.ts'

/** The fixture with so many features, names of one length. */
function subjectOf(count: number): Promise<Subject> {
  const [feature] = service.definition.features ?? []
  const features = Array.from({ length: count }, (_, at) => ({
    ...(feature as NonNullable<typeof feature>),
    name: `feature-${String(at).padStart(3, '0')}`,
    routes: [`/feature-${String(at).padStart(3, '0')}/*`],
  }))
  return createSubject({ ...service.definition, features })
}

/** What a generation makes, and how often it looks a metric up. */
async function workOf(count: number): Promise<{ files: number; bytes: number; alerts: number; looks: number }> {
  const subject = await subjectOf(count)
  let looks = 0
  const counted = new Map(subject.metrics)
  counted.get = (name) => {
    looks++
    return subject.metrics.get(name)
  }
  const artefacts = generateArtefacts({ ...subject, metrics: counted })
  const alerts = Object.values(alertsOf(subject)).flat().length
  return { files: artefacts.length, bytes: artefacts.reduce((sum, { text }) => sum + text.length, 0), alerts, looks }
}

test('generateArtefacts() makes and looks up as much for each further feature as for the one before', async () => {
  const [ten, twenty, forty] = [await workOf(10), await workOf(20), await workOf(40)]

  for (const what of ['files', 'alerts', 'looks'] as const)
    expect([what, forty[what] - twenty[what]]).toEqual([what, 2 * (twenty[what] - ten[what])])
  expect(forty.files - twenty.files).toBe(20 * 8)
  // A number may take a digit more: the identifiers of panels, counts in the checklist.
  expect(Math.abs(forty.bytes - twenty.bytes - 2 * (twenty.bytes - ten.bytes))).toBeLessThan(20)
})

test('compareOutput() reads each file once, and writeOutput() writes none that is the same', async () => {
  const out = await scratchFolder()
  const artefacts = generateArtefacts(await subjectOf(3))
  let merges = 0
  const counted = artefacts.map(({ path, text, merge }) => ({
    path,
    text,
    merge: (existing: string) => {
      merges++
      return merge?.(existing) ?? text
    },
  }))

  await writeOutput(out, await compareOutput(out, counted))
  const [first, reports] = [merges, await compareOutput(out, counted)]

  expect(first).toBe(0)
  expect(merges).toBe(artefacts.length)
  expect(reports.filter(({ state }) => state !== 'same')).toEqual([])
})
