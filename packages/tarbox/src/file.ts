import type { Link, Result } from './link.js'
import { TarboxError } from './errors.js'
import { bytesOf, FILE_MODE, timesOf } from './native.js'
import { Op } from './protocol.js'
import { Stats } from './stats.js'
import { ask, doOver, type Work } from './work.js'

/** How a file is opened, as in Node.js. */
export type OpenMode = 'r' | 'r+' | 'w' | 'wx' | 'w+' | 'wx+' | 'a' | 'ax' | 'a+' | 'ax+'

/** What a file is opened for, as `crates/calls/src/handles.rs` has it. */
export const READ = 1
export const WRITE = 2
export const APPEND = 4
export const TRUNCATE = 8
export const CREATE = 16
export const EXCLUSIVE = 32
export const DIRECTORY = 64
export const NO_FOLLOW = 128

/** Bytes of a piece of a stream. */
const PIECE = 1 << 20

export function openFlags(mode: OpenMode): number {
  const base = { r: READ, w: WRITE | CREATE | TRUNCATE, a: WRITE | CREATE | APPEND }[mode[0] as 'r' | 'w' | 'a']
  if (base === undefined || !/^(r|[wa]x?)\+?$/.test(mode))
    throw new TarboxError('EINVAL', `'${mode}' is not a mode for opening a file.`)
  return base | (mode.includes('+') ? READ | WRITE : 0) | (mode.includes('x') ? EXCLUSIVE : 0)
}

/** A file that is open in the workspace. When the tab that held the files has gone, it is opened again where it was. */
export class OpenFile {
  /** Where those who give no position go on: see {@link ../nodefs/descriptors}. */
  position = 0
  /** A file that is not open: whatever is asked of it is `EBADF`. */
  static readonly NONE = new OpenFile('', 0, undefined)
  readonly #ino: number | undefined
  #number: number

  private constructor(
    readonly path: string,
    readonly flags: number,
    opened: Result | undefined,
  ) {
    this.#number = opened?.value ?? -1
    this.#ino = opened && new Stats(opened.bytes).ino
  }

  static *open(path: string, flags: number, mode = FILE_MODE, ifVersion = ''): Work<OpenFile> {
    return new OpenFile(path, flags, yield* ask(Op.open, { first: path, second: ifVersion, numbers: [flags, mode] }))
  }

  *#call(op: Op, numbers: number[] = [], data?: Uint8Array): Work<Result> {
    if (this.#ino === undefined) throw new TarboxError('EBADF', 'EBADF: the file is not open')
    const request = () => ({ numbers: [this.#number, ...numbers] as [number, number?, number?], ...(data && { data }) })
    try {
      return yield* ask(op, request())
    } catch (error) {
      // A file that is open for something else is no file of before.
      if ((error as TarboxError).code !== 'EBADF' || (yield* this.#isKnown())) throw error
      yield* this.#openAgain()
      return yield* ask(op, request())
    }
  }

  *#isKnown(): Work<boolean> {
    try {
      yield* ask(Op.fstat, { numbers: [this.#number] })
      return true
    } catch (error) {
      if ((error as TarboxError).code === 'EBADF') return false
      throw error
    }
  }

  /** If that is still the same one. */
  *#openAgain(): Work<void> {
    const again = yield* ask(Op.open, { first: this.path, numbers: [this.flags & (READ | WRITE | APPEND), 0] })
    if (new Stats(again.bytes).ino !== this.#ino) {
      yield* ask(Op.close, { numbers: [again.value] })
      throw new TarboxError('ESTALE', `The file ${this.path} was replaced after it was opened.`, { path: this.path })
    }
    this.#number = again.value
  }

  get appends(): boolean {
    return (this.flags & APPEND) !== 0
  }

  *read(length: number, position: number): Work<Uint8Array<ArrayBuffer>> {
    return (yield* this.#call(Op.read, [position, length])).bytes
  }

  /** At a position, or at the end of a file that was opened for appending. */
  *write(data: Uint8Array, position: number): Work<number> {
    return (yield* this.#call(Op.write, [this.appends ? -1 : position], data)).value
  }

  *truncate(length: number): Work<void> {
    yield* this.#call(Op.ftruncate, [length])
  }

  *stat(): Work<Stats> {
    return new Stats((yield* this.#call(Op.fstat)).bytes)
  }

  *chmod(mode: number): Work<void> {
    yield* this.#call(Op.fchmod, [mode])
  }

  *chown(uid: number, gid: number): Work<void> {
    yield* this.#call(Op.fchown, [uid, gid])
  }

  *utimes(atime: bigint, mtime: bigint): Work<void> {
    yield* this.#call(Op.futimes, [], timesOf(atime, mtime))
  }

  *close(): Work<void> {
    if (this.#ino === undefined) throw new TarboxError('EBADF', 'EBADF: the file is not open')
    try {
      yield* ask(Op.close, { numbers: [this.#number] })
    } catch (error) {
      // It went with the tab that had it open.
      if ((error as TarboxError).code !== 'EBADF') throw error
    }
  }
}

/** An open file. It remains usable when it is renamed or removed, until it is closed. */
export class TarboxFile {
  #closed = false

  /** @internal */
  constructor(
    readonly connection: Link,
    private readonly file: OpenFile,
  ) {}

  get path(): string {
    return this.file.path
  }

  get flags(): number {
    return this.file.flags
  }

  #do<T>(work: Work<T>): Promise<T> {
    if (this.#closed)
      return Promise.reject(new TarboxError('EBADF', `The file ${this.path} is closed.`, { path: this.path }))
    return doOver(this.connection, work)
  }

  /** Reads up to `length` bytes at `position`; fewer at the end of the file. */
  read(length: number, position: number): Promise<Uint8Array> {
    return this.#do(this.file.read(length, position))
  }

  /** Writes at `position`, or at the end of a file opened for appending. */
  write(data: Uint8Array | string, position = 0): Promise<number> {
    return this.#do(this.file.write(bytesOf(data), Math.max(0, position)))
  }

  truncate(length = 0): Promise<void> {
    return this.#do(this.file.truncate(length))
  }

  stat(): Promise<Stats> {
    return this.#do(this.file.stat())
  }

  /** Streams the file from `position` on. Closes the file at the end. */
  readable(position = 0): ReadableStream<Uint8Array> {
    return new ReadableStream(
      {
        pull: async (controller) => {
          const piece = await this.#orClosed(this.read(PIECE, position))
          position += piece.length
          if (piece.length > 0) return controller.enqueue(piece)
          await this.close()
          controller.close()
        },
        cancel: () => this.close(),
      },
      { highWaterMark: 1 },
    )
  }

  /** A stream that writes from `position` on. Closes the file at the end. */
  writable(position = 0): WritableStream<Uint8Array | string> {
    return new WritableStream({
      write: async (piece) => {
        position += await this.#orClosed(this.write(piece, position))
      },
      close: () => this.close(),
      abort: () => this.close(),
    })
  }

  /** A stream that has failed asks for nothing more, so the file is closed then. */
  async #orClosed<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      await this.close().catch(() => undefined)
      throw error
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await doOver(this.connection, this.file.close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
