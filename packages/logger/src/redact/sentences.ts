/** Finds secrets that prose or a command line gives away: `password is hunter2`, `--token abc`, `PASSWORD 'x'`. */
import { REDACTED } from './hits.ts'
import { isStateWord } from './key-rules.ts'
import type { PairOptions } from './pairs.ts'
import { hides } from './treatment.ts'

const NOUNS =
  'pass ?word|passwort|passwd|passcode|passphrase|pwd|secret|token|pin|cvv|ssn|api[ _-]?key|contraseña|mot de passe|senha|wachtwoord|пароль|identified by|one-time code|verification code|otp'
const STATED = new RegExp(
  `(?<![\\p{L}\\p{N}])(${NOUNS})\\s{1,4}(?:is|was|ist|war|lautet|es|est|é|set to|changed to|reset to)\\s{1,4}(["'\`]?)([^\\s"'\`]{3,})`,
  'giu',
)
const QUOTED = new RegExp(`(?<![\\p{L}\\p{N}])(${NOUNS})\\s{1,4}(["'\`])([^"'\`\\n]{3,})\\2`, 'giu')
const FLAG = /(?<![\w-])--?([A-Za-z][\w-]{1,40})\s{1,4}(["']?)([^\s"'-][^\s"']*)/g
/** `password hunter2`, `pin 4839`: only what no sentence goes on with. */
const FOLLOWED = new RegExp(
  `(?<![\\p{L}\\p{N}])(?:(?:${NOUNS})\\s{1,4}((?=[^\\s\\d]*\\d)(?=\\S*[A-Za-z])[^\\s"'\`=:]{6,})|(?:ssn|otp)\\s{1,4}(\\d{6,9})|pin\\s{1,4}(\\d{4,8})|cv[vc]2?\\s{1,4}(\\d{3,4}))(?![\\w.]*[\\w])`,
  'giu',
)
const USER_FLAG = /(?<![\w-])(?:-u|--user|--proxy-user)[\s=]{1,4}["']?[^\s:"']{1,128}:([^\s"']+)/g
const FORM_PART = /name="([^"\r\n]{1,64})"(?:\r?\n[^\r\n]{1,200}){0,3}\r?\n\r?\n([^\r\n]+)/g
const FORM_FIELD = /name=(["'])([\w.[\]-]{1,64})\1[^<>"']{0,40}\svalue=(["'])([^"'<>]+)\3/gi
const EAST =
  /(密码|密碼|口令|パスワード|비밀번호)\s{0,2}(?:(?:是|为|為|は|는|은)\s{0,2}|(?=[\x21-\x7e]*\d)(?![:=]))([\x21-\x7e]{3,})/g
const PLAIN_WORD = /^[a-z]+[.,;:!?)]?$/

/** A plain word in the middle of a sentence is prose; at its end it is taken for the secret. */
function isProse(value: string, rest: string): boolean {
  const bare = value.replace(/[.,;:!?)]+$/, '')
  return isStateWord(bare) || (PLAIN_WORD.test(value) && /^\s+\S/.test(rest))
}

/** `text` with what it states about secrets replaced. */
export function redactSentences(text: string, options: PairOptions): string {
  const hit = (whole: string, value: string): string => {
    options.onHit()
    return whole.slice(0, whole.lastIndexOf(value)) + REDACTED
  }
  let out = text.replace(STATED, (whole, _noun, _quote, value: string, at: number) =>
    isProse(value, text.slice(at + whole.length, at + whole.length + 8)) ? whole : hit(whole, value),
  )
  out = out.replace(QUOTED, (whole, _noun, quote: string, value: string) =>
    value.startsWith(REDACTED) ? whole : `${hit(whole, value)}${quote}`,
  )
  if (out.includes('-')) {
    out = out.replace(FLAG, (whole, key: string, _quote, value: string) =>
      hides(options.judge(key).treatment) && !value.startsWith(REDACTED) ? hit(whole, value) : whole,
    )
  }
  out = out.replace(FOLLOWED, (whole, a?: string, b?: string, c?: string, d?: string) =>
    hit(whole, (a ?? b ?? c ?? d) as string),
  )
  out = out.replace(USER_FLAG, (whole, value: string) => hit(whole, value))
  return out.replace(EAST, (whole, _noun, value: string) => hit(whole, value))
}

/** `text` with the values of secret form fields replaced, in markup and in multipart bodies. */
export function redactForms(text: string, options: PairOptions): string {
  const replace = (whole: string, key: string, value: string): string => {
    if (!hides(options.judge(key).treatment) || value.startsWith(REDACTED)) return whole
    options.onHit()
    const at = whole.lastIndexOf(value)
    return whole.slice(0, at) + REDACTED + whole.slice(at + value.length)
  }
  return text
    .replace(FORM_PART, (whole, key: string, value: string) => replace(whole, key, value))
    .replace(FORM_FIELD, (whole, _open, key: string, _quote, value: string) => replace(whole, key, value))
}
