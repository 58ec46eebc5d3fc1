/** What the orders service generates from its declaration is committed, and in step with it. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { documents } from '../../examples/orders/ops/documents.ts'

test.each(Object.entries(documents()))(
  '%s is what the settings say (else run examples/orders/ops/generate.ts)',
  (file, text) => {
    expect(readFileSync(new URL(`../../examples/orders/${file}`, import.meta.url), 'utf8')).toBe(text)
  },
)
