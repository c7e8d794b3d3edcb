import type { Connection, Result } from './connection.js'
import { TarboxError } from './errors.js'
import { Op } from './protocol.js'
import { Stats } from './stats.js'

/** How a file is opened, as in Node.js. */
export type OpenMode = 'r' | 'r+' | 'w' | 'wx' | 'w+' | 'wx+' | 'a' | 'ax' | 'a+' | 'ax+'

const READ = 1
const WRITE = 2
const APPEND = 4
const TRUNCATE = 8
const CREATE = 16
const EXCLUSIVE = 32

/** Bytes of a piece of a stream. */
const PIECE = 1 << 20

export function openFlags(mode: OpenMode): number {
  const base = { r: READ, w: WRITE | CREATE | TRUNCATE, a: WRITE | CREATE | APPEND }[mode[0] as 'r' | 'w' | 'a']
  if (base === undefined || !/^[rwa]x?\+?$/.test(mode)) throw new TarboxError('EINVAL', `There is no mode '${mode}' to open a file with.`)
  return base | (mode.includes('+') ? READ | WRITE : 0) | (mode.includes('x') ? EXCLUSIVE : 0)
}

/** An open file. It stays the same file when it is renamed, and lives until it is closed when it is removed. */
export class TarboxFile {
  #number: number
  #closed = false
  readonly #ino: number

  /** @internal */
  constructor(
    readonly connection: Connection,
    readonly path: string,
    readonly flags: number,
    opened: Result,
  ) {
    this.#number = opened.value
    this.#ino = new Stats(opened.bytes).ino
  }

  /**
   * Calls an operation on the file. When the tab that held the files has gone, the file is opened again where it was, if
   * that is still the same one.
   */
  async #call(op: Op, numbers: number[] = [], data?: Uint8Array): Promise<Result> {
    if (this.#closed) throw new TarboxError('EBADF', `The file ${this.path} is closed.`, { path: this.path })
    const request = () => ({ numbers: [this.#number, ...numbers] as [number, number?, number?], ...(data && { data }) })
    try {
      return await this.connection.call(op, request())
    } catch (error) {
      if ((error as TarboxError).code !== 'EBADF') throw error
      const again = await this.connection.call(Op.open, { first: this.path, numbers: [this.flags & (READ | WRITE | APPEND), 0] })
      if (new Stats(again.bytes).ino !== this.#ino) {
        await this.connection.call(Op.close, { numbers: [again.value] })
        throw new TarboxError('ESTALE', `The file ${this.path} is another one now: it was replaced after it was opened.`, { path: this.path })
      }
      this.#number = again.value
      return this.connection.call(op, request())
    }
  }

  /** At most `length` bytes from `position` on; fewer where the file ends. */
  async read(length: number, position: number): Promise<Uint8Array> {
    return (await this.#call(Op.read, [position, length])).bytes
  }

  /** Writes at `position`, or at the end of a file opened for appending. */
  async write(data: Uint8Array | string, position = -1): Promise<number> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data
    return (await this.#call(Op.write, [this.flags & APPEND ? -1 : Math.max(0, position)], bytes)).value
  }

  async truncate(length = 0): Promise<void> {
    await this.#call(Op.ftruncate, [length])
  }

  async stat(): Promise<Stats> {
    return new Stats((await this.#call(Op.fstat)).bytes)
  }

  /** The file from `position` on, a piece at a time. Closes the file at the end. */
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

  /** Writes what comes, from `position` on. Closes the file at the end. */
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
    await this.connection.call(Op.close, { numbers: [this.#number] }).catch((error: TarboxError) => {
      if (error.code !== 'EBADF') throw error
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
