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

/** An entry of a directory. */
export interface Entry {
  name: string
  isDirectory: boolean
  isSymbolicLink: boolean
  size: number
  mtimeMs: number
  ino: number
  mode: number
}

const decoder = new TextDecoder()

/** What `reply::listing` writes, as objects. */
export function entries(bytes: Uint8Array<ArrayBuffer>): Entry[] {
  const count = new Float64Array(bytes.buffer, 0, 1)[0]!
  if (count === 0) return []
  const numbers = new Float64Array(bytes.buffer, 8, count * 4)
  const names = decoder.decode(bytes.subarray(8 + count * 32)).split('\0')
  const list = new Array<Entry>(count)
  for (let at = 0; at < count; at++) {
    const mode = numbers[3 * count + at]!
    list[at] = {
      name: names[at]!,
      isDirectory: (mode & S_IFMT) === 0o040000,
      isSymbolicLink: (mode & S_IFMT) === 0o120000,
      size: numbers[at]!,
      mtimeMs: numbers[count + at]!,
      ino: numbers[2 * count + at]!,
      mode,
    }
  }
  return list
}
