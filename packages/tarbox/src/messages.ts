import type { Op } from './protocol.js'

/** One operation, as it is sent. */
export interface Call {
  id: number
  op: Op
  first: string
  second: string
  numbers: [number, number, number]
  data?: Uint8Array
}

/** What became of it: a number and bytes, or why it failed. */
export type Reply = { id: number; value: number; bytes?: Uint8Array<ArrayBuffer> } | { id: number; error: Failure }

export interface Failure {
  code: string
  errno: number
  message: string
}

export interface Init {
  name: string
  storage: 'opfs' | 'indexeddb' | 'memory'
  wasm: string
  durability: 'strict' | 'relaxed'
}

/** From the page to its worker. */
export type ToWorker =
  | { init: Init }
  | { calls: Call[] }
  | { watch: { id: number; path: string; after: number } }
  | { unwatch: number }
  | { sync: { call: Call; buffer: SharedArrayBuffer } }
  | { close: true }

/** What happened to a path. */
export interface ChangeEvent {
  seq: number
  kind: 'create' | 'modify' | 'rename' | 'delete' | 'rescan'
  path: string
  from?: string
  ino: number
}

/** From the worker to its page. */
export type FromWorker =
  | { ready: { storage: Init['storage'] } }
  | { failed: Failure }
  | { replies: Reply[] }
  | { changes: { id: number; events: ChangeEvent[] } }
  | { closed: true }

/** Between workers of one workspace. `to` and `from` are numbers of workers. */
export type Broadcast =
  | { hello: string }
  | { owner: string; to?: string }
  | { bye: string }
  | { calls: Call[]; from: string }
  | { replies: Reply[]; to: string }
  | { watch: { id: number; path: string; after: number }; from: string }
  | { unwatch: number; from: string }
  | { changes: { id: number; events: ChangeEvent[]; last: number }; to: string }
