import type { Handle } from './handle.js'

/** Files by their names. */
export type SlotFiles = [name: string, handle: Handle][]

/** A file that is kept, but cannot be used. */
export interface Damaged {
  /** Its name. */
  readonly file: string
  /** Bytes of contents. */
  readonly size: number
  /** What is wrong with it. */
  readonly reason: string
  /** The path in its header, which may be wrong. */
  readonly path: string
}

/** Where the files come from that are the slots of a pool. */
export interface SlotStore {
  /** What it is, for messages. */
  readonly label: string
  /** Opens every file that is whole. */
  open(): Promise<SlotFiles>
  /** Those that are not: they stay as they are. */
  readonly damaged?: readonly Damaged[]
  /** Makes a new, empty file. */
  create(): Promise<[name: string, handle: Handle]>
  /** Removes a file whose handle has been closed. */
  remove(name: string): Promise<void>
  /** Removes everything. All handles have been closed. */
  destroy(): Promise<void>
  /** Whether it was made when it was opened, where that can be told. */
  readonly isNew?: boolean
  /** Lets go of the store itself, where that is more than its files: nothing is written any more. */
  close?(): void
  /** Free bytes of the device, for this program or site, where they can be told. */
  room?(): Promise<number | undefined>
  /** Room that is kept for what makes room. */
  readonly reserve?: Reserve
  /** Returns when everything flushed so far is on the device, where flushing a handle does not do that by itself. */
  settle?(): Promise<void>
}

/** Bytes taken ahead, so that something can still be deleted when a site's storage is full. */
export interface Reserve {
  /** Gives them to whoever writes next. */
  spend(): Promise<void>
  /** Takes them again, if there is room. */
  restore(): Promise<void>
}

/** A name nobody else has, as the official pool makes them. */
export function randomName(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => (byte % 36).toString(36)).join('')
}
