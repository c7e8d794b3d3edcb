import type { FileSystemSync } from './storage/fs.js'
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

/** A fact as returned by queries. The three sets of properties are `undefined` if nothing was ever set. */
export interface FactRecord extends PersistedFact {
  subjectProperties?: Properties | undefined
  objectProperties?: Properties | undefined
  edgeProperties?: Properties | undefined
}

/** Selects facts by an exact match of each given part. */
export type FactCriteria = Partial<FactInput>

/** The side of each fact from which the next hop starts. */
export type FrontierOrientation = 'subject' | 'object' | 'both'

/** Identifies an edge by the ids of its fact. A {@link FactRecord} can be used. */
export interface EdgeKey {
  subjectId: number
  predicateId: number
  objectId: number
}

/** A condition on a property: `value` takes precedence over `range`; with neither, nothing matches. */
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

/** Properties to set together with a fact; each given set replaces the existing one. */
export interface FactOptions {
  subjectProperties?: Properties | undefined
  objectProperties?: Properties | undefined
  edgeProperties?: Properties | undefined
}

/** Options for opening a database. */
export interface NervusDBOpenOptions {
  /**
   * Keep the database among the files of this file system, such as a `TarboxFsSync` of the package tarbox: then checkpoints of the
   * workspace hold facts and files together. One user at a time has it open.
   */
  fs?: FileSystemSync
  /** The directory for the data, if not `<path>.pages`. It is used when the database is created, and recorded in it. */
  indexDirectory?: string
  /** Accepted for programs written for other versions; the engine chooses its own block size. */
  pageSize?: number
  /** Accepted likewise; indexes are always up to date. */
  rebuildIndexes?: boolean
  /** Accepted likewise; tables are always prefix-compressed. */
  compression?: { codec: 'none' | 'brotli'; level?: number }
  /** Keep out other processes that use this option while the database is open. */
  enableLock?: boolean
  /** Announce this process as a reader; maintenance may then wait. Default true. */
  registerReader?: boolean
  /** Accepted likewise; all writes go through one path. */
  stagingMode?: 'default' | 'lsm-lite'
  /** Store transaction ids across flushes and restarts. */
  enablePersistentTxDedupe?: boolean
  /** The number of ids to store. Default 1000. */
  maxRememberTxIds?: number
  /** Languages that are off by default. */
  experimental?: { cypher?: boolean; graphql?: boolean; gremlin?: boolean }
  /** Bytes of data blocks kept in memory. Default 8 MiB. */
  cacheSize?: number
  /** `false` runs the engine as JavaScript; so does `NERVUSDB_USE_WASM=false`. Default: WebAssembly if it is available. */
  useWasm?: boolean
  /** Fail if the database does not exist. */
  mustExist?: boolean
}

/** Options for starting a batch. */
export interface BeginBatchOptions {
  /** Makes the batch idempotent: of several committed with the same id, only the first is applied. */
  txId?: string
  /** A session to record with the id. */
  sessionId?: string
}

/** Options for committing a batch. */
export interface CommitBatchOptions {
  /** Return only when the commit would survive a power failure. */
  durable?: boolean
}
