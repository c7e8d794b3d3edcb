import { regroup } from '../core/fact-reader.js'
import type { PersistentStore } from '../core/store.js'
import type { FactCriteria, FactRecord, FrontierOrientation } from '../types.js'
import { QueryBuilder } from './builder.js'
import { isEmptyCriteria } from './criteria.js'
import { concat } from './facts.js'

const BATCH = 512

/** Single records of the state as of the call, once. */
export class StreamingQueryBuilder implements AsyncIterable<FactRecord> {
  readonly #store: PersistentStore
  readonly #orientation: FrontierOrientation
  readonly #withProperties: boolean
  readonly #isPinned: boolean
  readonly #groups: Generator<Uint32Array, void>
  readonly #finish: () => void

  /** @internal Comes from `findStreaming`. */
  constructor(store: PersistentStore, criteria: FactCriteria, orientation: FrontierOrientation) {
    this.#store = store
    this.#orientation = orientation
    this.#withProperties = !isEmptyCriteria(criteria)
    this.#isPinned = store.pinned() !== undefined
    const pin = store.pin()
    let isOpen = true
    this.#finish = () => {
      if (!isOpen) return
      isOpen = false
      store.unpin(pin)
    }
    const pattern = store.idsOf(criteria)
    this.#groups = regroup(pattern === undefined ? [] : store.scan(pin.handle, pattern), BATCH)
    this.#view = pin.handle
  }

  readonly #view: number

  async *[Symbol.asyncIterator](): AsyncGenerator<FactRecord, void> {
    try {
      for (const words of this.#groups) yield* this.#store.records.read(this.#view, words, this.#withProperties)
    } finally {
      this.#finish()
    }
  }

  /** What is left. */
  async collect(): Promise<FactRecord[]> {
    const records: FactRecord[] = []
    for await (const record of this) records.push(record)
    return records
  }

  /** Reads what is left into a plain builder. */
  async toQueryBuilder(): Promise<QueryBuilder> {
    try {
      const facts = concat([...this.#groups])
      return new QueryBuilder(this.#store, {
        facts,
        orientation: this.#orientation,
        withProperties: this.#withProperties,
      })
    } finally {
      this.#finish()
    }
  }

  explain(): { type: 'STREAMING'; orientation: FrontierOrientation; pinned: boolean } {
    return { type: 'STREAMING', orientation: this.#orientation, pinned: this.#isPinned }
  }
}
