import { nameOf } from 'tarbox-device'
const S_IFMT = 0o170000

/** The type of a file. */
export abstract class FileType {
  protected abstract get type(): number

  isFile(): boolean {
    return this.type === 0o100000
  }

  isDirectory(): boolean {
    return this.type === 0o040000
  }

  isSymbolicLink(): boolean {
    return this.type === 0o120000
  }

  isFIFO(): boolean {
    return this.type === 0o010000
  }

  isSocket(): boolean {
    return this.type === 0o140000
  }

  isBlockDevice(): boolean {
    return this.type === 0o060000
  }

  isCharacterDevice(): boolean {
    return this.type === 0o020000
  }
}

/** A double may lie a little below the millisecond that it stands for. */
function dateOf(ms: number): Date {
  return new Date(Math.round(ms))
}

/** The attributes of a file, as Node.js has them. */
export class Stats extends FileType {
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
  /** Which state of the inode this is. */
  readonly #version: number
  /** The nanoseconds of each time beyond full milliseconds. */
  readonly #below: readonly number[]

  /** @internal What `crates/calls/src/reply.rs` writes. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    super()
    const at = new Float64Array(bytes.buffer, bytes.byteOffset, 18)
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
    this.#below = [...at.subarray(13, 17)]
    this.#version = at[17]!
  }

  /** The same with every number as a bigint, and times also in nanoseconds. */
  toBigInt(): BigIntStats {
    const times = [this.atimeMs, this.mtimeMs, this.ctimeMs, this.birthtimeMs]
    // What is left of a millisecond is below a double's precision, or a little above the next whole one.
    const ns = times.map(
      (ms, at) => BigInt(Math.round(ms - this.#below[at]! / 1e6)) * 1_000_000n + BigInt(this.#below[at]!),
    )
    return new BigIntStats(this, ns as [bigint, bigint, bigint, bigint])
  }

  /**
   * The version of the file, which changes with its content and attributes. `writeFile` and `open` accept it
   * as `ifVersion`. Its format is not specified.
   */
  get version(): string {
    return `${this.ino}-${this.#version}`
  }

  get atime(): Date {
    return dateOf(this.atimeMs)
  }

  get mtime(): Date {
    return dateOf(this.mtimeMs)
  }

  get ctime(): Date {
    return dateOf(this.ctimeMs)
  }

  get birthtime(): Date {
    return dateOf(this.birthtimeMs)
  }

  protected override get type(): number {
    return this.mode & S_IFMT
  }
}

/** The result of `stat` with `bigint: true`. */
export class BigIntStats extends FileType {
  readonly dev: bigint
  readonly ino: bigint
  readonly mode: bigint
  readonly uid: bigint
  readonly gid: bigint
  readonly nlink: bigint
  readonly size: bigint
  readonly blocks: bigint
  readonly rdev: bigint
  readonly blksize: bigint
  readonly atimeMs: bigint
  readonly mtimeMs: bigint
  readonly ctimeMs: bigint
  readonly birthtimeMs: bigint
  readonly atimeNs: bigint
  readonly mtimeNs: bigint
  readonly ctimeNs: bigint
  readonly birthtimeNs: bigint

  constructor(stats: Stats, [atimeNs, mtimeNs, ctimeNs, birthtimeNs]: readonly [bigint, bigint, bigint, bigint]) {
    super()
    this.dev = BigInt(stats.dev)
    this.ino = BigInt(stats.ino)
    this.mode = BigInt(stats.mode)
    this.uid = BigInt(stats.uid)
    this.gid = BigInt(stats.gid)
    this.nlink = BigInt(stats.nlink)
    this.size = BigInt(stats.size)
    this.blocks = BigInt(stats.blocks)
    this.rdev = BigInt(stats.rdev)
    this.blksize = BigInt(stats.blksize)
    this.atimeNs = atimeNs
    this.mtimeNs = mtimeNs
    this.ctimeNs = ctimeNs
    this.birthtimeNs = birthtimeNs
    this.atimeMs = atimeNs / 1_000_000n
    this.mtimeMs = mtimeNs / 1_000_000n
    this.ctimeMs = ctimeNs / 1_000_000n
    this.birthtimeMs = birthtimeNs / 1_000_000n
  }

  get atime(): Date {
    return dateOf(Number(this.atimeMs))
  }

  get mtime(): Date {
    return dateOf(Number(this.mtimeMs))
  }

  get ctime(): Date {
    return dateOf(Number(this.ctimeMs))
  }

  get birthtime(): Date {
    return dateOf(Number(this.birthtimeMs))
  }

  protected override get type(): number {
    return Number(this.mode) & S_IFMT
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
 * An entry of a directory. Properties are decoded from the listing on access, so that only those that are used cost
 * time; `toJSON` returns a plain object.
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

  /** As `mode & S_IFMT` has it. */
  get type(): number {
    return this.mode & S_IFMT
  }

  toJSON(): {
    name: string
    isDirectory: boolean
    isSymbolicLink: boolean
    size: number
    mtimeMs: number
    ino: number
    mode: number
  } {
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
