import { bool, bytes, duration, int, list, number, oneOf, port, printValue, url } from '@ops/config'
import { describe, expect, test } from 'vitest'
import type { z } from 'zod'

const cases: readonly {
  name: string
  schema: z.ZodType
  takes: readonly [string, unknown][]
  refuses: readonly string[]
}[] = [
  {
    name: 'bool()',
    schema: bool(),
    takes: [
      ['true', true],
      ['TRUE', true],
      ['1', true],
      ['Yes', true],
      ['on', true],
      ['false', false],
      ['0', false],
      ['NO', false],
      ['off', false],
    ],
    refuses: ['', ' true', 'true ', 'y', 'enabled', '2', 'tru'],
  },
  {
    name: 'int()',
    schema: int(),
    takes: [
      ['0', 0],
      ['-0', 0],
      ['42', 42],
      ['-7', -7],
      ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ],
    refuses: [
      '',
      ' 1',
      '3000abc',
      '1_000',
      '0x10',
      '1e3',
      '08',
      '+1',
      '1.0',
      'Infinity',
      'NaN',
      '9007199254740993',
      '٣',
    ],
  },
  { name: 'int({ min, max })', schema: int({ min: 1, max: 500 }), takes: [['500', 500]], refuses: ['0', '501', '-1'] },
  {
    name: 'number()',
    schema: number(),
    takes: [
      ['0.1', 0.1],
      ['-3.50', -3.5],
      ['10', 10],
    ],
    refuses: ['', '.5', '5.', '1e3', '08', '0x10', 'Infinity', 'NaN', '1,5', '9007199254740993', '1_0'],
  },
  {
    name: 'port()',
    schema: port(),
    takes: [
      ['1', 1],
      ['65535', 65_535],
    ],
    refuses: ['0', '70000', '-1', '80.5', '', '080', 'tcp://10.0.0.1:80'],
  },
  {
    name: 'duration()',
    schema: duration(),
    takes: [
      ['30s', 30_000],
      ['1h30m', 5_400_000],
      ['250ms', 250],
      ['1.5s', 1500],
      ['0s', 0],
    ],
    refuses: ['', '30', '30 s', ' 30s', '-1s', 's', '1e3s', '30S', '0.5ms', '101000d'],
  },
  {
    name: 'duration({ min, max })',
    schema: duration({ min: '1s', max: '1m' }),
    takes: [['60s', 60_000]],
    refuses: ['999ms', '61s'],
  },
  {
    name: 'bytes()',
    schema: bytes(),
    takes: [
      ['10MiB', 10_485_760],
      ['10MB', 10_000_000],
      ['1.5kB', 1500],
      ['0B', 0],
    ],
    refuses: ['', '10', '10 MB', '10mb', '-1B', '0.5B', '99999999TiB'],
  },
  {
    name: 'url()',
    schema: url(),
    takes: [['https://a.example:8443/path?q=1#f', 'https://a.example:8443/path?q=1#f']],
    refuses: [
      '',
      'a.example',
      'localhost:8080',
      '//a.example',
      'javascript:alert(1)',
      'ftp://a.example',
      'https://',
      ' https://a.example',
      'https://a\n.example',
      'https:/a.example',
      'https://a b',
    ],
  },
  {
    name: 'url({ protocols })',
    schema: url({ protocols: ['postgres:', 'postgresql:'] }),
    takes: [['postgres://u:p@h:5432/d', 'postgres://u:p@h:5432/d']],
    refuses: ['https://h', 'postgres:h', 'postgres:///d'],
  },
  {
    name: 'oneOf()',
    schema: oneOf('debug', 'info'),
    takes: [['info', 'info']],
    refuses: ['', 'INFO', 'info ', 'warn'],
  },
  {
    name: 'list()',
    schema: list(),
    takes: [
      ['a', ['a']],
      ['a, b ,c', ['a', 'b', 'c']],
    ],
    refuses: ['', 'a,,b', ',', 'a,'],
  },
  {
    name: 'list({ item, separator })',
    schema: list({ item: int(), separator: ';' }),
    takes: [['1;2', [1, 2]]],
    refuses: ['1,2', '1;x'],
  },
]

describe.each(cases)('$name', ({ schema, takes, refuses }) => {
  test.each(takes)('takes %j whole', (text, value) => {
    expect(schema.parse(text)).toEqual(value)
  })

  test.each(refuses)('refuses %j', (text) => {
    expect(schema.safeParse(text).success).toBe(false)
  })
})

describe('grammars', () => {
  test.each([
    [() => int({ min: 2, max: 1 }), 'Cannot define int: min 2 is above max 1, expected min <= max'],
    [() => int({ min: 0.5 }), 'Cannot define int: bound 0.5, expected a safe whole number'],
    [() => number({ max: Number.NaN }), 'Cannot define number: bound NaN, expected a finite number'],
    [
      () => duration({ min: '2s', max: '1s' }),
      'Cannot define duration: min 2000 ms is above max 1000 ms, expected min <= max',
    ],
    [() => duration({ min: '2' }), 'Cannot use the min of duration()'],
    [() => bytes({ min: -1 }), 'Cannot define bytes: min -1'],
    [() => url({ protocols: ['https'] }), 'Cannot define url: protocol "https", expected names with a colon'],
    [() => list({ separator: '' }), 'Cannot define list: separator is empty, expected text'],
    [() => oneOf('' as 'a'), 'Cannot define oneOf([""]): expected at least one non-empty text'],
  ])('grammars throw at creation when an option is out of range (%#)', (create, message) => {
    expect(create).toThrow(message)
  })

  test('grammars stay recognised when zod wraps them', () => {
    const wrapped = duration()
      .refine((ms) => ms !== 13)
      .meta({ id: 'x' })
      .default(5_400_000)
      .readonly()

    expect(printValue(wrapped, 5_400_000)).toBe('1h30m')
  })
})
