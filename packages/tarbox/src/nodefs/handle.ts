import type { OpenFile } from '../file.js'
import type { BigIntStats, Stats } from '../stats.js'
import { type Work } from '../work.js'
import type { Mode, Time } from './arguments.js'
import {
  appendFileFrom,
  type Data,
  emptyBuffer,
  ftruncate,
  type Pieces,
  readFile,
  type ReadOptions,
  writeFileFrom,
  type WriteOptions,
} from './content.js'
import * as descriptors from './descriptors.js'
import type { PartOptions, Position } from './descriptors.js'
import { plainError } from './errors.js'
import type { Content } from './types.js'

export interface ReadParameters<View extends ArrayBufferView = ArrayBufferView> extends PartOptions {
  buffer?: View | undefined
}

/** An open file of `fs.promises.open`. */
export class FileHandle {
  #fd: number
  #closing: Promise<void> | undefined
  #reading = false

  /** @internal */
  constructor(
    private readonly run: <T>(work: Work<T>) => Promise<T>,
    private readonly file: OpenFile,
    fd: number,
    private readonly closed: (fd: number) => void,
  ) {
    this.#fd = fd
  }

  /** A number of its own as long as it is open, then -1. */
  get fd(): number {
    return this.#fd
  }

  /** @internal */
  do<T>(syscall: string, work: (file: OpenFile) => Work<T>): Promise<T> {
    if (this.#fd !== -1) return this.run(work(this.file))
    return Promise.reject(Object.assign(plainError('EBADF', 'file closed'), { syscall }))
  }

  appendFile(data: Data | Pieces, options?: WriteOptions): Promise<void> {
    return this.do('writeFile', (file) => appendFileFrom(file, data, options))
  }

  chmod(mode: Mode): Promise<void> {
    return this.do('fchmod', (file) => descriptors.fchmod(file, mode))
  }

  chown(uid: number, gid: number): Promise<void> {
    return this.do('fchown', (file) => descriptors.fchown(file, uid, gid))
  }

  datasync(): Promise<void> {
    return this.do('fdatasync', (file) => descriptors.fsync(file, 'fdatasync'))
  }

  sync(): Promise<void> {
    return this.do('fsync', (file) => descriptors.fsync(file))
  }

  read<View extends ArrayBufferView>(
    buffer: View,
    offset?: number | null,
    length?: number | null,
    position?: Position,
  ): Promise<{ bytesRead: number; buffer: View }>
  read<View extends ArrayBufferView>(buffer: View, options?: PartOptions): Promise<{ bytesRead: number; buffer: View }>
  read<View extends ArrayBufferView = Uint8Array<ArrayBuffer>>(
    options?: ReadParameters<View>,
  ): Promise<{ bytesRead: number; buffer: View }>
  read(
    first?: ArrayBufferView | ReadParameters,
    second?: number | PartOptions | null,
    length?: number | null,
    position?: Position,
  ): Promise<{ bytesRead: number; buffer: ArrayBufferView }> {
    return this.do('read', function* (file) {
      const given: ReadParameters = ArrayBuffer.isView(first)
        ? { buffer: first, offset: second as number, length, position }
        : (descriptors.options(first, 'options') as ReadParameters)
      const { buffer = emptyBuffer(16_384) } = given
      const options = ArrayBuffer.isView(first) && typeof second === 'object' && second !== null ? second : given
      const at = Number.isSafeInteger(options.position) ? options.position : null
      const part = descriptors.partToRead(buffer, { ...options, position: at })
      return { bytesRead: part ? yield* descriptors.read(file, part) : 0, buffer }
    })
  }

  readv<Views extends readonly ArrayBufferView[]>(
    buffers: Views,
    position?: number | null,
  ): Promise<{ bytesRead: number; buffers: Views }> {
    return this.do('readv', function* (file) {
      return { bytesRead: yield* descriptors.readv(file, buffers, position), buffers }
    })
  }

  readFile<const O extends ReadOptions = undefined>(options?: O): Promise<Content<O>> {
    return this.do('readFile', (file) => readFile(file, options))
  }

  stat<const O extends { bigint?: boolean } = object>(
    options?: O,
  ): Promise<O extends { bigint: true } ? BigIntStats : Stats> {
    return this.do('fstat', (file) => descriptors.fstat(file, options))
  }

  truncate(length?: number): Promise<void> {
    return this.do('ftruncate', (file) => ftruncate(file, length))
  }

  utimes(atime: Time, mtime: Time): Promise<void> {
    return this.do('futimes', (file) => descriptors.futimes(file, atime, mtime))
  }

  write<View extends ArrayBufferView>(
    buffer: View,
    offset?: number | PartOptions | null,
    length?: number | null,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffer: View }>
  write(
    text: string,
    position?: number | null,
    encoding?: string | null,
  ): Promise<{ bytesWritten: number; buffer: string }>
  write(
    data: ArrayBufferView | string,
    second?: number | PartOptions | null,
    third?: number | string | null,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffer: ArrayBufferView | string }> {
    return this.do('write', function* (file) {
      if (ArrayBuffer.isView(data) && data.byteLength === 0) return { bytesWritten: 0, buffer: data }
      const part = ArrayBuffer.isView(data)
        ? descriptors.partToWrite(data, descriptors.partOptions(second, third, position))
        : descriptors.textToWrite(data, second, third)
      return { bytesWritten: yield* descriptors.write(file, part), buffer: data }
    })
  }

  writev<Views extends readonly ArrayBufferView[]>(
    buffers: Views,
    position?: number | null,
  ): Promise<{ bytesWritten: number; buffers: Views }> {
    return this.do('writev', function* (file) {
      return { bytesWritten: yield* descriptors.writev(file, buffers, position), buffers }
    })
  }

  writeFile(data: Data | Pieces, options?: WriteOptions): Promise<void> {
    return this.do('writeFile', (file) => writeFileFrom(file, data, options))
  }

  /** The rest of the file. There can be one. */
  readableWebStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    if (this.#fd === -1) throw plainError('ERR_INVALID_STATE', 'Invalid state: The FileHandle is closed')
    if (this.#reading) throw plainError('ERR_INVALID_STATE', 'Invalid state: The FileHandle is locked')
    this.#reading = true
    return new ReadableStream({
      pull: async (controller) => {
        const { bytesRead, buffer } = await this.read({ buffer: new Uint8Array(1 << 16) })
        if (bytesRead > 0) controller.enqueue(buffer.subarray(0, bytesRead))
        else controller.close()
      },
    })
  }

  close(): Promise<void> {
    if (this.#fd === -1) return this.#closing ?? Promise.resolve()
    this.closed(this.#fd)
    this.#fd = -1
    this.#closing = this.run(descriptors.close(this.file))
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
