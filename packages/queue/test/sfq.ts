/** Start-time fair queueing as the paper has it, for one server and jobs of one length: what the scripts are held against. */

interface Waiting {
  readonly id: string
  readonly flow: string
  readonly tag: number
}

/** A queue of flows. `cost` is the length of a job over the weight of its flow. */
export class Sfq {
  readonly #finish = new Map<string, number>()
  #waiting: Waiting[] = []
  #v = 1

  arrive(jobs: readonly { readonly id: string; readonly flow: string; readonly cost: number }[]): void {
    const least = this.#waiting[0]?.tag
    this.#v = Math.max(this.#v, least ?? Math.max(0, ...this.#finish.values()))
    for (const { id, flow, cost } of jobs) {
      const tag = Math.max(this.#v, this.#finish.get(flow) ?? 0)
      this.#finish.set(flow, tag + cost)
      this.#waiting.push({ id, flow, tag })
    }
    // A stable sort: equal tags stay in the order they came.
    this.#waiting.sort((a, b) => a.tag - b.tag)
  }

  next(): Waiting | undefined {
    return this.#waiting.shift()
  }
}
