import { configRegistry, defineConfig, envExample } from '@ops/config'
import { standardSettings } from '@ops/service'
import { settings } from '../src/settings.ts'

/** The generated documents of the orders service by file name. */
export function documents(): Readonly<Record<string, string>> {
  const all = defineConfig({ ...standardSettings, ...settings })
  const registry = configRegistry(all)
  return {
    '.env.example': envExample(all),
    'ops/configuration.md': registry.toMarkdown(),
    'ops/configuration.json': `${JSON.stringify(registry.entries, null, 2)}\n`,
  }
}
