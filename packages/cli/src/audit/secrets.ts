/** C1 and C3: no secret in a committed file, none that soon will be, and no setting read past its declaration. */
import { type AuditCheck, count, type Trouble } from './check.ts'
import type { Line } from './project.ts'

/** Texts that are secrets by their form; kept few and exact, for a false alarm teaches people to look away. */
const FORMS: readonly (readonly [what: string, form: RegExp])[] = [
  ['a private key', /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----/],
  ['an AWS access key', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['a GitHub token', /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})/],
  ['a GitLab token', /\bglpat-[A-Za-z0-9_-]{20,}/],
  ['a Slack token', /\bxox[abeoprs]-[0-9A-Za-z-]{20,}/],
  ['a Stripe key', /\b[rs]k_live_[0-9A-Za-z]{20,}/],
  ['a Google key', /\bAIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/],
  ['an npm token', /\bnpm_[A-Za-z0-9]{36}\b/],
  ['a key of a model provider', /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}/],
]
const URL_PASSWORD = /\b[a-z][a-z0-9+.-]*:\/\/([^\s:@/'"`<>{}$]*):([^\s@/'"`<>{}$]+)@([^\s/:'"`?]+)/i
const PLACEHOLDER =
  /^(?:\*+|x+|\.+|\[.*\]|pass(?:word)?|pw|secret|change-?me|placeholder|example|postgres|user|test|token)$/i
const NOWHERE = /(?:^|\.)(?:localhost|example(?:\.(?:com|org|net))?|test|invalid)$|^127\.|^0\.0\.0\.0$|^\[::1\]$/i
const DOTENV = /(?:^|\/)\.env(?:\.(?!example$|sample$|template$)[^/]*)?$/
const SOURCES = /^(?!(?:.*\/)?(?:tests?|bench|scripts)\/)(?!.*\.test\.).+\.[cm]?[jt]s$/

/** The checks on secrets and settings. */
export const secretChecks: readonly AuditCheck[] = [
  {
    requirement: 'C3',
    phase: 1,
    question: 'No committed file holds a secret',
    expected: 'secrets from the environment, mounted files or a secret manager only',
    mend: 'Revoke it first: whoever has the history has it. Then take it out, and give it by a setting declared with secret()',
    look({ project }) {
      const lines = project.lines(/./, 'C3')
      const troubles = [...lines.flatMap(secretsIn), ...manifestSecrets(lines)]
      return { evidence: count(project.files.length, 'file'), troubles }
    },
  },
  {
    requirement: 'C3',
    phase: 1,
    question: '.env stays out of git',
    expected: '.env in .gitignore, and no .env file committed but .env.example',
    mend: 'Add .env and .env.* to .gitignore, !.env.example after them; git rm --cached what is committed',
    look({ project }) {
      const committed = project.files.filter((path) => DOTENV.test(path) && !project.isIgnored(path))
      const troubles: Trouble[] = committed.map((place) => ({ place, found: 'an environment file is not ignored' }))
      if (!project.isIgnored('.env')) troubles.push({ place: '.gitignore', found: '.env is not ignored' })
      return { evidence: '.gitignore', troubles }
    },
  },
  {
    requirement: 'C1',
    phase: 1,
    question: 'Every variable that the code reads is declared',
    expected: 'a declared setting, read from the typed config',
    mend: 'Declare it in settings and read config.current; where it says where settings are: // ops audit: allow C1, <why>',
    look({ project, subject }) {
      const known = new Set([...Object.keys(subject.settings), 'NODE_ENV', 'CI', 'TZ'])
      const sources = project.files.filter((path) => SOURCES.test(path)).length
      const troubles = project.lines(SOURCES, 'C1').flatMap((line) =>
        variablesIn(line.text)
          .filter((name) => !known.has(name))
          .map((name) => ({ place: placeOf(line), found: `${name} is read from process.env` })),
      )
      return sources === 0 ? { unchecked: 'no sources here' } : { evidence: count(sources, 'source'), troubles }
    },
  },
]

function secretsIn(line: Line): readonly Trouble[] {
  const place = placeOf(line)
  const troubles = FORMS.filter(([, form]) => form.test(line.text)).map(([what]) => ({ place, found: what }))
  const [, , password = '', host = ''] = URL_PASSWORD.exec(line.text) ?? []
  const isReal = password !== '' && !PLACEHOLDER.test(password) && !NOWHERE.test(host)
  return isReal ? [...troubles, { place, found: 'an address with a password' }] : troubles
}

/** Base64 is no encryption: a Secret with values in it is committed in the clear. */
function manifestSecrets(lines: readonly Line[]): readonly Trouble[] {
  let isSecret = false
  return lines.flatMap((line) => {
    const { path, number, text } = line
    if (!/\.ya?ml$/.test(path)) return []
    if (number === 1 || /^---/.test(text)) isSecret = false
    if (/^kind: *Secret *$/.test(text)) isSecret = true
    const holds = isSecret && /^(?:stringData|data):(?! *\{\})/.test(text)
    return holds ? [{ place: placeOf(line), found: 'a Kubernetes Secret with its values' }] : []
  })
}

function variablesIn(text: string): readonly string[] {
  const reads = text.matchAll(/process\.env(?:\.([A-Z][A-Z0-9_]*)\b|\[['"]([A-Z][A-Z0-9_]*)['"]\])(?!\s*=[^=])/g)
  return [...reads].map(([, plain, quoted]) => plain ?? quoted ?? '')
}

function placeOf({ path, number }: Line): string {
  return `${path}:${number}`
}
