import type { Engine } from '../engine/engine.js'
import type {
  BeginBatchOptions,
  CommitBatchOptions,
  EdgeKey,
  FactCriteria,
  FactInput,
  FactOptions,
  FactRecord,
  NervusDBOpenOptions,
  PropertyFilter,
} from '../types.js'
import { Core } from './core.js'
import { FactReader } from './fact-reader.js'
import { LabelIndex } from './label-index.js'
import { FsPlace } from './fs-place.js'
import type { BackendName, PlaceOptions, Platform } from './platform.js'
import type { Properties } from './properties.js'
import { PropertyIndex } from './property-index.js'
import { RecordReader } from './records.js'
import type { IdPattern } from './scan.js'
import { readStats, type EngineStats } from './stats.js'
import { Views, type Pin } from './views.js'
import { Writer } from './writer.js'

const DEFAULTS = { cacheBytes: 8 << 20, memtableBytes: 4 << 20, logBytes: 64 << 20 }

/** Cores of stores that nobody holds any more, by what all parts of a store hold: one of them may outlive it in a query. */
const abandoned = new FinalizationRegistry<() => void>((release) => release())

/**
 * The store below a database: facts by id, properties, batches, snapshots. What plugins and diagnostics use.
 *
 * It opens and closes; what it sees is the task of {@link Views}, finding that of {@link FactReader}, changing that of {@link Writer}.
 */
export class PersistentStore {
  /** The engine and what it shares with others that opened the same path. */
  readonly core: Core
  readonly records: RecordReader
  readonly #views: Views
  readonly #reader: FactReader
  readonly #writer: Writer
  readonly #unregisterReader: () => void

  private constructor(core: Core, views: Views, unregisterReader: () => void) {
    this.core = core
    this.#views = views
    this.#unregisterReader = unregisterReader
    this.records = new RecordReader(core)
    this.#reader = new FactReader(core, views, this.records)
    this.#writer = new Writer(core, views, this.#reader, this.records)
    abandoned.register(
      views,
      () => {
        unregisterReader()
        core.release()
      },
      views,
    )
  }

  /** Opens the store of a path, without plugins. Bound by the entry point to its platform. */
  static open: (path: string, options?: NervusDBOpenOptions) => Promise<PersistentStore>

  /** Opens the store of a path on a platform. */
  static async openOn(
    platform: Platform,
    path: string,
    options: NervusDBOpenOptions,
    tools = false,
  ): Promise<PersistentStore> {
    const instantiate = await platform.backend(chooseBackend(platform, options), tools)
    const how: PlaceOptions = {
      indexDirectory: options.indexDirectory,
      enableLock: options.enableLock === true,
      mustExist: options.mustExist === true,
    }
    const { place, isNew } =
      options.fs === undefined ? await platform.locate(path, how) : await FsPlace.locate(options.fs, path, how)
    try {
      const core = Core.open(place, instantiate, {
        ...DEFAULTS,
        cacheBytes: options.cacheSize ?? DEFAULTS.cacheBytes,
        rememberTransactions: options.enablePersistentTxDedupe === true ? (options.maxRememberTxIds ?? 1000) : 0,
        isNew,
        exclusive: options.enableLock === true,
      })
      const unregister = options.registerReader === false ? () => {} : place.registerReader()
      return new PersistentStore(core, new Views(core, platform.context), unregister)
    } catch (error) {
      place.dispose()
      throw error
    }
  }

  get isClosed(): boolean {
    return this.#views.isClosed
  }

  get engine(): Engine {
    return this.core.engine
  }

  // --- Views -------------------------------------------------------------------------------------------------

  /** The view that reads use now: a snapshot within its scope, else the newest state. */
  view(): number {
    return this.#views.view()
  }

  /** The view of a pin as long as it holds. */
  viewOf(pin: Pin | undefined): number {
    return this.#views.viewOf(pin)
  }

  /** The snapshot in whose scope this is called. */
  pinned(): Pin | undefined {
    return this.#views.pinned()
  }

  /** Keeps the state as it is now; to be given back with {@link unpin}. */
  pin(): Pin {
    return this.#views.pin()
  }

  unpin(pin: Pin): void {
    this.#views.unpin(pin)
  }

  /** Runs work that sees the state as it is now, whatever happens meanwhile. */
  withSnapshot<T>(work: () => T | Promise<T>): Promise<T> {
    return this.#views.withSnapshot(work)
  }

  // --- Finding -----------------------------------------------------------------------------------------------

  /** The ids of a criterion's strings; undefined if one of them is unknown. */
  idsOf(criteria: FactCriteria): IdPattern | undefined {
    return this.#reader.idsOf(criteria)
  }

  /** The facts that match, packed. */
  scan(view: number, pattern: IdPattern): Generator<Uint32Array, void> {
    return this.#reader.scan(view, pattern)
  }

  count(view: number, pattern: IdPattern): number {
    return this.#reader.count(view, pattern)
  }

  contains(view: number, s: number, p: number, o: number): boolean {
    return this.#reader.contains(view, s, p, o)
  }

  /** The record of one fact, in an array; empty if it is not there. */
  findExact(view: number, subject: string, predicate: string, object: string): FactRecord[] {
    return this.#reader.findExact(view, subject, predicate, object)
  }

  /** Triples of ids that match. */
  query(pattern: IdPattern): { subjectId: number; predicateId: number; objectId: number }[] {
    return this.#reader.query(pattern)
  }

  /** The records of triples of ids. */
  resolveRecords(triples: readonly EdgeKey[], options?: { includeProperties?: boolean }): FactRecord[] {
    return this.#reader.resolveRecords(triples, options)
  }

  /** Records that match ids, in arrays of `batchSize`. */
  streamFactRecords(pattern: IdPattern = {}, batchSize = 1000): AsyncGenerator<FactRecord[], void> {
    return this.#reader.streamFactRecords(pattern, batchSize)
  }

  listFacts(): FactRecord[] {
    return this.#reader.listFacts()
  }

  getNodeIdByValue(value: string): number | undefined {
    return this.#reader.getNodeIdByValue(value)
  }

  /** The id of a string, a new one if it has none. */
  intern(value: string): number {
    return this.#reader.intern(value)
  }

  getNodeValueById(id: number): string | undefined {
    return this.#reader.getNodeValueById(id)
  }

  /** How many distinct strings have an id. */
  getDictionarySize(): number {
    return this.#reader.getDictionarySize()
  }

  /** The nodes that match, by the index. */
  nodesWith(view: number, filter: PropertyFilter): Set<number> {
    return this.#reader.nodesWith(view, filter)
  }

  /** The edges that match, packed; whether or not the fact is there. */
  edgesWith(view: number, filter: PropertyFilter): Generator<Uint32Array, void> {
    return this.#reader.edgesWith(view, filter)
  }

  getPropertyIndex(): PropertyIndex {
    return new PropertyIndex(this)
  }

  getLabelIndex(): LabelIndex {
    return new LabelIndex(this)
  }

  // --- Changing ----------------------------------------------------------------------------------------------

  addFact(fact: FactInput, options?: FactOptions): FactRecord {
    return this.#writer.addFact(fact, options)
  }

  /** Adds many facts and gives their number; nothing is decoded, nothing is given back. One commit for each 8,192. */
  addFacts(facts: Iterable<FactInput>): number {
    return this.#writer.addFacts(facts)
  }

  deleteFact(fact: FactInput): void {
    this.#writer.deleteFact(fact)
  }

  getNodeProperties(node: number): Properties | undefined {
    return this.#writer.getNodeProperties(node)
  }

  getEdgeProperties(key: EdgeKey): Properties | undefined {
    return this.#writer.getEdgeProperties(key)
  }

  setNodeProperties(node: number, properties: Properties): void {
    this.#writer.setNodeProperties(node, properties)
  }

  setEdgeProperties(key: EdgeKey, properties: Properties): void {
    this.#writer.setEdgeProperties(key, properties)
  }

  beginBatch(options?: BeginBatchOptions): void {
    this.#writer.beginBatch(options)
  }

  commitBatch(options?: CommitBatchOptions): void {
    this.#writer.commitBatch(options)
  }

  abortBatch(): void {
    this.#writer.abortBatch()
  }

  /** How many batches are open within each other. */
  get batchDepth(): number {
    return this.#writer.batchDepth
  }

  // --- Durability and upkeep ---------------------------------------------------------------------------------

  async flush(): Promise<void> {
    if (this.#views.isClosed) return
    this.core.flush()
    this.#writer.isDirty = false
    await this.core.place.maintain?.()
  }

  async close(): Promise<void> {
    if (this.#views.isClosed) return
    const graph = this.core.graph
    try {
      if (this.#writer.isDirty && graph !== 0) this.core.flush()
    } catch {
      // The log has everything.
    }
    this.dispose()
  }

  /** Lets go of everything at once, without flushing: the log has what was committed. */
  dispose(): void {
    if (this.#views.isClosed) return
    this.#views.close()
    this.#writer.abandon()
    abandoned.unregister(this.#views)
    this.#unregisterReader()
    this.core.release()
  }

  /** Sizes of everything. */
  stats(): EngineStats {
    this.view()
    return readStats(this.core)
  }

  /** How often the stored state has been switched. */
  getCurrentEpoch(): number {
    return this.stats().epoch
  }

  /** Whether anything is in tables yet. */
  hasPagedIndexData(): boolean {
    return this.stats().trees.some((tree) => tree.blocks > 0)
  }

  /** What the tables are, for diagnostics; null before the first flush. */
  getIndexManifest(): object | null {
    const { epoch, trees } = this.stats()
    return this.hasPagedIndexData() ? { epoch, orders: trees } : null
  }

  /** How the block cache is doing, for diagnostics. */
  getHotnessSnapshot(): object | null {
    const { cacheBytes, cacheHits, cacheMisses } = this.stats()
    return { cacheBytes, cacheHits, cacheMisses }
  }

  /** Facts that are in memory and the log only. */
  getStagedFacts(): number {
    return this.stats().memtableFacts
  }
}

function chooseBackend(platform: Platform, options: NervusDBOpenOptions): BackendName {
  const wanted = options.useWasm ?? platform.environment('NERVUSDB_USE_WASM') !== 'false'
  return wanted && typeof WebAssembly === 'object' ? 'wasm' : 'javascript'
}
