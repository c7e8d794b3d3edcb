import { Connection } from './connection.js'
import { TarboxError } from './errors.js'
import { openFlags, type OpenMode, TarboxFile } from './file.js'
import { json, Layers } from './layers.js'
import type { ChangeEvent, Init } from './messages.js'
import { Op } from './protocol.js'
import { remote, type RemoteSource, startWorker } from './remote.js'
import { entries, type Entry, Stats } from './stats.js'
import { exportTar, type Imported, importTar } from './tar.js'

export { TarboxError } from './errors.js'
export { type OpenMode, TarboxFile } from './file.js'
export { type Change, type Layer, type LayerName, Layers } from './layers.js'
export type { ChangeEvent } from './messages.js'
export { Entry, Stats } from './stats.js'
export type { Imported } from './tar.js'

export interface OpenOptions {
  /** Which workspace of this site. */
  name?: string
  /** Where it is kept. `opfs` falls back to `indexeddb` in browsers without file handles, and moves over when they have them. */
  storage?: 'opfs' | 'indexeddb' | 'memory'
  /** `strict` (the default): a change that was acknowledged is on the device. `relaxed`: some moments later. */
  durability?: 'strict' | 'relaxed'
  /** Where `tarbox.wasm` is, if not beside this file. */
  wasm?: string | URL
  /** `worker.js` or a worker made of it, if the bundler cannot find it; or a port that {@link workspacePort} has made. */
  worker?: RemoteSource
}

/** What can be written. */
export type Data = string | ArrayBuffer | ArrayBufferView | Blob | ReadableStream<Uint8Array>

export interface WriteOptions {
  /** The mode of a new file. */
  mode?: number
  /** Fails if the file is there already. */
  exclusive?: boolean
  /** Gives the bytes away instead of copying them; the array is empty afterwards. */
  transfer?: boolean
}

/** What of the audit to give: everything that is set must match. Times are in milliseconds. */
export interface AuditQuery {
  path?: string
  operation?: string
  since?: number
  until?: number
  after?: number
  refused?: boolean
  limit?: number
  oldest_first?: boolean
}

export interface AuditRecord {
  seq: number
  /** Nanoseconds since 1970. */
  time: number
  uid: number
  agent: string
  operation: string
  ino: number
  path: string
  from?: string
  bytes: number
  layer: number
  errno: number
}

export interface Usage {
  bytes: number
  inodes: number
  layers: number
  /** What the browser says of this site. */
  site: { usage: number; quota: number; persisted: boolean }
}

/** A workspace. Every tab that opens it by the same name sees the same files. */
export class TarboxFs {
  readonly layers: Layers
  readonly #connection: Connection

  /** @deprecated Reserved for a workspace on a server; use {@link TarboxFs.open}. */
  constructor(apiUrl: string, apiKey: string)
  /** @internal */
  constructor(connection: Connection)
  constructor(connection: Connection | string, _apiKey?: string) {
    if (!(connection instanceof Connection)) {
      throw new TarboxError('ENOTSUP', 'This version has no remote store: open a workspace of this browser with await TarboxFs.open({ name }).')
    }
    this.#connection = connection
    this.layers = new Layers(connection)
  }

  /** Opens a workspace, or makes it. */
  static async open(options: OpenOptions = {}): Promise<TarboxFs> {
    const { name = 'default', storage = 'opfs', durability = 'strict' } = options
    if (!/^[\w.-]{1,64}$/.test(name) || /^\.+$/.test(name)) {
      throw new TarboxError('EINVAL', `A workspace's name has 1 to 64 letters, digits, -, _ and dots, so it cannot be '${name}'.`)
    }
    const wasm = new URL(options.wasm ?? new URL('./tarbox.wasm', import.meta.url), import.meta.url).href
    const init: Init = { name, storage, durability, wasm }
    return new TarboxFs(await Connection.open(remote(options.worker), init))
  }

  /** Where it is kept in fact. */
  get storage(): 'opfs' | 'indexeddb' | 'memory' {
    return this.#connection.storage
  }

  readFile(path: string, options: 'utf8' | { encoding: 'utf8' }): Promise<string>
  readFile(path: string, options?: { offset?: number; length?: number }): Promise<Uint8Array<ArrayBuffer>>
  async readFile(path: string, options: 'utf8' | { encoding?: 'utf8'; offset?: number; length?: number } = {}): Promise<string | Uint8Array> {
    const { encoding, offset = 0, length = Infinity } = options === 'utf8' ? { encoding: options } : options
    const { bytes } = await this.#connection.call(Op.readFile, { first: path, numbers: [offset, length] })
    return encoding ? new TextDecoder().decode(bytes) : bytes
  }

  /** Replaces a file, or makes it. A blob or stream is written a piece at a time. */
  async writeFile(path: string, data: Data, options: WriteOptions = {}): Promise<void> {
    const { mode = 0o666, exclusive = false, transfer = false } = options
    if (data instanceof Blob) data = data.stream()
    if (data instanceof ReadableStream) {
      const file = await this.open(path, exclusive ? 'wx' : 'w', mode)
      return data.pipeTo(file.writable())
    }
    await this.#connection.call(Op.writeFile, { first: path, numbers: [mode & ~0o022, Number(exclusive)], data: bytesOf(data), transfer })
  }

  async appendFile(path: string, data: Exclude<Data, Blob | ReadableStream>, { mode = 0o666 }: { mode?: number } = {}): Promise<void> {
    await this.#connection.call(Op.appendFile, { first: path, numbers: [mode & ~0o022], data: bytesOf(data) })
  }

  /** What is in a directory, by name. */
  async listDirectory(path: string): Promise<Entry[]> {
    return entries((await this.#connection.call(Op.list, { first: path })).bytes)
  }

  async stat(path: string): Promise<Stats> {
    return new Stats((await this.#connection.call(Op.stat, { first: path })).bytes)
  }

  async lstat(path: string): Promise<Stats> {
    return new Stats((await this.#connection.call(Op.lstat, { first: path })).bytes)
  }

  async exists(path: string): Promise<boolean> {
    return this.stat(path).then(
      () => true,
      (error: TarboxError) => {
        if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false
        throw error
      },
    )
  }

  async mkdir(path: string, { recursive = false, mode = 0o777 }: { recursive?: boolean; mode?: number } = {}): Promise<void> {
    await this.#connection.call(Op.mkdir, { first: path, numbers: [mode & ~0o022, Number(recursive)] })
  }

  async rm(path: string, { recursive = false, force = false }: { recursive?: boolean; force?: boolean } = {}): Promise<void> {
    await this.#connection.call(Op.remove, { first: path, numbers: [Number(recursive), Number(force)] })
  }

  async rmdir(path: string): Promise<void> {
    await this.#connection.call(Op.rmdir, { first: path })
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#connection.call(Op.rename, { first: from, second: to })
  }

  /** Copies a file. Its blocks are shared, not copied. */
  async copy(from: string, to: string, { exclusive = false }: { exclusive?: boolean } = {}): Promise<void> {
    await this.#connection.call(Op.copy, { first: from, second: to, numbers: [Number(exclusive)] })
  }

  async symlink(target: string, path: string): Promise<void> {
    await this.#connection.call(Op.symlink, { first: target, second: path })
  }

  async link(existing: string, path: string): Promise<void> {
    await this.#connection.call(Op.link, { first: existing, second: path })
  }

  async readlink(path: string): Promise<string> {
    return new TextDecoder().decode((await this.#connection.call(Op.readlink, { first: path })).bytes)
  }

  async realpath(path: string): Promise<string> {
    return new TextDecoder().decode((await this.#connection.call(Op.realpath, { first: path })).bytes)
  }

  async truncate(path: string, length = 0): Promise<void> {
    await this.#connection.call(Op.truncate, { first: path, numbers: [length] })
  }

  /** Times are dates, or seconds since 1970. */
  async utimes(path: string, atime: Date | number, mtime: Date | number): Promise<void> {
    await this.#connection.call(Op.utimes, { first: path, numbers: [ms(atime), ms(mtime)] })
  }

  async lutimes(path: string, atime: Date | number, mtime: Date | number): Promise<void> {
    await this.#connection.call(Op.utimes, { first: path, numbers: [ms(atime), ms(mtime), 1] })
  }

  async chmod(path: string, mode: number): Promise<void> {
    await this.#connection.call(Op.chmod, { first: path, numbers: [mode] })
  }

  async chown(path: string, uid: number, gid: number): Promise<void> {
    await this.#connection.call(Op.chown, { first: path, numbers: [uid, gid] })
  }

  /** Opens a file, for reading and writing at positions. */
  async open(path: string, mode: OpenMode = 'r', permissions = 0o666): Promise<TarboxFile> {
    const flags = openFlags(mode)
    return new TarboxFile(this.#connection, path, flags, await this.#connection.call(Op.open, { first: path, numbers: [flags, permissions & ~0o022] }))
  }

  async createReadStream(path: string, position = 0): Promise<ReadableStream<Uint8Array>> {
    return (await this.open(path)).readable(position)
  }

  async createWriteStream(path: string): Promise<WritableStream<Uint8Array | string>> {
    return (await this.open(path, 'w')).writable()
  }

  /** Every change at a path and below it from now on, whichever tab makes it, until the signal or the loop ends it. */
  async *watch(path: string, { signal }: { signal?: AbortSignal } = {}): AsyncGenerator<ChangeEvent, void> {
    const waiting: ChangeEvent[] = []
    let wake = () => {}
    const stop = this.#connection.watch(path, (events) => {
      waiting.push(...events)
      wake()
    })
    const aborted = () => wake()
    signal?.addEventListener('abort', aborted)
    try {
      while (!signal?.aborted) {
        const next = waiting.shift()
        if (next) yield next
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      signal?.removeEventListener('abort', aborted)
      stop()
    }
  }

  exportTar(path = '/'): ReadableStream<Uint8Array> {
    return exportTar(this, path)
  }

  importTar(source: ReadableStream<Uint8Array> | Blob, path = '/'): Promise<Imported> {
    return importTar(this, source instanceof Blob ? source.stream() : source, path)
  }

  /** What was done, the latest first. */
  async audit(query: AuditQuery = {}): Promise<AuditRecord[]> {
    return json(await this.#connection.call(Op.audit, { first: JSON.stringify(query) }))
  }

  async usage(): Promise<Usage> {
    const { usage } = json<{ usage: Omit<Usage, 'site'> }>(await this.#connection.call(Op.usage, {}))
    const [{ usage: used = 0, quota = 0 }, persisted] = await Promise.all([navigator.storage.estimate(), navigator.storage.persisted()])
    return { ...usage, site: { usage: used, quota, persisted } }
  }

  /** Gives back the space of what nothing names any more. */
  async gc(): Promise<{ inodes: number; bytes: number }> {
    return json(await this.#connection.call(Op.gc, {}))
  }

  /** Checks everything, and gives what is wrong. */
  async fsck(): Promise<unknown[]> {
    return json(await this.#connection.call(Op.fsck, {}))
  }

  /** Makes everything durable and lets go of the workspace. */
  close(): Promise<void> {
    return this.#connection.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * A way to a workspace for a worker, made by the page: transfer it there, and open the workspace with
 * `{ worker: port }`. The synchronous calls in a worker need it in Firefox.
 */
export function workspacePort({ worker }: { worker?: string | URL } = {}): MessagePort {
  const { port1, port2 } = new MessageChannel()
  startWorker(worker).postMessage({ port: port2 }, [port2])
  return port1
}

function ms(time: Date | number): number {
  return time instanceof Date ? time.getTime() : time * 1000
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return new TextEncoder().encode(data)
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  throw new TarboxError('EINVAL', `A ${typeof data} cannot be written: give text, bytes, a blob or a stream.`)
}
