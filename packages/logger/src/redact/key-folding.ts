/** Brings a key to the words it is made of, whatever its case, separators, script tricks and invisible characters. */

const CONFUSABLES = new Map<string, string>(
  Object.entries({
    a: 'аαᴀɑ',
    b: 'вʙᏏ',
    c: 'сᴄϲ',
    d: 'ԁᴅ',
    e: 'еεᴇёҽ',
    f: 'ꜰ',
    g: 'ɡɢց',
    h: 'нʜһ',
    i: 'іιıɪ',
    j: 'јᴊ',
    k: 'кκᴋ',
    l: 'ʟӏ',
    m: 'мᴍ',
    n: 'ηɴո',
    o: 'оοᴏօø',
    p: 'рρᴘ',
    q: 'ԛ',
    r: 'ʀг',
    s: 'ѕꜱ',
    t: 'тτᴛ',
    u: 'υᴜս',
    v: 'νᴠѵ',
    w: 'ωᴡԝ',
    x: 'хχ',
    y: 'уγʏү',
    z: 'ᴢ',
    ss: 'ß',
  }).flatMap(([latin, others]) => [...others].map((other): [string, string] => [other, latin])),
)

const INVISIBLE = /[\p{M}\p{Cf}\u115f\u1160\u3164]/gu
const CAMEL = /(\p{Ll}|\p{N})(?=\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu
const BETWEEN = /[^\p{L}\p{N}]+/u
const TRAILING_DIGITS = /(?<=\p{L})\p{N}{1,4}$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: the ASCII range is what is meant
const ASCII = /^[\x00-\x7f]*$/

function fold(key: string): string {
  if (ASCII.test(key)) return key
  return key.normalize('NFKD').replace(INVISIBLE, '')
}

/** The key's words: `xApiKey2`, `X-API-KEY` and `ｘ＿ａｐｉ＿ｋｅｙ` are all `x api key`. */
export function foldWords(key: string): string[] {
  const spaced = fold(key).replace(CAMEL, '$&_').toLowerCase()
  const latin = ASCII.test(spaced) ? spaced : Array.from(spaced, (c) => CONFUSABLES.get(c) ?? c).join('')
  const words: string[] = []
  for (const word of latin.split(BETWEEN)) {
    const bare = word.length > 4 ? word.replace(TRAILING_DIGITS, '') : word
    if (bare !== '') words.push(bare)
  }
  return words
}

const LEET: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  $: 's',
  '@': 'a',
  '!': 'i',
}
const LEET_SIGN = /[013457$@!]/
const LEET_SIGNS = /[013457$@!]/g

/** The key with digits read as the letters they imitate (`p4ssw0rd`); undefined when it has none. */
export function tryFoldLeet(key: string): string | undefined {
  if (!LEET_SIGN.test(key)) return undefined
  return key
    .toLowerCase()
    .replace(LEET_SIGNS, (sign) => LEET[sign] as string)
    .replace(/[^a-z]/g, '')
}

/** Every entry of space-separated lists, folded and joined as keys are. */
export function foldList(lists: readonly string[]): string[] {
  return lists.flatMap((list) => list.split(' ').map((word) => foldWords(word).join('')))
}
