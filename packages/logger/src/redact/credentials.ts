/** Credentials with a shape of their own: PEM keys, JWTs, vendors' tokens, `Bearer` and `Basic`, URL userinfo. */
import { REDACTED } from './hits.ts'
import { isStateWord } from './key-rules.ts'

/** Called once for each thing that is hidden. */
export type OnHit = () => void

const PEM_OPEN = '-----BEGIN '
const PEM_KIND = /^[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/

/** Private keys, to their end mark or the end of the text; certificates and public keys stay. */
export function redactPem(text: string, onHit: OnHit): string {
  let at = text.indexOf(PEM_OPEN)
  if (at < 0) return text
  let out = ''
  let copied = 0
  while (at >= 0) {
    let end = at + PEM_OPEN.length
    if (PEM_KIND.test(text.slice(end, end + 80))) {
      const close = text.indexOf('-----END ', end)
      const last = close < 0 ? -1 : text.indexOf('-----', close + 9)
      end = last < 0 ? text.length : last + 5
      out += text.slice(copied, at) + REDACTED
      copied = end
      onHit()
    }
    at = text.indexOf(PEM_OPEN, end)
  }
  return copied === 0 ? text : out + text.slice(copied)
}

const JWT = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}={0,2}(?:\.[A-Za-z0-9_-]*={0,2}){1,4}/g

/** Signed, encrypted and unsigned JSON web tokens. */
export function redactJwt(text: string, onHit: OnHit): string {
  return text.replace(JWT, () => {
    onHit()
    return REDACTED
  })
}

const TOKEN = new RegExp(
  `(?<![A-Za-z0-9])(?:${[
    '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])',
    'gh[pousr]_[A-Za-z0-9]{16,255}',
    'github_pat_[A-Za-z0-9_]{20,255}',
    'gl(?:pat|dt|ptt|rt|cbt|soat|ft|imt|agent|oas)-[A-Za-z0-9_.-]{16,300}',
    'xox[abeoprs](?:\\.xox[bp])?-[A-Za-z0-9-]{8,255}',
    'xapp-[A-Za-z0-9-]{8,255}',
    '(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,255}',
    'whsec_[A-Za-z0-9+/=]{16,255}',
    'npm_[A-Za-z0-9]{20,64}',
    'AIza[A-Za-z0-9_-]{35}',
    'ya29\\.[A-Za-z0-9_-]{20,255}',
    'SG\\.[A-Za-z0-9_-]{16,64}\\.[A-Za-z0-9_-]{16,128}',
    'sk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,255}',
    'hf_[A-Za-z0-9]{20,64}',
    'do[opr]_v1_[a-f0-9]{32,64}',
    'shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}',
    'pypi-[A-Za-z0-9_-]{16,255}',
    'hv[sbr]\\.[A-Za-z0-9_-]{20,255}',
    'dckr_pat_[A-Za-z0-9_-]{20,64}',
    'EAAC[A-Za-z0-9]{20,255}',
    'AGE-SECRET-KEY-1[A-Z0-9]{50,60}',
    'key-[0-9a-f]{32}(?![0-9a-f])',
    'sq0(?:atp|csp)-[A-Za-z0-9_-]{20,64}',
  ].join('|')})`,
  'g',
)

/** Tokens that vendors mark by a prefix. */
export function redactTokens(text: string, onHit: OnHit): string {
  return text.replace(TOKEN, () => {
    onHit()
    return REDACTED
  })
}

const SLACK_HOOK = /hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/_-]{8,200}/g

/** Slack's webhook addresses, which are credentials. */
export function redactWebhooks(text: string, onHit: OnHit): string {
  return text.replace(SLACK_HOOK, () => {
    onHit()
    return `hooks.slack.com/${REDACTED}`
  })
}

const SCHEME = /(?<![A-Za-z0-9_-])(bearer|basic)(\s{1,8}|%20|\+|:\s{0,2})(["']?)([A-Za-z0-9._~+/=:|-]{3,})/gi
const PROSE = new Set(
  'token tokens auth authentication authorization scheme realm header headers plan usage example info format credentials access of the and or with was not missing required prefix certificate realm= user type'.split(
    ' ',
  ),
)

function isCredential(scheme: string, value: string): boolean {
  const word = value.replace(/[.:=]+$/, '').toLowerCase()
  if (PROSE.has(word) || isStateWord(word)) return false
  if (/[0-9=~+|]/.test(value) || value.length >= 20 || /[a-z][A-Z]/.test(value)) return true
  return scheme.toLowerCase() === 'bearer' && !/^[a-z]{1,7}[.:]?$/i.test(value)
}

/** `Bearer …` and `Basic …`; the scheme stays. */
export function redactSchemes(text: string, onHit: OnHit): string {
  return text.replace(SCHEME, (whole, scheme: string, gap: string, open: string, value: string) => {
    if (!isCredential(scheme, value)) return whole
    onHit()
    return `${scheme}${gap}${open}${REDACTED}`
  })
}

const TOKEN_END = /[\s"'<>`]/
const MAX_AUTHORITY = 4096

function tokenEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + MAX_AUTHORITY)
  let i = from
  while (i < limit && !TOKEN_END.test(text[i] as string) && !text.startsWith('://', i)) i++
  return i
}

/** Length of the userinfo at the head of `rest`, `@` included; 0 without one. */
function userinfoLength(rest: string): number {
  const path = rest.search(/[/?#]/)
  const authority = path < 0 ? rest : rest.slice(0, path)
  const at = authority.lastIndexOf('@')
  if (at > 0) return authority.slice(0, at) === 'git' ? 0 : at + 1
  const colon = authority.indexOf(':')
  // A password with an unescaped slash; `host:port/…@…` is none.
  if (path < 0 || colon < 0 || /^\d{0,5}$/.test(authority.slice(colon + 1))) return 0
  return rest.lastIndexOf('@') + 1
}

/** Userinfo of URLs, passwords with unescaped `@` and `/` too. */
export function redactUserinfo(text: string, onHit: OnHit): string {
  let out = ''
  let copied = 0
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 3)) {
    const start = at + 3
    const length = userinfoLength(text.slice(start, tokenEnd(text, start)))
    if (length === 0 || text.startsWith(REDACTED, start)) continue
    out += `${text.slice(copied, start)}${REDACTED}@`
    copied = start + length
    onHit()
  }
  return copied === 0 ? text : out + text.slice(copied)
}
