import { defineConfig } from 'vitest/config'

export default defineConfig({
  ssr: { resolve: { conditions: ['@ops/source', 'node', 'module', 'development|production'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts', 'scripts/**/*.test.ts'],
    globalSetup: ['test/setup/redis.ts'],
    setupFiles: ['test/setup/handles.ts'],
    pool: 'forks',
    testTimeout: 20_000,
    hookTimeout: 30_000,
    execArgv: ['--conditions=@ops/source'],
  },
})
