/** A generated file. */
export interface Artefact {
  /** Relative to the output folder, with slashes. */
  readonly path: string
  readonly text: string
  /** The text to write where the file exists already: what people wrote in it is kept. @defaultValue `text` */
  readonly merge?: (existing: string) => string
}
