import type { ModuleSource } from 'tarbox-device'
import type { Op } from './protocol.js'
import type { ServerOptions } from './server/address.js'

/** One operation, as it is sent. */
export interface Call {
  id: number
  op: Op
  first: string
  second: string
  numbers: [number, number, number]
  data?: Uint8Array
}

/** Operations that are no calls of the module: what the worker that has the files knows of its server. */
export const SyncOp = { status: -1, synced: -2, resolved: -3 } as const
export type SyncOp = (typeof SyncOp)[keyof typeof SyncOp]

/** What became of it: a number and bytes, or why it failed. */
export type Reply = { id: number; value: number; bytes?: Uint8Array<ArrayBuffer> } | { id: number; error: Failure }

export interface Failure {
  code: string
  errno: number
  message: string
}

/** Where a workspace is kept; a database file only in Node.js. */
export type Storage = 'opfs' | 'indexeddb' | 'memory' | 'file' | 'server'

export interface Init {
  name: string
  storage: Storage
  /** The database file, where `storage` is that. */
  path?: string
  /** The server, where `storage` is that. */
  server?: ServerOptions
  /** The server that the workspace is a replica of one at, if it is. */
  sync?: ServerOptions
  /** Where the module is. */
  wasm: string
  /** Whether it follows, compiled: the page has begun with that while this worker started. */
  ahead?: boolean
  durability: 'strict' | 'relaxed'
  onDamage: 'refuse' | 'proceed'
}

/** Calls or replies one after the other in one array, which a browser copies several times faster than objects. */
export type Flat = unknown[]

export function flattenCalls(calls: readonly Call[]): Flat {
  const flat: Flat = []
  for (const { id, op, first, second, numbers, data } of calls) flat.push(id, op, first, second, ...numbers, data)
  return flat
}

export function unflattenCalls(flat: Flat): Call[] {
  const calls: Call[] = []
  for (let at = 0; at < flat.length; at += 8) {
    const [id, op, first, second, one, two, three, data] = flat.slice(at, at + 8) as [
      number,
      Op,
      string,
      string,
      number,
      number,
      number,
      Uint8Array | undefined,
    ]
    calls.push({ id, op, first, second, numbers: [one, two, three], ...(data && { data }) })
  }
  return calls
}

/** A reply is its number, its value and its bytes; one that failed has no value, and the failure for bytes. */
export function flattenReplies(replies: readonly Reply[]): Flat {
  const flat: Flat = []
  for (const reply of replies) {
    if ('error' in reply) flat.push(reply.id, undefined, reply.error)
    else flat.push(reply.id, reply.value, reply.bytes)
  }
  return flat
}

export function unflattenReplies(flat: Flat): Reply[] {
  const replies: Reply[] = []
  for (let at = 0; at < flat.length; at += 3) {
    const [id, value, rest] = flat.slice(at, at + 3) as [
      number,
      number | undefined,
      Failure | Uint8Array<ArrayBuffer> | undefined,
    ]
    if (value === undefined) replies.push({ id, error: rest as Failure })
    else replies.push({ id, value, ...(rest !== undefined && { bytes: rest as Uint8Array<ArrayBuffer> }) })
  }
  return replies
}

/** From the page to its worker. */
export type ToWorker =
  | { init: Init }
  | { module: ModuleSource }
  | Flat
  | { watch: { id: number; watched: Watched; after: number } }
  | { unwatch: number }
  | { sync: { call: Call; buffer: SharedArrayBuffer } }
  | { close: true }
  | { rest: true }
  | { wake: true }

/** What happened to a path. */
export interface ChangeEvent {
  /** Its position in the audit. */
  seq: number
  /** `rescan`: anything may have changed, as when another layer comes into view. */
  kind: 'create' | 'modify' | 'rename' | 'delete' | 'rescan'
  path: string
  /** The old path of what was renamed. */
  from?: string
  ino: number
  /** Whose change it was: the `client` of the workspace that made it. */
  client?: string
}

/** What happened to the history. */
export interface LayerEvent {
  seq: number
  kind: 'checkpoint' | 'switch' | 'drop' | 'squash' | 'tag'
  /** The layer, or the tag. */
  name: string
  client?: string
}

export type WatchEvent = ChangeEvent | LayerEvent

/** What a watcher wants to hear of. */
export interface Watched {
  path: string
  /** Also what happens to layers and tags. */
  layers: boolean
}

/** From the worker to its page. */
export type FromWorker =
  | { ready: { storage: Storage; client: string } }
  | { failed: Failure }
  | Flat
  | { changes: { id: number; events: WatchEvent[]; last: number } }
  | { closed: Failure | undefined }

/** Between workers of one workspace. `to` and `from` are numbers of workers. */
export type Broadcast =
  | { hello: string }
  | { owner: string; to?: string }
  | { bye: string }
  /** By a page that is put aside: the client that its worker is. */
  | { resting: string }
  | { calls: Call[]; from: string }
  | { replies: Reply[]; to: string }
  | { watch: { id: number; watched: Watched; after: number }; from: string }
  | { unwatch: number; from: string }
  | { changes: { id: number; events: WatchEvent[]; last: number }; to: string }
