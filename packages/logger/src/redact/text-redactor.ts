/** Takes secrets and personal data out of text: each detector runs only when the scan says that it could find something. */
import { redactCards } from './cards.ts'
import { redactJwt, redactPem, redactSchemes, redactTokens, redactUserinfo, redactWebhooks } from './credentials.ts'
import { DETECTORS, type Detector, type Hits, REDACTED } from './hits.ts'
import { KEY_STEM, type KeyRule, LEET_STEM } from './key-rules.ts'
import { Needles } from './needles.ts'
import { type PairOptions, redactPairs } from './pairs.ts'
import { maskEmails, maskPhones, redactSsn } from './personal.ts'
import {
  AT,
  CODED,
  DIGIT,
  DOT,
  LETTER_B,
  LETTER_G,
  LETTER_I,
  LETTER_J,
  LONG_RUN,
  MARK,
  OPEN,
  PAIR,
  PLUS,
  SPACE,
  scan,
  WIDE,
} from './scan.ts'
import { redactForms, redactSentences } from './sentences.ts'
import { unmask } from './unmask.ts'

/** Any of these in a scan asks for a closer look. */
const SUSPECT =
  AT | CODED | LETTER_B | LETTER_G | LETTER_I | LETTER_J | LONG_RUN | MARK | OPEN | PAIR | PLUS | SPACE | WIDE
const TOKEN_STEM =
  /gh[pousr]_|_pat_|gl[a-z]{2,5}-|xox|xapp-|[srp]k_(?:live|test)_|whsec_|npm_|sk-|hf_|do[opr]_v1|shp(?:at|ca|pa|ss)_|pypi-|AGE-S|key-|sq0|A(?:KIA|SIA|BIA|CCA|Iza)|SG\.|ya29|hv[sbr]\.|EAAC/
const PROSE_STEM =
  /pass|secret|token|pwd|\bpin\b|cv[vc]|ssn|otp\b|code is|api.?key|contrase|senha|wachtw|парол|identified|密|口令|パスワ|비밀|\s--?[a-z]/i
const BASE64_JSON = /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9+/_-]{13,}={0,2}/g
const MAX_VIEWS = 3
/** Text that grows beyond twice its length when read is made to be costly: what comes after is left out. */
const VIEW_SLACK = 1000
const MAX_JSON_LENGTH = 65_536

/** What a {@link TextRedactor} works with. */
export interface TextRedactorOptions {
  readonly judge: (key: string) => KeyRule
  readonly hits: Hits
  /** JSON of a parsed value, redacted. */
  readonly writeJson: (value: unknown) => string
}

type OnHit = Record<Detector, () => void>

/** One policy for text. */
export class TextRedactor {
  /** Grows with everything that is redacted. */
  changes = 0
  readonly onHit: OnHit
  readonly #pairs: PairOptions
  readonly #writeJson: (value: unknown) => string
  #needles = new Needles([])
  #depth = 0

  constructor(options: TextRedactorOptions) {
    this.#writeJson = options.writeJson
    this.onHit = Object.fromEntries(
      DETECTORS.map((detector) => [
        detector,
        () => {
          options.hits[detector]++
          this.changes++
        },
      ]),
    ) as OnHit
    this.#pairs = { judge: options.judge, onHit: this.onHit.pair }
  }

  /** Replaces the registered secrets, given in all their forms. */
  register(needles: readonly string[]): void {
    this.#needles = new Needles(needles)
  }

  /** Length of the longest registered form. */
  get longest(): number {
    return this.#needles.longest
  }

  /** Length of the shortest registered form. */
  get shortest(): number {
    return this.#needles.shortest
  }

  /** `text` without registered secrets in any of their forms. */
  withoutRegistered(text: string): string {
    return this.#needles.redact(text, this.onHit.registered)
  }

  /** True when `text`, whose scan is given, may hold something. */
  isSuspect(text: string, found: number): boolean {
    return (found & SUSPECT) !== 0 || text.length >= this.#needles.shortest
  }

  /** `text` without secrets. Linear in its length. */
  redact(text: string, found: number = scan(text)): string {
    if (!this.isSuspect(text, found)) return text
    const plain = this.#personal(this.#structured(this.#secrets(text, found), found), found)
    return (found & (CODED | WIDE)) === 0 ? plain : this.#unmasked(plain, found)
  }

  /** Secrets that are recognised wherever they stand. */
  #secrets(text: string, found: number): string {
    const { onHit } = this
    let out = this.#needles.redact(text, onHit.registered)
    if ((found & MARK) !== 0) out = redactPem(out, onHit.pem)
    if ((found & (MARK | LETTER_I | LETTER_G | DOT)) !== 0 && TOKEN_STEM.test(out)) out = redactTokens(out, onHit.token)
    if ((found & LETTER_J) !== 0) {
      if ((found & DOT) !== 0) out = redactJwt(out, onHit.jwt)
      out = this.#base64Json(out)
    }
    if ((found & LETTER_B) !== 0) out = redactSchemes(out, onHit.authorization)
    if ((found & LONG_RUN) !== 0) out = redactSsn(redactCards(out, onHit.card), onHit.ssn)
    return out
  }

  /** Secrets that are known by what stands before them. */
  #structured(text: string, found: number): string {
    const { onHit } = this
    let out = (found & OPEN) === 0 ? text : this.#json(text)
    if ((found & PAIR) !== 0) {
      if ((found & AT) !== 0) out = redactUserinfo(out, onHit.url)
      if (out.includes('hooks.slack')) out = redactWebhooks(out, onHit.url)
      if (out.includes('name=')) out = redactForms(out, this.#pairs)
      if ((found & WIDE) !== 0 || KEY_STEM.test(out) || LEET_STEM.test(out)) out = redactPairs(out, this.#pairs)
    }
    return (found & (SPACE | WIDE)) !== 0 && PROSE_STEM.test(out) ? redactSentences(out, this.#pairs) : out
  }

  #personal(text: string, found: number): string {
    const { onHit } = this
    const mailed = (found & AT) === 0 ? text : maskEmails(text, onHit.email)
    const callable = (found & LONG_RUN) !== 0 || ((found & PLUS) !== 0 && (found & DIGIT) !== 0)
    return callable ? maskPhones(mailed, onHit.phone) : mailed
  }

  /** The text as a reader would see it, if that gives something away; else the text. */
  #unmasked(text: string, found: number): string {
    if (this.#depth >= MAX_VIEWS) return text
    const whole = unmask(text, found)
    if (whole === text) return text
    const limit = 2 * text.length + VIEW_SLACK
    const view = whole.length > limit ? whole.slice(0, limit) : whole
    const before = whole === view ? this.changes : -1
    this.#depth++
    const redacted = this.redact(view)
    this.#depth--
    return this.changes === before ? text : redacted
  }

  /** JSON that is the whole text is parsed and written again, whatever it is nested in. */
  #json(text: string): string {
    if (this.#depth >= MAX_VIEWS || text.length > MAX_JSON_LENGTH) return text
    const trimmed = text.trim()
    const ends = (trimmed[0] ?? '') + (trimmed.at(-1) ?? '')
    if (ends !== '{}' && ends !== '[]' && ends !== '""') return text
    let parsed: unknown
    try {
      parsed = JSON.parse(trimmed)
    } catch {
      return text
    }
    const before = this.changes
    this.#depth++
    const written = this.#writeJson(parsed)
    this.#depth--
    if (this.changes === before) return text
    this.onHit.json()
    return written
  }

  /** Base64 of JSON that holds a secret. */
  #base64Json(text: string): string {
    if (this.#depth >= MAX_VIEWS) return text
    return text.replace(BASE64_JSON, (encoded) => {
      const before = this.changes
      this.#depth++
      this.redact(Buffer.from(encoded, 'base64').toString('utf8'))
      this.#depth--
      return this.changes === before ? encoded : REDACTED
    })
  }
}
