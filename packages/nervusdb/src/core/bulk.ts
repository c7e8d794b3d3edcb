import type { FactInput } from '../types.js'
import { checkFact } from './checks.js'
import type { Terms } from './terms.js'

/** Facts that one call of the engine takes. */
const CHUNK = 8192
/** Strings without an id that are gathered for one call, while the cache is in use. */
const UNKNOWN = 1024
/** The cache is asked again after so many chunks in which it did not help. */
const RETRY_AFTER = 8

/**
 * Turns a stream of facts into packed ids: repeated strings by the cache, all others of a chunk by one call of the engine.
 *
 * Facts are not kept, so those that are made as they are asked for die young and cost next to nothing.
 */
export class BulkInterner {
  readonly #terms: Terms
  /** Chunks to go without the cache, since strings did not repeat. */
  #withoutCache = 0
  /** The memory of the last load. A load within a load has its own. */
  #words: Uint32Array | undefined

  constructor(terms: Terms) {
    this.#terms = terms
  }

  /** Gives `take` three ids a fact, a chunk at a time, valid until it returns. The number of facts. */
  pack(graph: () => number, facts: Iterable<FactInput>, take: (words: Uint32Array) => void): number {
    const terms = this.#terms
    const words = this.#words ?? new Uint32Array(CHUNK * 3)
    this.#words = undefined
    /** Strings without an id yet, and where their ids belong. */
    let texts: string[] = []
    let places: number[] = []
    let missed = 0
    let at = 0
    let count = 0
    let usesCache = this.#withoutCache === 0
    const resolve = (): void => {
      const ids = usesCache ? terms.intern(graph(), texts) : terms.internOnce(graph(), texts)
      for (let index = 0; index < places.length; index++) words[places[index] as number] = ids[index] as number
      missed += texts.length
      texts = []
      places = []
    }
    const end = (): void => {
      if (texts.length > 0) resolve()
      // A load within this load may have counted too.
      if (!usesCache) this.#withoutCache = Math.max(0, this.#withoutCache - 1)
      else if (missed * 3 > at) this.#withoutCache = RETRY_AFTER
      usesCache = this.#withoutCache === 0
      count += at / 3
      const packed = words.subarray(0, at)
      missed = 0
      at = 0
      take(packed)
    }
    const id = (text: string): number => {
      const known = usesCache ? terms.cached(text) : undefined
      if (known !== undefined) return known
      places.push(at)
      texts.push(text)
      return 0
    }
    for (const { subject, predicate, object } of facts) {
      checkFact(subject, predicate, object)
      words[at] = id(subject)
      at++
      words[at] = id(predicate)
      at++
      words[at] = id(object)
      at++
      if (at === words.length) end()
      // Soon, so that the cache helps the rest of the chunk.
      else if (usesCache && texts.length >= UNKNOWN) resolve()
    }
    if (at > 0) end()
    this.#words = words
    return count
  }
}
