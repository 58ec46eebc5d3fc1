/** Proofs: the series that show when an alert fires and when it keeps still, in promtool's notation. */

/** One situation and what is expected of it. */
export interface ProofCase {
  readonly title: string
  /** Values by series, in promtool's notation, a value a minute. */
  readonly series: Readonly<Record<string, string>>
  /** When it is looked at, in minutes. */
  readonly atMinutes: number
  readonly fires: boolean
}

/** All cases of an alert, and the labels of the series that fires. */
export interface Proof {
  readonly labels: Readonly<Record<string, string>>
  readonly cases: readonly ProofCase[]
}

/** What every series does in one situation: growth a minute of a counter, or the value of a gauge. */
export type Levels = Readonly<Record<string, number>>

/** Situations of an alert. */
export interface Situations {
  readonly kind: 'counter' | 'gauge'
  /** Labels that the firing sample keeps. @defaultValue none */
  readonly labels?: Readonly<Record<string, string>>
  readonly firing: Levels
  readonly justBelow: Levels
  /** Too little traffic to judge. @defaultValue not a case */
  readonly lowTraffic?: Levels
  /** @defaultValue those of `justBelow` */
  readonly recovered?: Levels
  /** How long a situation must last to be seen, in minutes: the window and the `for`. */
  readonly minutes: number
  /** How long it takes to clear once over, in minutes. @defaultValue `minutes` */
  readonly clearMinutes?: number
}

/** The cases that every alert on a level has: fires, just below, low traffic, missing data, resolves. */
export function proveLevel(situations: Situations): Proof {
  const { kind, labels = {}, firing, justBelow, lowTraffic, recovered = justBelow, minutes } = situations
  const end = minutes + 5
  const clear = (situations.clearMinutes ?? minutes) + 5
  const hold = (levels: Levels): Record<string, string> => mapValues(levels, (level) => notation(kind, level, end))
  const thenRecover = mapValues(firing, (level, series) => {
    const next = recovered[series] ?? 0
    const from = kind === 'counter' ? level * end + next : next
    return `${notation(kind, level, end)} ${steps(from, kind === 'counter' ? next : 0, clear)}`
  })
  return {
    labels,
    cases: [
      { title: 'fires', series: hold(firing), atMinutes: end, fires: true },
      { title: 'keeps still just below', series: hold(justBelow), atMinutes: end, fires: false },
      ...(lowTraffic === undefined
        ? []
        : [{ title: 'keeps still at low traffic', series: hold(lowTraffic), atMinutes: end, fires: false }]),
      { title: 'keeps still without data', series: {}, atMinutes: end, fires: false },
      { title: 'resolves', series: thenRecover, atMinutes: end + clear, fires: false },
    ],
  }
}

/** `count` further values after the first. */
function notation(kind: Situations['kind'], level: number, count: number): string {
  return kind === 'counter' ? steps(0, level, count) : steps(level, 0, count)
}

function steps(from: number, by: number, count: number): string {
  return `${plain(from)}+${plain(by)}x${count}`
}

/** Without an exponent, which the notation does not know. */
function plain(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(9).replace(/0+$/, '')
}

function mapValues(levels: Levels, map: (level: number, series: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(levels).map(([series, level]) => [series, map(level, series)]))
}
