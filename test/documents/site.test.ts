/** The site builds without a dead link, opens in a browser, and its search finds what an operator looks for. */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../architecture/repository.ts'
import { chromium, openPage } from './browser.ts'

const site = join(root, 'docs', 'site')
const dist = join(site, 'dist')
const BUILD_LIMIT_MS = 180_000
const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }
let built: Promise<unknown>
let server: Server
let url: string

beforeAll(async () => {
  built = promisify(execFile)(process.execPath, [join(site, 'build.mjs')], { cwd: site })
  built.catch(() => {})
  server = createServer(({ url: path = '/' }, response) => {
    const file = fileOf(decodeURI(new URL(path, 'http://localhost').pathname))
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': TYPES[extname(file ?? '')] ?? 'text/plain' })
    response.end(file && readFileSync(file))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as { port: number }).port}`
})

afterAll(async () => {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

/** As a static host serves it: `/a` is `a.html`, `/a/` is `a/index.html`. */
function fileOf(path: string): string | undefined {
  const candidates = [join(dist, path), `${join(dist, path)}.html`, join(dist, path, 'index.html')]
  return candidates.find((file) => statSync(file, { throwIfNoEntry: false })?.isFile())
}

test('the site builds, and no link in it is dead', { timeout: BUILD_LIMIT_MS }, async () => {
  await expect(built).resolves.toMatchObject({ stderr: expect.not.stringContaining('Dead link') })
  expect(fileOf('/docs/guides/background-jobs')).toBeDefined()
  expect(fileOf('/packages/queue/')).toBeDefined()
})

if (chromium === undefined) {
  // Said in the title: what is shown without a browser is less.
  test('the search index has the guide on redriving (no Chromium here: asked in Node, nothing was rendered)', async () => {
    await built
    const found = await searchInNode('redrive')

    expect(found.some((id) => id.startsWith('/docs/guides/background-jobs'))).toBe(true)
  })
} else {
  test('the search of the site finds the guide on redriving when somebody types redrive in Chromium', {
    timeout: BUILD_LIMIT_MS,
  }, async () => {
    await built
    const page = await openPage(chromium as string, `${url}/`)
    try {
      await page.until(`document.querySelector('#local-search button, .VPNavBarSearchButton')`)
      await page.until(
        `(document.querySelector('#local-search button, .VPNavBarSearchButton').click(), document.activeElement?.matches('.search-input'))`,
      )
      await page.type('redrive')
      await page.until(`document.querySelector('.results a[href*="background-jobs"]')`)
      await page.evaluate(`document.querySelector('.results a[href*="background-jobs"]').click()`)

      expect(
        await page.until(
          `document.querySelector('main h1')?.textContent.includes('dead letters') && location.pathname`,
        ),
      ).toBe('/docs/guides/background-jobs')
    } finally {
      await page.close()
    }
  })
}

/** Asks the index that the site loads, with the engine that the site uses. */
async function searchInNode(words: string): Promise<readonly string[]> {
  const chunks = join(dist, 'assets', 'chunks')
  const file = readdirSync(chunks).find((name) => name.startsWith('@localSearchIndexroot'))
  const { default: index } = (await import(join(chunks, file as string))) as { default: string }
  const fromVitepress = createRequire(createRequire(join(site, 'build.mjs')).resolve('vitepress'))
  const { default: MiniSearch } = await import(fromVitepress.resolve('minisearch'))
  const engine = MiniSearch.loadJSON(index, { fields: ['title', 'titles', 'text'], storeFields: ['title', 'titles'] })
  return engine.search(words).map(({ id }: { id: string }) => id)
}
