import type { LoadContext } from './options.ts'

/** The context of one load and the end of its time; makes the signal only for a loader that looks at it. */
export class LoadScope implements LoadContext {
  readonly tenant: string
  /** Whoever is waiting now is told through it. */
  onAbort: (reason: Error) => void = () => {}
  #reason: Error | undefined
  #controller: AbortController | undefined

  constructor(tenant: string) {
    this.tenant = tenant
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Ends the load: whatever is bound to it rejects with `reason`. */
  abort(reason: Error): void {
    this.#reason = reason
    this.#controller?.abort(reason)
    this.onAbort(reason)
  }

  /** Settles as `work` does, or rejects when the time is up first. */
  bound<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.onAbort = reject
      work.then(resolve, reject)
    })
  }
}
