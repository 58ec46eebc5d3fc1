/** What a key says about its value. Decided once per key; the writer looks it up. */
import { foldList, foldWords, tryFoldLeet } from './key-folding.ts'
import {
  CARD_WORDS,
  EMAIL_WORDS,
  NAME_ENDINGS,
  PERSON_WORDS,
  PHONE_WORDS,
  SAFE_ENDINGS,
  SECRET_LAST_WORDS,
  SECRET_PARTS,
  SECRET_WORDS,
  STATE_WORDS,
  STATUS_WORDS,
} from './key-words.ts'

/** What is done to the value. */
export type Treatment = 'plain' | 'secret' | 'status' | 'card' | 'session' | 'phone' | 'email' | 'name' | 'person-name'

/** What a key means. */
export interface KeyRule {
  readonly treatment: Treatment
  /** Tells about a secret rather than being one: numbers, booleans and dates pass. */
  readonly measure: boolean
  /** Its object is one person: a plain `name` in it is a person's. */
  readonly person: boolean
  /** Names what a sibling holds, as `name` does in `{ name, value }`. */
  readonly label: boolean
  /** Holds what a sibling names. */
  readonly content: boolean
  /** In text its value goes on to the end of the line, as a cookie's or a pass phrase's does. */
  readonly line: boolean
}

const secretWords = new Set(foldList(SECRET_WORDS))
const secretLastWords = new Set(foldList(SECRET_LAST_WORDS))
const secretParts = foldList(SECRET_PARTS)
const statusWords = new Set(foldList(STATUS_WORDS))
const cardWords = new Set(foldList(CARD_WORDS))
const phoneWords = new Set(foldList(PHONE_WORDS))
const emailWords = new Set(foldList(EMAIL_WORDS))
const nameEndings = foldList(NAME_ENDINGS)
const personWords = new Set(foldList(PERSON_WORDS))
const safeEndings = new Set(foldList(SAFE_ENDINGS))
const stateWords = new Set(foldList(STATE_WORDS))
const LABELS = new Set(
  'name key k field header param parameter property attribute variable path label option flag'.split(' '),
)
const CONTENTS = new Set('value val v values content contents data text raw received actual input'.split(' '))
const SECRET_ENDS = ['token', 'secret', 'secrets', 'pwd', 'cookie', 'apikey']
const LINE_KEY = /cookie|phrase|mnemonic/
const LEET_PARTS = ['password', 'passwd', 'secret', 'token', 'apikey']
const MEASURE_WORDS = new Set(['tokens', 'pass'])
/** What is called a token or key in public. */
const PUBLIC_WORDS = new Set(['unexpected'])

function isSecret(words: readonly string[], joined: string): boolean {
  if (secretParts.some((part) => joined.includes(part))) return true
  return words.some((word) => secretWords.has(word) || SECRET_ENDS.some((end) => word.endsWith(end)))
}

function treatmentOf(key: string, words: readonly string[], joined: string): Treatment {
  const last = words.at(-1) ?? ''
  if (PUBLIC_WORDS.has(words[0] ?? '')) return 'plain'
  if (words.some((word) => statusWords.has(word)) || joined === 'auth') return 'status'
  if (isSecret(words, joined)) return last.endsWith('token') ? 'status' : 'secret'
  if (words.includes('pan') || cardWords.has(joined)) return 'card'
  if (secretLastWords.has(last)) return 'secret'
  if (last === 'session') return 'session'
  if (phoneWords.has(last) || phoneWords.has(joined) || joined.endsWith('phonenumber')) return 'phone'
  if (emailWords.has(last) || emailWords.has(joined)) return 'email'
  if (nameEndings.some((ending) => joined.endsWith(ending))) return 'name'
  if (joined === 'name') return 'person-name'
  const leet = tryFoldLeet(key)
  return leet !== undefined && LEET_PARTS.some((part) => leet.includes(part)) ? 'secret' : 'plain'
}

/** Decides what `key` means. */
export function judgeKey(key: string): KeyRule {
  const words = foldWords(key.length > 256 ? key.slice(0, 256) : key)
  const joined = words.join('')
  const last = words.at(-1) ?? ''
  return {
    treatment: treatmentOf(key, words, joined),
    measure: safeEndings.has(last) || MEASURE_WORDS.has(last) || secretLastWords.has(last),
    person: personWords.has(last),
    label: LABELS.has(joined),
    content: CONTENTS.has(joined),
    line: LINE_KEY.test(joined),
  }
}

/** True for text that tells a state and no secret. */
export function isStateWord(text: string): boolean {
  return text.length < 16 && stateWords.has(text.trim().toLowerCase())
}

const STEMS = [
  'pass|pwd|psw|secret|token|credential|creds|cookie|key|auth|jwt|bearer|otp|cvv|cvc|csc|ssn|itin|pin|pan|card|csrf|xsrf|sess|sid',
  'sig|mnemonic|hmac|code|social|account|taxid|tax|national|phrase|wort|geheim|sozial|kreditkarte|kartennummer|woord|sleutel|bsn',
  'clave|contras|llave|tarjeta|secret|segredo|senha|chave|cart|mdp|jeton|identifiant|crypto|parola|hash|salt|phone|mobile|tel|cell',
  'mail|name|fax|whatsapp|apellido|nom|prenom|naam|holder|msisdn|celular|movil|correo|courriel|zugang|segur|cle|mot|cpf|dni|nino|aadhaar|passwor|numero|pw|security|routing',
]
  .join('|')
  .split('|')

/** True when ASCII `text` could contain a key that matters; a cheap gate before keys are looked for in text. */
export const KEY_STEM: RegExp = new RegExp([...new Set(STEMS)].join('|'), 'i')
/** Characters of imitation words such as `p4ssw0rd`. */
export const LEET_STEM: RegExp = /[a-z$@!][013457$@!]+[a-z]/i
