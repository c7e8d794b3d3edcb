import { siteStorage, startWorker } from '#platform'
import { textOf } from 'tarbox-device'
import { Connection } from './connection.js'
import { OpenFile, openFlags, type OpenMode, TarboxFile } from './file.js'
import { importFiles, type Imported, type Incoming, type TransferOptions } from './import.js'
import { json, Layers } from './layers.js'
import { onRest } from './lifecycle.js'
import type { Link } from './link.js'
import type { ChangeEvent, Storage, WatchEvent } from './messages.js'
import { initOf, type OpenOptions, serverOf } from './options.js'
import * as native from './native.js'
import type { Used } from './native.js'
import { Op } from './protocol.js'
import { replaceFile } from './replace.js'
import { Sync } from './replica/sync.js'
import type { ServerOptions } from './server/address.js'
import { ServerConnection } from './server/connection.js'
import type { Entry, Stats } from './stats.js'
import { exportTar, importTar, type TarProgress, type Unpacked } from './tar.js'
import { doOver, type Work } from './work.js'

export { TarboxError } from './errors.js'
export { type OpenMode, TarboxFile } from './file.js'
export { type Change, type Layer, type LayerName, Layers } from './layers.js'
export {
  ImportError,
  type Imported,
  type ImportProblem,
  type Incoming,
  type Progress,
  type TransferOptions,
} from './import.js'
export type { ChangeEvent, LayerEvent, Storage, WatchEvent } from './messages.js'
export type { OpenOptions } from './options.js'
export { Sync } from './replica/sync.js'
export type { SyncStatus } from './replica/status.js'
export type { ServerOptions } from './server/address.js'
export { Entry, Stats } from './stats.js'
export type { TarProgress, Unpacked } from './tar.js'

/** Data that can be written. */
export type Data = string | ArrayBuffer | ArrayBufferView | Blob | ReadableStream<Uint8Array>

export interface WriteOptions {
  /** The mode of a new file. */
  mode?: number
  /** Creates the file; fails with `EEXIST` if it exists. */
  exclusive?: boolean
  /** Replaces the file only if it still has this version; fails with `ESTALE` if `(await stat(path)).version` has changed. */
  ifVersion?: string
  /** Transfers the bytes instead of copying them; the array is empty afterwards. */
  transfer?: boolean
}

/** A filter for audit records, all parts of which must match. Times are in milliseconds. */
export interface AuditQuery {
  /** This path and everything below it. */
  path?: string
  /** An operation such as `create`, `write`, `unlink`, `rename`, `checkpoint`. */
  operation?: string
  since?: number
  until?: number
  /** Only records after the one with this `seq`. */
  after?: number
  /** Only records before the one with this `seq`. To get the next page, pass the `seq` of the last record. */
  before?: number
  /** Only refused changes. */
  refused?: boolean
  /** The maximum number of records; 1,000 by default. */
  limit?: number
  oldest_first?: boolean
}

export interface AuditRecord {
  seq: number
  /** Nanoseconds since 1970. */
  time: number
  uid: number
  /** The interface: `browser`, `node`, `key:ID` at a server; for what others did also theirs, such as `cli`. */
  agent: string
  /** The tab or worker: the `client` of its workspace. */
  client?: string
  operation: string
  ino: number
  path: string
  from?: string
  bytes: number
  layer: number
  errno: number
}

export interface Usage extends Used {
  /** The browser's estimate for this site. */
  site: { usage: number; quota: number; persisted: boolean }
}

/** Interfaces that name the client; a key of a server does, too, behind its id. */
const AGENTS: ReadonlySet<string> = new Set(['browser', 'node'])

/**
 * A workspace. All tabs that open it by the same name see the same files; of a database file in Node.js there is one at a
 * time.
 */
export class TarboxFs {
  readonly layers: Layers
  /** The way to the server that the workspace is a replica of one at, if it was opened with `sync`. */
  readonly replica: Sync
  readonly #connection: Link

  /**
   * A workspace at a server (`tarbox serve`), for whoever has this key. Nothing is asked of the server until the first call;
   * {@link init} finds out at once whether the two are right. `?tenant=NAME` in the URL names another tenant than the key's.
   */
  constructor(apiUrl: string | URL, apiKey: string, options?: Pick<ServerOptions, 'durability' | 'patience'>)
  /** @internal */
  constructor(connection: Link)
  constructor(at: Link | string | URL, key = '', options: Pick<ServerOptions, 'durability' | 'patience'> = {}) {
    this.#connection =
      typeof at === 'string' || at instanceof URL ? new ServerConnection({ ...options, url: at, key }) : at
    this.layers = new Layers(this.#connection)
    this.replica = new Sync(this, this.#connection)
  }

  /** Opens a workspace, and creates it if it does not exist and is not at a server. */
  static async open(options: OpenOptions = {}): Promise<TarboxFs> {
    const server = serverOf(options)
    if (server) return new TarboxFs(new ServerConnection(server)).init()
    const init = initOf(options)
    return new TarboxFs(await Connection.open(options.worker, init))
  }

  /** Connects to the server, if the workspace is at one: fails with `EACCES` if the key is wrong, with `EIO` if nobody answers. */
  async init(): Promise<this> {
    if (this.#connection instanceof ServerConnection) await this.#connection.open()
    return this
  }

  /** @internal */
  do<T>(work: Work<T>): Promise<T> {
    return doOver(this.#connection, work)
  }

  /** Where the workspace is actually stored. */
  get storage(): Storage {
    return this.#connection.storage
  }

  /** Identifies this object to other users of the workspace, in events and in the audit log: a few letters, different each time it is opened. */
  get client(): string {
    return this.#connection.client
  }

  readFile(path: string, options: 'utf8' | { encoding: 'utf8' }): Promise<string>
  readFile(path: string, options?: { offset?: number; length?: number }): Promise<Uint8Array<ArrayBuffer>>
  async readFile(
    path: string,
    options: 'utf8' | { encoding?: 'utf8'; offset?: number; length?: number } = {},
  ): Promise<string | Uint8Array> {
    const { encoding, offset, length } = options === 'utf8' ? { encoding: options } : options
    const bytes = await this.do(native.readFile(path, offset, length))
    return encoding ? textOf(bytes) : bytes
  }

  /**
   * Replaces or creates a file atomically. A blob or stream is read in pieces; the file has its old
   * content until all of the new content is stored.
   */
  async writeFile(path: string, data: Data, options: WriteOptions = {}): Promise<void> {
    const { mode = native.FILE_MODE, exclusive = false, ifVersion = '' } = options
    if (data instanceof Blob || data instanceof ReadableStream) {
      return replaceFile(this.#connection, path, data, { mode: mode & ~0o022, exclusive, ifVersion })
    }
    await this.do(native.writeFile(path, native.bytesOf(data), options))
  }

  async appendFile(
    path: string,
    data: Exclude<Data, Blob | ReadableStream>,
    options: { mode?: number } = {},
  ): Promise<void> {
    await this.do(native.appendFile(path, native.bytesOf(data), options))
  }

  /** The entries of a directory, sorted by name. */
  listDirectory(path: string): Promise<Entry[]> {
    return this.do(native.list(path))
  }

  stat(path: string): Promise<Stats> {
    return this.do(native.stat(path))
  }

  lstat(path: string): Promise<Stats> {
    return this.do(native.lstat(path))
  }

  exists(path: string): Promise<boolean> {
    return this.do(native.exists(path))
  }

  async mkdir(path: string, options: { recursive?: boolean; mode?: number } = {}): Promise<void> {
    await this.do(native.mkdir(path, options))
  }

  rm(path: string, options: { recursive?: boolean; force?: boolean } = {}): Promise<void> {
    return this.do(native.remove(path, options))
  }

  rmdir(path: string): Promise<void> {
    return this.do(native.rmdir(path))
  }

  /** Moves a file or directory. A file at `to` is replaced, unless `replace` is false: then the call fails with `EEXIST`. */
  rename(from: string, to: string, options: { replace?: boolean } = {}): Promise<void> {
    return this.do(native.rename(from, to, options))
  }

  /**
   * Copies a file or, with `recursive`, a directory and everything in it, to an existing or a new one. Blocks are
   * shared, not copied. With `exclusive`, it fails with `EEXIST` if `to` exists.
   */
  copy(from: string, to: string, options: { exclusive?: boolean; recursive?: boolean } = {}): Promise<void> {
    return this.do(native.copy(from, to, options))
  }

  symlink(target: string, path: string): Promise<void> {
    return this.do(native.symlink(target, path))
  }

  link(existing: string, path: string): Promise<void> {
    return this.do(native.link(existing, path))
  }

  readlink(path: string): Promise<string> {
    return this.do(native.readlink(path))
  }

  realpath(path: string): Promise<string> {
    return this.do(native.realpath(path))
  }

  truncate(path: string, length = 0): Promise<void> {
    return this.do(native.truncate(path, length))
  }

  /** Times are dates, or seconds since 1970; times before 1677 or after 2262 are clamped to that range. */
  async utimes(path: string, atime: Date | number, mtime: Date | number): Promise<void> {
    await this.do(native.utimes(path, native.nanoseconds(atime), native.nanoseconds(mtime)))
  }

  async lutimes(path: string, atime: Date | number, mtime: Date | number): Promise<void> {
    await this.do(native.utimes(path, native.nanoseconds(atime), native.nanoseconds(mtime), { follow: false }))
  }

  chmod(path: string, mode: number): Promise<void> {
    return this.do(native.chmod(path, mode))
  }

  chown(path: string, uid: number, gid: number): Promise<void> {
    return this.do(native.chown(path, uid, gid))
  }

  /** Opens a file for reading and writing at positions. */
  async open(
    path: string,
    mode: OpenMode = 'r',
    permissions?: number,
    { ifVersion }: { ifVersion?: string } = {},
  ): Promise<TarboxFile> {
    return new TarboxFile(this.#connection, await this.do(OpenFile.open(path, openFlags(mode), permissions, ifVersion)))
  }

  async createReadStream(path: string, position = 0): Promise<ReadableStream<Uint8Array>> {
    return (await this.open(path)).readable(position)
  }

  async createWriteStream(path: string): Promise<WritableStream<Uint8Array | string>> {
    return (await this.open(path, 'w')).writable()
  }

  /**
   * All changes at a path and below it from now on, in any tab, until the signal, the loop or `close`
   * ends it; with `layers`, also changes of layers and tags. `event.client === fs.client` if the change was made through this object.
   */
  watch(path: string, options: { signal?: AbortSignal; layers: true }): AsyncGenerator<WatchEvent, void>
  watch(path: string, options?: { signal?: AbortSignal; layers?: false }): AsyncGenerator<ChangeEvent, void>
  async *watch(
    path: string,
    { signal, layers = false }: { signal?: AbortSignal; layers?: boolean } = {},
  ): AsyncGenerator<WatchEvent, void> {
    const waiting: WatchEvent[] = []
    let wake = () => {}
    let ended: { error: Error | undefined } | undefined
    const stop = this.#connection.watch(
      { path, layers },
      {
        tell: (events) => {
          waiting.push(...events)
          wake()
        },
        end: (error) => {
          ended = { error }
          wake()
        },
      },
    )
    const aborted = () => wake()
    signal?.addEventListener('abort', aborted)
    try {
      while (!signal?.aborted) {
        const next = waiting.shift()
        if (next) yield next
        else if (ended?.error) throw ended.error
        else if (ended) return
        else await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      signal?.removeEventListener('abort', aborted)
      stop()
    }
  }

  /** Packs a tree into a tar archive (POSIX pax). When aborted, the stream fails with `ECANCELED`. */
  exportTar(path = '/', options: TransferOptions = {}): ReadableStream<Uint8Array> {
    return exportTar(this, this.#connection, path, options)
  }

  /**
   * Unpacks a tar archive below a directory, with owners, times, links and holes, like GNU tar and bsdtar. Members that cannot be
   * unpacked are skipped, and the rest is unpacked; then, or if the archive is truncated or the signal aborts (`ECANCELED`), the call
   * fails with an {@link ImportError}: the files counted in `imported` are complete and remain; `problems` lists the others.
   */
  importTar(
    source: ReadableStream<Uint8Array> | Blob,
    path = '/',
    options: TransferOptions<TarProgress> = {},
  ): Promise<Unpacked> {
    return importTar(this.#connection, source, path, options)
  }

  /** Writes many files below a directory; small ones share writes to the device. Fails like {@link importTar}. */
  importFiles(
    files: Iterable<Incoming> | AsyncIterable<Incoming>,
    path = '/',
    options: TransferOptions = {},
  ): Promise<Imported> {
    return importFiles(this, files, path, options)
  }

  /** The audit log, newest first. */
  async audit(query: AuditQuery = {}): Promise<AuditRecord[]> {
    const records = json<AuditRecord[]>(await this.#connection.call(Op.audit, { first: JSON.stringify(query) }))
    for (const record of records) {
      const [agent, client, behind] = record.agent.split(':')
      if (AGENTS.has(agent!) && client) Object.assign(record, { agent, client })
      else if (agent === 'key' && behind) Object.assign(record, { agent: `${agent}:${client}`, client: behind })
    }
    return records
  }

  async usage(): Promise<Usage> {
    const [used, site] = await Promise.all([this.do(native.usage()), siteStorage()])
    return { ...used, site }
  }

  /** Returns when everything done so far is on the device: with `strict` durability it is anyway, with `relaxed` only then. */
  sync(): Promise<void> {
    return this.do(native.sync())
  }

  /**
   * In a workspace that is a replica ({@link OpenOptions.sync}): returns when the server has everything that was here when this was
   * called, on its device, and this workspace what the server had.
   */
  synced(): Promise<void> {
    return this.replica.synced()
  }

  /** Frees space that is no longer used. */
  async gc(): Promise<{ inodes: number; bytes: number }> {
    return json(await this.#connection.call(Op.gc, {}))
  }

  /** Checks the entire workspace, and returns the problems. */
  async fsck(): Promise<unknown[]> {
    return json(await this.#connection.call(Op.fsck, {}))
  }

  /** Makes all changes durable and closes the workspace. */
  close(): Promise<void> {
    return this.#connection.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Creates a connection to a workspace, on the page, for a worker: transfer it there, and open the workspace with
 * `{ worker: port }`. The synchronous calls in a worker need it in Firefox.
 */
export function workspacePort({ worker }: { worker?: string | URL } = {}): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const started = startWorker(worker)
  started.postMessage({ port: port2 }, [port2])
  onRest(
    () => started.postMessage({ rest: true }),
    () => started.postMessage({ wake: true }),
  )
  return port1
}
