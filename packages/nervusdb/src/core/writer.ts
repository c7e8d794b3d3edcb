import { Level } from '../engine/engine.js'
import type { BeginBatchOptions, CommitBatchOptions, EdgeKey, FactInput, FactOptions, FactRecord } from '../types.js'
import { Batch } from './batch.js'
import { BulkInterner } from './bulk.js'
import type { Changes } from './changes.js'
import { checkFact, checkString } from './checks.js'
import type { Core } from './core.js'
import { recordOf, type FactReader } from './fact-reader.js'
import { checkId, isId } from './ids.js'
import { encodeProperties, type Properties } from './properties.js'
import type { RecordReader } from './records.js'
import type { Views } from './views.js'

const encoder = new TextEncoder()

/** The changes of a store: each at once, or gathered in batches, which nest. Knows what open batches have staged. */
export class Writer {
  /** Whether anything was committed since the last flush. */
  isDirty = false
  readonly #core: Core
  readonly #views: Views
  readonly #reader: FactReader
  readonly #records: RecordReader
  readonly #batches: Batch[] = []
  readonly #bulk: BulkInterner
  #spare: Changes | undefined

  constructor(core: Core, views: Views, reader: FactReader, records: RecordReader) {
    this.#core = core
    this.#views = views
    this.#reader = reader
    this.#records = records
    this.#bulk = new BulkInterner(core.terms)
  }

  /** Forgets what open batches have staged. */
  abandon(): void {
    this.#batches.length = 0
  }

  addFact(fact: FactInput, options?: FactOptions): FactRecord {
    if (this.#views.isClosed) this.#views.checkOpen()
    const { subject, predicate, object } = fact
    checkFact(subject, predicate, object)
    const core = this.#core
    if (!core.isWriter) core.beginWrite()
    const terms = core.terms
    let s = terms.cached(subject)
    let p = terms.cached(predicate)
    let o = terms.cached(object)
    if (options !== undefined) return this.#addWithProperties(fact, options)
    if (s === undefined || p === undefined || o === undefined) {
      ;[s, p, o] = terms.intern(core.graph, [subject, predicate, object]) as unknown as [number, number, number]
    }
    const batch = this.#batches[this.#batches.length - 1]
    if (batch !== undefined) batch.changes.add(s, p, o)
    else this.#commitFact(s, p, o, 0)
    const record = recordOf(fact, s, p, o)
    if (core.hasData || batch !== undefined) this.#fillProperties(record)
    return record
  }

  #addWithProperties(fact: FactInput, options: FactOptions): FactRecord {
    const { subjectProperties, objectProperties, edgeProperties } = options
    const encoded = (properties: Properties | undefined, ofNode: boolean): Uint8Array | undefined =>
      properties === undefined ? undefined : encodeProperties(properties, ofNode)
    const forSubject = encoded(subjectProperties, true)
    const forObject = encoded(objectProperties, true)
    const forEdge = encoded(edgeProperties, false)
    const ids = this.#core.terms.intern(this.#core.graph, [fact.subject, fact.predicate, fact.object])
    const [s, p, o] = ids as unknown as [number, number, number]
    this.#change((batch) => {
      batch.changes.add(s, p, o)
      if (forSubject !== undefined) batch.setNode(s, subjectProperties as Properties, forSubject)
      if (forObject !== undefined) batch.setNode(o, objectProperties as Properties, forObject)
      if (forEdge !== undefined) batch.setEdge([s, p, o], edgeProperties as Properties, forEdge)
    })
    const record = recordOf(fact, s, p, o)
    this.#fillProperties(record)
    return record
  }

  /** The properties that the record of an added fact shows: those staged in open batches too. */
  #fillProperties(record: FactRecord): void {
    record.subjectProperties = this.getNodeProperties(record.subjectId)
    record.objectProperties = this.getNodeProperties(record.objectId)
    record.edgeProperties = this.getEdgeProperties(record)
  }

  /** Adds many facts and gives their number; nothing is decoded, nothing is given back. One commit for each 8,192. */
  addFacts(facts: Iterable<FactInput>): number {
    this.#views.checkOpen()
    this.#core.beginWrite()
    const graph = (): number => this.#core.graph
    return this.#bulk.pack(graph, facts, (words) => this.#change((batch) => batch.changes.addPacked(words)))
  }

  deleteFact(fact: FactInput): void {
    this.#views.checkOpen()
    const { subject, predicate, object } = fact
    checkFact(subject, predicate, object)
    this.#core.beginWrite()
    const pattern = this.#reader.idsOf({ subject, predicate, object })
    if (pattern === undefined) return
    const { subjectId: s = 0, predicateId: p = 0, objectId: o = 0 } = pattern
    const batch = this.#batches.at(-1)
    if (batch !== undefined) batch.changes.delete(s, p, o)
    else this.#commitFact(s, p, o, 1)
  }

  #commitFact(s: number, p: number, o: number, deletes: number): void {
    const { engine, graph } = this.#core
    const result = engine.guard(() => engine.x.commit_fact(graph, s, p, o, deletes, Level.written))
    if (result === 0) throw engine.failure()
    this.isDirty = true
  }

  /** Makes changes in the innermost batch, or at once. */
  #change(make: (batch: Batch) => void): void {
    const open = this.#batches.at(-1)
    const batch = open ?? this.#newBatch(undefined)
    make(batch)
    if (open !== undefined) return
    this.#commit(batch, Level.written, undefined)
    this.#recycle(batch)
  }

  #newBatch(transaction: Batch['transaction']): Batch {
    const batch = new Batch(transaction, this.#spare)
    this.#spare = undefined
    return batch
  }

  /** Keeps the memory of a batch that has ended. */
  #recycle(batch: Batch | undefined): void {
    if (batch?.changes.recycle() === true) this.#spare = batch.changes
  }

  #commit(batch: Batch, level: number, transaction: Batch['transaction']): void {
    this.#core.beginWrite()
    batch.changes.commit(this.#core.engine, this.#core.graph, level, transaction)
    if (batch.nodes.size > 0 || batch.edges.size > 0) this.#core.hasData = true
    this.isDirty = true
  }

  getNodeProperties(node: number): Properties | undefined {
    for (let index = this.#batches.length - 1; index >= 0; index--) {
      const staged = this.#batches[index]?.nodes.get(node)
      if (staged !== undefined) return JSON.parse(staged) as Properties
    }
    const view = this.#views.view()
    if (!this.#core.hasData || !isId(node)) return undefined
    return this.#records.sets(view, false, [node])[0]
  }

  getEdgeProperties(key: EdgeKey): Properties | undefined {
    const { subjectId, predicateId, objectId } = key
    const name = `${subjectId}:${predicateId}:${objectId}`
    for (let index = this.#batches.length - 1; index >= 0; index--) {
      const staged = this.#batches[index]?.edges.get(name)
      if (staged !== undefined) return JSON.parse(staged) as Properties
    }
    const view = this.#views.view()
    if (!this.#core.hasData || ![subjectId, predicateId, objectId].every(isId)) return undefined
    return this.#records.sets(view, true, [subjectId, predicateId, objectId])[0]
  }

  setNodeProperties(node: number, properties: Properties): void {
    this.#views.checkOpen()
    checkId(node)
    const encoded = encodeProperties(properties, true)
    this.#core.beginWrite()
    this.#change((batch) => batch.setNode(node, properties, encoded))
  }

  setEdgeProperties(key: EdgeKey, properties: Properties): void {
    this.#views.checkOpen()
    const ids = [key.subjectId, key.predicateId, key.objectId] as const
    ids.forEach(checkId)
    const encoded = encodeProperties(properties, false)
    this.#core.beginWrite()
    this.#change((batch) => batch.setEdge([...ids], properties, encoded))
  }

  beginBatch(options?: BeginBatchOptions): void {
    this.#views.checkOpen()
    const { txId, sessionId } = options ?? {}
    const transaction =
      txId === undefined || this.#batches.length > 0
        ? undefined
        : {
            id: encoder.encode(checkString(txId, 'txId')),
            session: encoder.encode(checkString(sessionId ?? '', 'sessionId')),
          }
    this.#batches.push(this.#newBatch(transaction))
  }

  commitBatch(options?: CommitBatchOptions): void {
    this.#views.checkOpen()
    const batch = this.#batches.at(-1)
    if (batch === undefined) return
    const level = options?.durable === true ? Level.synced : Level.written
    if (!batch.changes.isEmpty || batch.transaction !== undefined) {
      this.#commit(batch, level, batch.transaction)
    } else if (level === Level.synced && this.#core.isWriter) {
      this.#core.engine.guard(() => this.#core.engine.done(this.#core.engine.x.graph_sync(this.#core.graph)))
    }
    // Only now: a commit that failed can be tried again, or aborted.
    this.#recycle(this.#batches.pop())
  }

  abortBatch(): void {
    this.#views.checkOpen()
    this.#recycle(this.#batches.pop())
  }

  /** How many batches are open within each other. */
  get batchDepth(): number {
    return this.#batches.length
  }
}
