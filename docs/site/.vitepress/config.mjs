/** The site: guides, packages and decisions, as `stage.mjs` lays them out. */
import { defineConfig } from 'vitepress'
import { sidebar } from '../tmp/pages/sidebar.mjs'

export default defineConfig({
  title: '@ops',
  description: 'Observable, resilient and operable Node services',
  srcDir: 'tmp/pages',
  outDir: 'dist',
  cacheDir: 'tmp/cache',
  cleanUrls: true,
  lastUpdated: false,
  // A link to a page that is not there fails the build.
  ignoreDeadLinks: false,
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Guides', link: '/docs/guides/' },
      { text: 'Packages', link: '/packages/' },
      { text: 'Decisions', link: '/docs/adr/' },
    ],
    sidebar,
  },
})
