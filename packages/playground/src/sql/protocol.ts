/// What the page and the worker that runs SQL say to each other.

export type Value = string | number | bigint | null | Uint8Array

/** What one statement gave. */
export interface Result {
  /** Its text, and where that begins in what was sent. */
  sql: string
  from: number
  columns: string[]
  rows: Value[][]
  /** There were more rows than are kept. */
  more: boolean
  /** Rows it changed. */
  changes: number
  ms: number
}

/** A statement that failed, and where. */
export interface Failure {
  message: string
  from: number
  to: number
}

export interface Ran {
  results: Result[]
  failure?: Failure
  /** A transaction was begun and not ended. */
  inTransaction: boolean
  /** The database as it is now, if it was changed and no transaction is open. */
  bytes?: Uint8Array<ArrayBuffer>
}

export interface Table {
  name: string
  type: 'table' | 'view'
  columns: { name: string; type: string; key: boolean }[]
  indexes: string[]
}

export type Request =
  | { open: Uint8Array<ArrayBuffer>; readOnly: boolean }
  | { run: string }
  | { plan: string }
  | { schema: true }
  | { script: string }

export type Answer = { id: number; ok: unknown } | { id: number; error: string }
