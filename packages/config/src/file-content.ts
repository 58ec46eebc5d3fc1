/** One key of a parsed file. */
export interface FileEntry {
  readonly key: string
  readonly value: unknown
  /** `:line:column`, or empty where the format tells none. */
  readonly place: string
  /** What is wrong with how the value is written. */
  readonly problem?: string | undefined
}
/** A parsed file, or why it is none. */
export type FileContent = {
  readonly entries: readonly FileEntry[]
  readonly failures: readonly { readonly place: string; readonly message: string }[]
}
