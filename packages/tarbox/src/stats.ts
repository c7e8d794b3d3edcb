import { nameOf } from 'tarbox-device'
const S_IFMT = 0o170000

/** The attributes of a file, as Node.js has them. */
export class Stats {
  readonly dev = 1
  readonly ino: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly nlink: number
  readonly size: number
  readonly blocks: number
  readonly rdev: number
  readonly blksize = 4096
  readonly atimeMs: number
  readonly mtimeMs: number
  readonly ctimeMs: number
  readonly birthtimeMs: number

  /** @internal What `crates/web/src/reply.rs` writes. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const at = new Float64Array(bytes.buffer, bytes.byteOffset, 13)
    this.ino = at[0]!
    this.mode = at[2]!
    this.uid = at[3]!
    this.gid = at[4]!
    this.nlink = at[5]!
    this.size = at[6]!
    this.blocks = at[7]!
    this.rdev = at[8]!
    this.atimeMs = at[9]!
    this.mtimeMs = at[10]!
    this.ctimeMs = at[11]!
    this.birthtimeMs = at[12]!
  }

  /**
   * Which state of the file this is: another after every change of content or attributes. `writeFile` and `open` take it
   * as `ifVersion`. What it is made of is no promise.
   */
  get version(): string {
    return `${this.ino}-${Math.round(this.ctimeMs * 1000)}`
  }

  get atime(): Date {
    return new Date(this.atimeMs)
  }

  get mtime(): Date {
    return new Date(this.mtimeMs)
  }

  get ctime(): Date {
    return new Date(this.ctimeMs)
  }

  get birthtime(): Date {
    return new Date(this.birthtimeMs)
  }

  isFile(): boolean {
    return (this.mode & S_IFMT) === 0o100000
  }

  isDirectory(): boolean {
    return (this.mode & S_IFMT) === 0o040000
  }

  isSymbolicLink(): boolean {
    return (this.mode & S_IFMT) === 0o120000
  }

  isFIFO(): boolean {
    return (this.mode & S_IFMT) === 0o010000
  }

  isSocket(): boolean {
    return (this.mode & S_IFMT) === 0o140000
  }

  isBlockDevice(): boolean {
    return (this.mode & S_IFMT) === 0o060000
  }

  isCharacterDevice(): boolean {
    return (this.mode & S_IFMT) === 0o020000
  }
}

/** Columns of a listing, as `reply::listing` writes them. */
const SIZE = 0
const MTIME = 1
const INO = 2
const MODE = 3

/** What `reply::listing` writes: how many, four columns of numbers, and the names with NULs between them. */
class Listing {
  readonly count: number
  readonly #numbers: Float64Array
  readonly #bytes: Uint8Array
  #names: string[] | undefined

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.count = new Float64Array(bytes.buffer, bytes.byteOffset, 1)[0]!
    this.#numbers = new Float64Array(bytes.buffer, bytes.byteOffset + 8, this.count * 4)
    this.#bytes = bytes.subarray(8 + this.count * 32)
  }

  number(column: number, at: number): number {
    return this.#numbers[column * this.count + at]!
  }

  name(at: number): string {
    this.#names ??= nameOf(this.#bytes).split('\0')
    return this.#names[at]!
  }
}

/**
 * An entry of a directory. What is asked for is read from the listing then, so that a large directory costs what is used
 * of it; `toJSON` gives a plain object.
 */
export class Entry {
  readonly #listing: Listing
  readonly #at: number

  /** @internal */
  constructor(listing: Listing, at: number) {
    this.#listing = listing
    this.#at = at
  }

  get name(): string {
    return this.#listing.name(this.#at)
  }

  get mode(): number {
    return this.#listing.number(MODE, this.#at)
  }

  get isDirectory(): boolean {
    return (this.mode & S_IFMT) === 0o040000
  }

  get isSymbolicLink(): boolean {
    return (this.mode & S_IFMT) === 0o120000
  }

  get isFile(): boolean {
    return (this.mode & S_IFMT) === 0o100000
  }

  get size(): number {
    return this.#listing.number(SIZE, this.#at)
  }

  get mtimeMs(): number {
    return this.#listing.number(MTIME, this.#at)
  }

  get ino(): number {
    return this.#listing.number(INO, this.#at)
  }

  toJSON(): { name: string; isDirectory: boolean; isSymbolicLink: boolean; size: number; mtimeMs: number; ino: number; mode: number } {
    const { name, isDirectory, isSymbolicLink, size, mtimeMs, ino, mode } = this
    return { name, isDirectory, isSymbolicLink, size, mtimeMs, ino, mode }
  }
}

export function entries(bytes: Uint8Array<ArrayBuffer>): Entry[] {
  const listing = new Listing(bytes)
  const list = new Array<Entry>(listing.count)
  for (let at = 0; at < list.length; at++) list[at] = new Entry(listing, at)
  return list
}
