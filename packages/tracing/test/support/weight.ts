/** How many traces a kept span stands for by its `tracestate`, reckoned as a collector does. */
export function weightOf(traceState: string | undefined): number {
  const th = /(?:^|[,=;])th:([0-9a-f]{1,14})/.exec(traceState ?? '')?.[1]
  if (th === undefined) throw new Error(`no threshold in ${traceState}`)
  return 2 ** 56 / (2 ** 56 - Number.parseInt(th.padEnd(14, '0'), 16))
}
