import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { generateArtefacts } from '../src/artefacts.ts'
import { fullSubject } from './subject.fixture.ts'

const subject = await fullSubject()
const files = new Map(generateArtefacts(subject).map(({ path, text }) => [path, text]))
const { groups } = parse(files.get('alerts.yml') ?? '') as {
  groups: { rules: { alert: string; annotations: { runbook_url: string } }[] }[]
}
const rules = groups.flatMap((group) => group.rules)

/** The anchor that a Markdown renderer gives a heading. */
function anchors(markdown: string): string[] {
  const prose = markdown.replace(/^```[\s\S]*?^```$/gm, '')
  return [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading.toLowerCase().replaceAll(' ', '-'))
}

test.each(rules.map(({ alert, annotations }) => [alert, annotations.runbook_url] as const))(
  'runbookPage() has the heading that the link of %s names',
  (_, url) => {
    const [page = '', anchor] = url.replace('https://wiki.example.com/shop/', '').split('#')

    expect(anchors(files.get(page) ?? '')).toContain(anchor)
  },
)

test('runbookPage() has every section of the standard in every page', () => {
  const pages = [...files].filter(([path]) => path.startsWith('runbooks/') && !path.endsWith('README.md'))
  const wanted = ['Symptoms', 'Impact', 'Diagnosis', 'Likely causes', 'Resolution', 'Verification', 'Rollback']

  const thin = pages.filter(([, text]) =>
    [...wanted, 'Escalation', 'Prevention'].some((heading) => !text.includes(`\n## ${heading}\n\n`)),
  )
  expect(pages).toHaveLength(rules.length)
  expect(thin.map(([path]) => path)).toEqual([])
})

test('runbookIndex() links every page when there are alerts', () => {
  const links = [...(files.get('runbooks/README.md') ?? '').matchAll(/\]\(([^)]+)\)/g)].map(([, link]) => link)

  expect(links).toHaveLength(rules.length)
  expect(links.filter((link) => !files.has(`runbooks/${link}`))).toEqual([])
})
