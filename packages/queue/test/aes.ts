/** A cipher as an application would have it: AES-256-GCM under named keys, bound to queue, job and tenant. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Cipher, CipherBinding } from '../src/index.ts'

const boundTo = ({ queue, job, tenant }: CipherBinding) => Buffer.from(JSON.stringify([queue, job, tenant ?? null]))

/** Encrypts by the first key, decrypts by whichever a text names. */
export function aes(keys: Readonly<Record<string, Buffer>>): Cipher {
  const [current = ''] = Object.keys(keys)
  return {
    encrypt(plaintext, binding) {
      const iv = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keys[current] as Buffer, iv).setAAD(boundTo(binding))
      const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return [current, ...[iv, cipher.getAuthTag(), body].map((part) => part.toString('base64url'))].join('.')
    },
    decrypt(ciphertext, binding) {
      const [key = '', ...parts] = ciphertext.split('.')
      const [iv, tag, body] = parts.map((part) => Buffer.from(part, 'base64url')) as [Buffer, Buffer, Buffer]
      const decipher = createDecipheriv('aes-256-gcm', keys[key] as Buffer, iv)
        .setAAD(boundTo(binding))
        .setAuthTag(tag)
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8')
    },
  }
}
