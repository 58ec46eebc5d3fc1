import { type AuditCheck, count, type Trouble } from './check.ts'

const SOURCES = /^(?!(?:.*\/)?(?:tests?|bench|scripts)\/)(?!.*\.test\.).+\.[cm]?[jt]s$/
const RAW_WRITE =
  /\b(\w*[rR]edis\w*|ioredis|cache[A-Z]?\w*[cC]lient)\.(set|setex|psetex|setnx|getset|mset|hset|hmset)\(/
const GLOBAL = /\bscope: *['"]global['"]/

/** K2: what is cached for a tenant is cached under that tenant; what is everybody's is said to be. */
export const tenantKeyCheck: AuditCheck = {
  requirement: 'K2',
  phase: 1,
  question: 'Cache keys carry the tenant, or it is said that the data is nobody’s own',
  expected: 'createCache of @ops/cache, whose keys carry the tenant of the running context',
  mend: 'Define it with @ops/cache; where the data is truly everybody’s: // ops audit: allow K2, <why>',
  look({ project }) {
    const sources = project.files.filter((path) => SOURCES.test(path)).length
    if (sources === 0) return { unchecked: 'no sources here' }
    const troubles = project.lines(SOURCES, 'K2').flatMap(({ path, number, text }): readonly Trouble[] => {
      const place = `${path}:${number}`
      const [, client, command] = RAW_WRITE.exec(text) ?? []
      if (client !== undefined && !/tenant|org(?:anisation|anization)?Id|siteId/i.test(text))
        return [{ place, found: `${client}.${command}() writes a key without a tenant` }]
      return GLOBAL.test(text)
        ? [{ place, found: "scope: 'global' without a reason", expected: 'a reason why it is no tenant’s' }]
        : []
    })
    return { evidence: count(sources, 'source'), troubles }
  },
}
