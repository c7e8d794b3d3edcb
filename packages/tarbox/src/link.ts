/// What a workspace is spoken to through: the worker that has it, or a server.
import type { Storage, Watched, WatchEvent } from './messages.js'
import type { Op } from './protocol.js'

export interface Request {
  first?: string
  second?: string
  numbers?: [number?, number?, number?]
  data?: Uint8Array
  /** Gives the data away instead of copying it. */
  transfer?: boolean
}

export interface Result {
  value: number
  bytes: Uint8Array<ArrayBuffer>
}

/** Who watches: told what happens, and that nothing will any more, with the reason if there is one. */
export interface Watching {
  tell(events: WatchEvent[]): void
  end(error?: Error): void
}

/** Calls are done in the order in which they are made. */
export interface Link {
  readonly storage: Storage
  /** Whose the calls are, in events and in the audit. */
  readonly client: string
  call(op: Op, request: Request): Promise<Result>
  /** Gives what ends the watching. */
  watch(watched: Watched, who: Watching): () => void
  close(): Promise<void>
}

export const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array()
