import type { FactRecord } from '../types.js'
import type { Core } from './core.js'
import { decodeProperties, type Properties } from './properties.js'

/** Sets of properties asked for at once. */
const SETS = 1024

/** Turns packed facts into records: strings from the cache, properties in batches. */
export class RecordReader {
  readonly #core: Core

  constructor(core: Core) {
    this.#core = core
  }

  /** The records of packed facts. */
  read(view: number, words: Uint32Array, withProperties: boolean): FactRecord[] {
    const records: FactRecord[] = []
    this.append(records, view, words, withProperties)
    return records
  }

  append(records: FactRecord[], view: number, words: Uint32Array, withProperties: boolean): void {
    const terms = this.#core.terms
    const first = records.length
    const end = words.length
    for (let at = 0; at < end; at += 3) {
      const subjectId = words[at] as number
      const predicateId = words[at + 1] as number
      const objectId = words[at + 2] as number
      // Each fetch may move the cache, so its fields are read anew for every string.
      let slot = subjectId & terms.mask
      const subject =
        terms.keys[slot] === subjectId ? (terms.values[slot] as string) : terms.fetch(view, words, at, end)
      slot = predicateId & terms.mask
      const predicate =
        terms.keys[slot] === predicateId ? (terms.values[slot] as string) : terms.fetch(view, words, at + 1, end)
      slot = objectId & terms.mask
      const object =
        terms.keys[slot] === objectId ? (terms.values[slot] as string) : terms.fetch(view, words, at + 2, end)
      records.push({
        subject,
        predicate,
        object,
        subjectId,
        predicateId,
        objectId,
        subjectProperties: undefined,
        objectProperties: undefined,
        edgeProperties: undefined,
      })
    }
    if (withProperties && this.#core.hasData) this.fill(records, first, view, words)
  }

  /** Gives records from `first` on their properties. */
  fill(records: FactRecord[], first: number, view: number, words: Uint32Array): void {
    for (let from = 0; from < words.length; from += SETS * 3) {
      const part = words.subarray(from, from + SETS * 3)
      const count = part.length / 3
      const nodes: number[] = []
      for (let at = 0; at < part.length; at += 3) nodes.push(part[at] as number, part[at + 2] as number)
      const ofNodes = this.#bytes(view, false, nodes, count * 2)
      const ofEdges = this.#bytes(view, true, part, count)
      for (let index = 0; index < count; index++) {
        const record = records[first + from / 3 + index] as FactRecord
        record.subjectProperties = decoded(ofNodes[index * 2])
        record.objectProperties = decoded(ofNodes[index * 2 + 1])
        record.edgeProperties = decoded(ofEdges[index])
      }
    }
  }

  /** The properties of nodes (one id each) or edges (three). */
  sets(view: number, ofEdges: boolean, ids: ArrayLike<number>): (Properties | undefined)[] {
    return this.#bytes(view, ofEdges, ids, ids.length / (ofEdges ? 3 : 1)).map(decoded)
  }

  #bytes(view: number, ofEdges: boolean, ids: ArrayLike<number>, count: number): (Uint8Array | undefined)[] {
    const engine = this.#core.engine
    return engine.guard(() => {
      const input = engine.reserve(ids.length * 4)
      engine.memory.words.set(ids, input >>> 2)
      const { words, at } = engine.words(engine.x.properties_get(view, ofEdges ? 1 : 0, count))
      let from = engine.x.bytes() >>> 0
      const found: (Uint8Array | undefined)[] = []
      for (let index = 0; index < count; index++) {
        const length = words[at + index] as number
        if (length === 0xffffffff) {
          found.push(undefined)
          continue
        }
        found.push(engine.memory.bytes.slice(from, from + length))
        from += length
      }
      return found
    })
  }
}

function decoded(bytes: Uint8Array | undefined): Properties | undefined {
  return bytes === undefined ? undefined : decodeProperties(bytes)
}
