/** Who may run beside whom in one process: jobs share it, a suspect has it to itself. */

/** Lets many shared runs or one solitary run proceed; a waiting suspect holds newcomers back, so that it gets its turn. */
export class Solitude {
  #shared = 0
  #alone = false
  readonly #suspects: (() => void)[] = []
  readonly #others: (() => void)[] = []

  /** True when a shared run would have to wait. */
  get held(): boolean {
    return this.#alone || this.#suspects.length > 0
  }

  /** Takes a shared place at once; only while not {@link Solitude.held}. */
  enterShared(): void {
    this.#shared++
  }
  /** Resolves once a shared place is taken. */
  async share(): Promise<void> {
    while (this.held) await new Promise<void>((resolve) => this.#others.push(resolve))
    this.#shared++
  }
  leaveShared(): void {
    this.#shared--
    this.#next()
  }
  /** Resolves once the process is taken, with nothing else running in it. */
  async isolate(): Promise<void> {
    if (this.#shared === 0 && !this.held) {
      this.#alone = true
      return
    }
    await new Promise<void>((resolve) => this.#suspects.push(resolve))
  }
  leaveAlone(): void {
    this.#alone = false
    this.#next()
  }

  #next(): void {
    if (this.#shared > 0 || this.#alone) return
    const suspect = this.#suspects.shift()
    if (suspect !== undefined) {
      this.#alone = true
      suspect()
    } else {
      for (const go of this.#others.splice(0)) go()
    }
  }
}
