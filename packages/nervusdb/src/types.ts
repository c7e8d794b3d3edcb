import type { Properties } from './core/properties.js'

/** A fact to add, delete or look for. */
export interface FactInput {
  subject: string
  predicate: string
  object: string
}

/** A fact with the ids of its strings. */
export interface PersistedFact extends FactInput {
  subjectId: number
  predicateId: number
  objectId: number
}

/** A fact as queries give it. The three sets of properties are `undefined` where nothing was ever set. */
export interface FactRecord extends PersistedFact {
  subjectProperties?: Properties | undefined
  objectProperties?: Properties | undefined
  edgeProperties?: Properties | undefined
}

/** Which facts: an exact match on each part that is given. */
export type FactCriteria = Partial<FactInput>

/** Which side of each fact the next hop starts from. */
export type FrontierOrientation = 'subject' | 'object' | 'both'

/** Names an edge: its fact's ids. A {@link FactRecord} will do. */
export interface EdgeKey {
  subjectId: number
  predicateId: number
  objectId: number
}

/** What a property must be like: `value` wins over `range`; with neither nothing matches. */
export interface PropertyFilter {
  propertyName: string
  value?: unknown
  range?: {
    min?: unknown
    max?: unknown
    includeMin?: boolean
    includeMax?: boolean
  }
}

/** Properties to set together with a fact; each given set replaces the whole former one. */
export interface FactOptions {
  subjectProperties?: Properties | undefined
  objectProperties?: Properties | undefined
  edgeProperties?: Properties | undefined
}

/** How a database is opened. */
export interface NervusDBOpenOptions {
  /** Where the data go, if not to `<path>.pages`. Counts when the database is created, and is remembered in it. */
  indexDirectory?: string
  /** Accepted for programs written for other versions; the engine chooses its own block size. */
  pageSize?: number
  /** Accepted likewise; indexes are always right. */
  rebuildIndexes?: boolean
  /** Accepted likewise; tables are prefix-compressed always. */
  compression?: { codec: 'none' | 'brotli'; level?: number }
  /** Keep every other locking process out for as long as the database is open. */
  enableLock?: boolean
  /** Announce this process as a reader; maintenance may then wait. Default true. */
  registerReader?: boolean
  /** Accepted likewise; all writes go through one path. */
  stagingMode?: 'default' | 'lsm-lite'
  /** Remember transaction ids across flushes and restarts. */
  enablePersistentTxDedupe?: boolean
  /** How many of them. Default 1000. */
  maxRememberTxIds?: number
  /** Languages that are off by default. */
  experimental?: { cypher?: boolean; graphql?: boolean; gremlin?: boolean }
  /** Bytes of data blocks kept in memory. Default 8 MiB. */
  cacheSize?: number
  /** `false` runs the engine as JavaScript; so does `NERVUSDB_USE_WASM=false`. Default: WebAssembly where there is any. */
  useWasm?: boolean
  /** Opens only what is there. */
  mustExist?: boolean
}

/** How a batch begins. */
export interface BeginBatchOptions {
  /** Makes the batch idempotent: of several committed under one id only the first counts. */
  txId?: string
  /** Recorded with the id. */
  sessionId?: string
}

/** How a batch is committed. */
export interface CommitBatchOptions {
  /** Return only when the commit survives a power cut. */
  durable?: boolean
}
