/** Dead letters of encrypted jobs: what errors say may quote the payload, so it is stored as ciphertext too. */
import type { Secrecy } from './cipher.ts'
import type { DeadLetter } from './dead-letter.ts'

/** The letter as it may be stored: errors keep their type and code, for groups; what they say is sealed, or lost. */
export async function sealLetter(letter: DeadLetter, secrecy: Secrecy): Promise<DeadLetter> {
  // The reason of a poison verdict is this package's own.
  if (!secrecy.on || letter.verdict === 'poison') return letter
  const { reason, errors, ...rest } = letter
  const sealedErrors = await secrecy
    .seal({ reason, errors }, { job: letter.job, tenant: letter.tenant })
    .catch(() => undefined)
  return {
    ...rest,
    reason: errors[0]?.type ?? letter.verdict,
    errors: errors.map(({ type, code }) => ({ type, message: '', ...(code === undefined ? {} : { code }) })),
    ...(sealedErrors === undefined ? {} : { sealedErrors }),
  }
}

/** The letter with all that its ciphertexts hold. @throws InvalidPayloadError, ThrottledError */
export async function openLetter(letter: DeadLetter, secrecy: Secrecy): Promise<DeadLetter> {
  const { sealedErrors, encrypted = false, ...rest } = letter
  const of = { job: letter.job, tenant: letter.tenant }
  const payload = encrypted ? await secrecy.open({ value: letter.payload, encrypted }, of) : letter.payload
  if (sealedErrors === undefined) return { ...rest, payload }
  const said = (await secrecy.open({ value: sealedErrors, encrypted: true }, of)) as Pick<
    DeadLetter,
    'reason' | 'errors'
  >
  return { ...rest, payload, reason: said.reason, errors: said.errors }
}
