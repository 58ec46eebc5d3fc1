/** A package registry on loopback, in memory. */
export function startLocalRegistry(): Promise<{
  readonly url: string
  readonly published: readonly object[]
  readonly refused: Set<string>
  add(file: string, options?: { readonly tag?: string; readonly at?: Date }): boolean
  stop(): Promise<void>
}>
/** The package.json in a tarball. */
export function manifestIn(file: string): object
