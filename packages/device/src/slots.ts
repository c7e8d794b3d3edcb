import type { Handle } from './handle.js'

/** Where the files come from that are the slots of a pool. */
export interface SlotStore {
  /** What it is, for messages. */
  readonly label: string
  /** Opens every file there is. */
  open(): Promise<[name: string, handle: Handle][]>
  /** Makes a new, empty file. */
  create(): Promise<[name: string, handle: Handle]>
  /** Removes a file whose handle has been closed. */
  remove(name: string): Promise<void>
  /** Removes everything. All handles have been closed. */
  destroy(): Promise<void>
  /** Returns when everything flushed so far is on the device, where flushing a handle does not do that by itself. */
  settle?(): Promise<void>
}

/** A name nobody else has, as the official pool makes them. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}
