import type { Platform } from './core/platform.js'
import type { Properties } from './core/properties.js'
import { PersistentStore } from './core/store.js'
import { NervusDBError } from './errors.js'
import { AggregationPlugin } from './plugins/aggregation.js'
import { CypherPlugin, type CypherOptions, type CypherResult } from './plugins/cypher.js'
import { PluginManager, type NervusDBPlugin } from './plugins/manager.js'
import { PathfindingPlugin } from './plugins/pathfinding.js'
import { AggregationPipeline } from './query/aggregation.js'
import { QueryBuilder } from './query/builder.js'
import { defaultOrientation } from './query/criteria.js'
import { CriteriaBuilder } from './query/criteria-builder.js'
import { concat } from './query/facts.js'
import { LazyQueryBuilder } from './query/lazy.js'
import { PatternBuilder } from './query/pattern.js'
import { StreamingQueryBuilder } from './query/streaming.js'
import type { ShortestPathOptions, WeightedPathOptions } from './query/shortest.js'
import type {
  BeginBatchOptions,
  CommitBatchOptions,
  EdgeKey,
  FactCriteria,
  FactInput,
  FactOptions,
  FactRecord,
  FrontierOrientation,
  NervusDBOpenOptions,
  PropertyFilter,
} from './types.js'

/** The position of a query. */
interface AnchorOption {
  anchor?: FrontierOrientation
}

const warned = new Set<string>()

/** A database of facts: subject, predicate, object, with properties. */
export class NervusDB {
  readonly #store: PersistentStore
  readonly #plugins: PluginManager

  /** @internal Databases are opened. */
  protected constructor(store: PersistentStore) {
    this.#store = store
    this.#plugins = new PluginManager(this, store)
  }

  /** @internal Opens on a platform; each entry point binds its own as `open`. */
  static async openOn(platform: Platform, path: string, options: NervusDBOpenOptions = {}): Promise<NervusDB> {
    if (typeof path !== 'string') throw new TypeError('the path of a database must be a string')
    const store = await PersistentStore.openOn(platform, path, options)
    try {
      const db = new this(store)
      db.#plugins.register(new PathfindingPlugin())
      db.#plugins.register(new AggregationPlugin())
      if (cypherIsOn(platform, options)) db.#plugins.register(new CypherPlugin())
      await db.#plugins.initialize()
      return db
    } catch (error) {
      store.dispose()
      throw error
    }
  }

  // --- Facts -------------------------------------------------------------------------------------------------

  /** Adds a fact, and replaces the given properties. */
  addFact(fact: FactInput, options?: FactOptions): FactRecord {
    return this.#store.addFact(fact, options)
  }

  /** The same as {@link addFact}. */
  add(fact: FactInput, options?: FactOptions): FactRecord {
    return this.#store.addFact(fact, options)
  }

  /** Adds many facts and returns their number; this is the fastest way to load. Outside a batch, every 8,192 are one commit. */
  addFacts(facts: Iterable<FactInput>): number {
    return this.#store.addFacts(facts)
  }

  /** Adds many facts as one atomic batch. */
  addBatch(facts: Iterable<FactInput>, options?: BeginBatchOptions & CommitBatchOptions): number {
    this.beginBatch(options)
    try {
      const count = this.#store.addFacts(facts)
      this.commitBatch(options)
      return count
    } catch (error) {
      this.abortBatch()
      throw error
    }
  }

  /** Deletes a fact, if it exists. Properties of its nodes and of the edge stay. */
  deleteFact(fact: FactInput): void {
    this.#store.deleteFact(fact)
  }

  listFacts(): FactRecord[] {
    return this.#store.listFacts()
  }

  /** Matching records, in arrays of `batchSize`, in bounded memory. An empty string means that a part is not given. */
  async *streamFacts(criteria: FactCriteria = {}, batchSize = 1000): AsyncGenerator<FactRecord[], void> {
    const given = Object.fromEntries(Object.entries(criteria).filter(([, text]) => text !== ''))
    const pattern = this.#store.idsOf(given)
    if (pattern !== undefined) yield* this.#store.streamFactRecords(pattern, batchSize)
  }

  findStream(criteria?: FactCriteria, options?: { batchSize?: number }): AsyncIterable<FactRecord[]> {
    return this.streamFacts(criteria, options?.batchSize)
  }

  async findStreaming(criteria: FactCriteria, options?: AnchorOption): Promise<StreamingQueryBuilder> {
    return new StreamingQueryBuilder(this.#store, criteria, options?.anchor ?? defaultOrientation(criteria))
  }

  // --- Queries -----------------------------------------------------------------------------------------------

  /** The matching facts. Nothing is read until results are requested, except within a snapshot. */
  find(criteria: FactCriteria, options?: AnchorOption): QueryBuilder {
    const lazy = new LazyQueryBuilder(this.#store, criteria, options?.anchor ?? defaultOrientation(criteria))
    const pin = this.#store.pinned()
    return pin === undefined ? lazy : lazy.fixed(pin)
  }

  /** The same as {@link find}. */
  findLazy(criteria: FactCriteria, options?: AnchorOption): QueryBuilder {
    return this.find(criteria, options)
  }

  /** A query by named parts: `query().whereSubject('a').execute()`. */
  query(): CriteriaBuilder {
    return new CriteriaBuilder((criteria) => this.find(criteria))
  }

  /** Facts of nodes with a property. The anchor is the side on which the node must be. */
  findByNodeProperty(filter: PropertyFilter, options?: AnchorOption): QueryBuilder {
    const anchor = options?.anchor ?? 'subject'
    const nodes = this.#store.nodesWith(this.#store.view(), filter)
    return this.#around(nodes, anchor, anchor)
  }

  /** Facts whose edge has a property of that value. */
  findByEdgeProperty(filter: PropertyFilter, options?: AnchorOption): QueryBuilder {
    const view = this.#store.view()
    const found: Uint32Array[] = []
    if (filter.value !== undefined) {
      for (const ids of this.#store.edgesWith(view, filter)) {
        const [s, p, o] = ids as unknown as [number, number, number]
        if (this.#store.contains(view, s, p, o)) found.push(ids)
      }
    }
    return this.#fixed(found, options?.anchor ?? 'subject')
  }

  /** Facts with a labelled node on either side; the anchor only determines where the next hop starts. */
  findByLabel(labels: string | string[], options?: AnchorOption & { mode?: 'AND' | 'OR' }): QueryBuilder {
    const mode = options?.mode ?? 'AND'
    const nodes = this.#store.getLabelIndex().nodesOf(this.#store.view(), labels, mode)
    return this.#around(nodes, 'both', options?.anchor ?? 'subject')
  }

  /** The facts that have one of some nodes on a side, each once. */
  #around(nodes: Set<number>, side: FrontierOrientation, anchor: FrontierOrientation): QueryBuilder {
    const view = this.#store.view()
    const found: Uint32Array[] = []
    for (const node of nodes) {
      if (side !== 'object') found.push(...this.#store.scan(view, { subjectId: node }))
    }
    for (const node of nodes) {
      if (side === 'subject') break
      for (const words of this.#store.scan(view, { objectId: node })) {
        const fresh = side === 'object' ? words : withoutSubjects(words, nodes)
        if (fresh.length > 0) found.push(fresh)
      }
    }
    return this.#fixed(found, anchor)
  }

  #fixed(found: Uint32Array[], orientation: FrontierOrientation): QueryBuilder {
    return new QueryBuilder(this.#store, { facts: concat(found), orientation, pin: this.#store.pinned() })
  }

  /** Starts a pattern of alternating nodes and edges. */
  pattern(): PatternBuilder {
    return new PatternBuilder(this.#store)
  }

  /** The same as {@link pattern}. */
  match(): PatternBuilder {
    return this.pattern()
  }

  aggregate(): AggregationPipeline {
    return new AggregationPipeline(this.#store)
  }

  /** The facts of a path with the fewest hops; null if there is none. */
  shortestPath(from: string, to: string, options?: ShortestPathOptions): FactRecord[] | null {
    return this.#pathfinding().shortestPath(from, to, options)
  }

  /** The same, searching from both ends. */
  shortestPathBidirectional(
    from: string,
    to: string,
    options?: Omit<ShortestPathOptions, 'direction'>,
  ): FactRecord[] | null {
    return this.#pathfinding().shortestPathBidirectional(from, to, options)
  }

  /** The facts of a path with the least total weight. */
  shortestPathWeighted(from: string, to: string, options?: WeightedPathOptions): FactRecord[] | null {
    return this.#pathfinding().shortestPathWeighted(from, to, options)
  }

  #pathfinding(): PathfindingPlugin {
    return this.#plugins.get<PathfindingPlugin>('pathfinding') as PathfindingPlugin
  }

  // --- Nodes and properties ----------------------------------------------------------------------------------

  getNodeId(value: string): number | undefined {
    return this.#store.getNodeIdByValue(value)
  }

  getNodeValue(id: number): string | undefined {
    return this.#store.getNodeValueById(id)
  }

  getNodeProperties(nodeId: number): Properties | null {
    return this.#store.getNodeProperties(nodeId) ?? null
  }

  getEdgeProperties(key: EdgeKey): Properties | null {
    return this.#store.getEdgeProperties(key) ?? null
  }

  /** Replaces all properties of a node. */
  setNodeProperties(nodeId: number, properties: Properties): void {
    this.#store.setNodeProperties(nodeId, properties)
  }

  /** Replaces all properties of an edge. */
  setEdgeProperties(key: EdgeKey, properties: Properties): void {
    this.#store.setEdgeProperties(key, properties)
  }

  // --- Batches and snapshots ---------------------------------------------------------------------------------

  /** Starts a batch, which ends with {@link commitBatch} or {@link abortBatch}. Batches can be nested. */
  beginBatch(options?: BeginBatchOptions): void {
    this.#store.beginBatch(options)
  }

  commitBatch(options?: CommitBatchOptions): void {
    this.#store.commitBatch(options)
  }

  abortBatch(): void {
    this.#store.abortBatch()
  }

  /** Runs a function that sees the database as it is now, whatever is written in the meantime. */
  withSnapshot<T>(work: (db: NervusDB) => T | Promise<T>): Promise<T> {
    return this.#store.withSnapshot(() => work(this))
  }

  /** The same as {@link withSnapshot}. */
  snapshot<T>(work: (db: NervusDB) => T | Promise<T>): Promise<T> {
    return this.withSnapshot(work)
  }

  // --- Upkeep ------------------------------------------------------------------------------------------------

  /** Makes everything committed so far durable, and resets the log. */
  flush(): Promise<void> {
    return this.#store.flush()
  }

  /** Flushes and closes. An open batch is discarded. */
  async close(): Promise<void> {
    if (this.#store.isClosed) return
    await this.#plugins.cleanup()
    await this.#store.close()
  }

  /** Closes without flushing, for `using`: the log has what was committed. */
  [Symbol.dispose](): void {
    this.#store.dispose()
  }

  /** Flushes and closes, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  getStore(): PersistentStore {
    return this.#store
  }

  /** Facts that are not in tables yet. */
  getStagingMetrics(): { lsmMemtable: number } {
    return { lsmMemtable: this.#store.getStagedFacts() }
  }

  // --- Plugins and languages ---------------------------------------------------------------------------------

  plugin<T extends NervusDBPlugin>(name: string): T | undefined {
    return this.#plugins.get<T>(name)
  }

  hasPlugin(name: string): boolean {
    return this.#plugins.has(name)
  }

  listPlugins(): { name: string; version: string }[] {
    return this.#plugins.list()
  }

  async cypher(
    statement: string,
    parameters?: Record<string, unknown>,
    options?: CypherOptions,
  ): Promise<CypherResult> {
    return this.#cypher().cypherQuery(statement, parameters, options)
  }

  async cypherQuery(
    statement: string,
    parameters?: Record<string, unknown>,
    options?: CypherOptions,
  ): Promise<CypherResult> {
    return this.#cypher().cypherQuery(statement, parameters, options)
  }

  async cypherRead(
    statement: string,
    parameters?: Record<string, unknown>,
    options?: CypherOptions,
  ): Promise<CypherResult> {
    return this.#cypher().cypherQuery(statement, parameters, { ...options, readonly: true })
  }

  validateCypher(statement: string): { valid: boolean; errors: string[] } {
    return this.#cypher().validateCypher(statement)
  }

  clearCypherCache(): void {
    this.#cypher().clearOptimizationCache()
  }

  #cypher(): CypherPlugin {
    const plugin = this.#plugins.get<CypherPlugin>('cypher')
    if (plugin === undefined) {
      throw new NervusDBError(
        'UNSUPPORTED',
        'Cypher is off: open with { experimental: { cypher: true } }, or set SYNAPSEDB_ENABLE_EXPERIMENTAL_QUERIES=1',
      )
    }
    return plugin
  }
}

function withoutSubjects(words: Uint32Array, nodes: ReadonlySet<number>): Uint32Array {
  const kept: number[] = []
  for (let at = 0; at < words.length; at += 3) {
    if (!nodes.has(words[at] as number))
      kept.push(words[at] as number, words[at + 1] as number, words[at + 2] as number)
  }
  return Uint32Array.from(kept)
}

function cypherIsOn(platform: Platform, options: NervusDBOpenOptions): boolean {
  const chosen = options.experimental?.cypher
  const isOn = chosen ?? platform.environment('SYNAPSEDB_ENABLE_EXPERIMENTAL_QUERIES') === '1'
  if (isOn && !warned.has('cypher')) {
    warned.add('cypher')
    console.warn('[NervusDB][EXPERIMENTAL] Cypher is experimental: it supports one MATCH path, and may change')
  }
  return isOn
}
