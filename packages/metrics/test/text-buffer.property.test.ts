import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TextBuffer } from '../src/text-buffer.ts'

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.nat(9000).map((length) => 'é'.repeat(length)),
)

test('TextBuffer holds what was appended since it was cleared, whatever it held before', () => {
  fc.assert(
    fc.property(fc.array(fc.array(text, { maxLength: 5 }), { maxLength: 5 }), (rounds) => {
      const buffer = new TextBuffer()
      for (const pieces of rounds) {
        buffer.clear()
        for (const piece of pieces) buffer.append(piece)

        expect(buffer.bytes.toString()).toBe(pieces.join(''))
      }
    }),
  )
})
