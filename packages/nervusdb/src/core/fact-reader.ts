import { NervusDBError } from '../errors.js'
import type { EdgeKey, FactCriteria, FactInput, FactRecord, PropertyFilter } from '../types.js'
import { checkString } from './checks.js'
import type { Core } from './core.js'
import { isId } from './ids.js'
import { scanProperty } from './property-scan.js'
import type { RecordReader } from './records.js'
import { contains, countFacts, scanFacts, type IdPattern } from './scan.js'
import type { Views } from './views.js'

/** What a store finds: ids of strings, facts by their ids, nodes and edges by their properties. */
export class FactReader {
  readonly #core: Core
  readonly #views: Views
  readonly #records: RecordReader

  constructor(core: Core, views: Views, records: RecordReader) {
    this.#core = core
    this.#views = views
    this.#records = records
  }

  /** The ids of a criterion's strings; undefined if one of them is unknown. */
  idsOf(criteria: FactCriteria): IdPattern | undefined {
    const { subject, predicate, object } = criteria
    const { terms, graph } = this.#core
    let subjectId: number | undefined
    let predicateId: number | undefined
    let objectId: number | undefined
    if (subject !== undefined) {
      subjectId = terms.find(graph, checkString(subject, 'subject'))
      if (subjectId === undefined) return undefined
    }
    if (predicate !== undefined) {
      predicateId = terms.find(graph, checkString(predicate, 'predicate'))
      if (predicateId === undefined) return undefined
    }
    if (object !== undefined) {
      objectId = terms.find(graph, checkString(object, 'object'))
      if (objectId === undefined) return undefined
    }
    return { subjectId, predicateId, objectId }
  }

  /** The facts that match, packed. */
  scan(view: number, pattern: IdPattern): Generator<Uint32Array, void> {
    return scanFacts(this.#core.engine, view, pattern)
  }

  count(view: number, pattern: IdPattern): number {
    return countFacts(this.#core.engine, view, pattern)
  }

  contains(view: number, s: number, p: number, o: number): boolean {
    return contains(this.#core.engine, view, s, p, o)
  }

  /** The record of one fact, in an array; empty if it is not there. */
  findExact(view: number, subject: string, predicate: string, object: string): FactRecord[] {
    const { terms, graph, engine } = this.#core
    const s = terms.cached(subject) ?? terms.find(graph, checkString(subject, 'subject'))
    const p = terms.cached(predicate) ?? terms.find(graph, checkString(predicate, 'predicate'))
    const o = terms.cached(object) ?? terms.find(graph, checkString(object, 'object'))
    if (s === undefined || p === undefined || o === undefined || !contains(engine, view, s, p, o)) return []
    const record = recordOf({ subject, predicate, object }, s, p, o)
    if (this.#core.hasData) this.#records.fill([record], 0, view, Uint32Array.of(s, p, o))
    return [record]
  }

  /** Triples of ids that match. */
  query(pattern: IdPattern): { subjectId: number; predicateId: number; objectId: number }[] {
    const found = []
    for (const words of this.scan(this.#views.view(), pattern)) {
      for (let at = 0; at < words.length; at += 3) {
        found.push({
          subjectId: words[at] as number,
          predicateId: words[at + 1] as number,
          objectId: words[at + 2] as number,
        })
      }
    }
    return found
  }

  /** The records of triples of ids. */
  resolveRecords(triples: readonly EdgeKey[], options?: { includeProperties?: boolean }): FactRecord[] {
    const words = new Uint32Array(triples.length * 3)
    triples.forEach(({ subjectId, predicateId, objectId }, index) =>
      words.set([subjectId, predicateId, objectId], index * 3),
    )
    return this.#records.read(this.#views.view(), words, options?.includeProperties !== false)
  }

  /** Records that match ids, in arrays of `batchSize`. */
  async *streamFactRecords(pattern: IdPattern = {}, batchSize = 1000): AsyncGenerator<FactRecord[], void> {
    const pin = this.#views.pin()
    try {
      for (const words of regroup(this.scan(pin.handle, pattern), checkBatchSize(batchSize))) {
        yield this.#records.read(pin.handle, words, true)
      }
    } finally {
      this.#views.unpin(pin)
    }
  }

  listFacts(): FactRecord[] {
    const view = this.#views.view()
    const found: FactRecord[] = []
    for (const words of this.scan(view, {})) this.#records.append(found, view, words, true)
    return found
  }

  getNodeIdByValue(value: string): number | undefined {
    this.#views.view()
    return this.#core.terms.find(this.#core.graph, checkString(value, 'the value'))
  }

  /** The id of a string, a new one if it has none. */
  intern(value: string): number {
    this.#views.view()
    const known = this.getNodeIdByValue(value)
    if (known !== undefined) return known
    this.#core.beginWrite()
    return this.#core.terms.intern(this.#core.graph, [value])[0] as number
  }

  getNodeValueById(id: number): string | undefined {
    const view = this.#views.view()
    return isId(id) ? this.#core.terms.text(view, id) : undefined
  }

  /** How many distinct strings have an id. */
  getDictionarySize(): number {
    this.#views.view()
    return this.#core.engine.guard(() => this.#core.engine.x.graph_terms(this.#core.graph))
  }

  /** The nodes that match, by the index. */
  nodesWith(view: number, filter: PropertyFilter): Set<number> {
    const found = new Set<number>()
    for (const ids of scanProperty(this.#core.engine, view, false, filter)) found.add(ids[0] as number)
    return found
  }

  /** The edges that match, packed; whether or not the fact is there. */
  *edgesWith(view: number, filter: PropertyFilter): Generator<Uint32Array, void> {
    yield* scanProperty(this.#core.engine, view, true, filter)
  }
}

/** The record of an added fact; what else the argument has is kept. */
export function recordOf(fact: FactInput, subjectId: number, predicateId: number, objectId: number): FactRecord {
  const record: FactRecord = {
    subject: fact.subject,
    predicate: fact.predicate,
    object: fact.object,
    subjectId,
    predicateId,
    objectId,
    subjectProperties: undefined,
    objectProperties: undefined,
    edgeProperties: undefined,
  }
  let keys = 0
  for (const _ in fact) keys++
  return keys === 3 ? record : { ...fact, ...record }
}

function checkBatchSize(size: number): number {
  if (!(size >= 1)) throw new NervusDBError('INVALID_ARGUMENT', `the batch size must be 1 or more, not ${size}`)
  return Math.floor(size)
}

/** Packed facts in groups of exactly `size`, the last one shorter. */
export function* regroup(batches: Iterable<Uint32Array>, size: number): Generator<Uint32Array, void> {
  let group = new Uint32Array(size * 3)
  let filled = 0
  for (const words of batches) {
    let at = 0
    while (at < words.length) {
      const count = Math.min(words.length - at, group.length - filled)
      group.set(words.subarray(at, at + count), filled)
      filled += count
      at += count
      if (filled === group.length) {
        yield group
        group = new Uint32Array(size * 3)
        filled = 0
      }
    }
  }
  if (filled > 0) yield group.subarray(0, filled)
}
