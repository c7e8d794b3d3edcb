import { type Metrics, readUpTo, type SetAside, type SlotPool, writeAll } from 'tarbox-device'
import { backupPages, type BackupOptions } from './backup.js'
import { constants } from './constants.js'
import type { Engine } from './engine.js'
import { SQLite3Error, toss } from './errors.js'
import type { DB } from './oo1/db.js'
import { type OnProgress, pieces, type Source, zipped } from './streams.js'

/** Where contents begin in a pool's file, in bytes. */
const DATA = 4096
/** Bytes of a piece of a streaming transfer. */
const PIECE = 1 << 20
const MAGIC = 'SQLite format 3\0'

export interface ExportOptions {
  gzip?: boolean
  onProgress?: OnProgress
}

/** Statistics of the pools, and cache hits of their databases. Times are in milliseconds. */
export interface PoolMetrics extends Metrics {
  cacheHits: number
  cacheMisses: number
}

export interface Storage {
  /** Bytes used by this site, as the browser estimates them. */
  usage: number
  quota: number
  /** Whether the browser may not delete the site's data when the device is full. */
  persisted: boolean
  /** Asks the browser not to delete it. */
  requestPersist(): Promise<boolean>
}

/** Manages one pool. */
export class PoolUtil {
  /** The name of the VFS with which databases in the pool are opened. */
  readonly vfsName: string
  readonly #engine: Engine
  readonly #pool: SlotPool
  readonly #Db: new (
    filename: string,
    flags: string,
    vfs: string,
  ) => DB
  readonly #open: Set<DB>
  readonly #removed: () => void
  #unpausing: Promise<void> | undefined
  /** Databases of this pool; `new util.OpfsSAHPoolDb(name)`. */
  readonly OpfsSAHPoolDb: new (
    filename: string | { filename?: string; flags?: string },
    flags?: string,
  ) => DB

  /** @internal */
  constructor(init: {
    engine: Engine
    pool: SlotPool
    vfsName: string
    Db: new (filename: string, flags: string, vfs: string) => DB
    OpfsSAHPoolDb: PoolUtil['OpfsSAHPoolDb']
    open: Set<DB>
    removed: () => void
  }) {
    this.#engine = init.engine
    this.#pool = init.pool
    this.vfsName = init.vfsName
    this.#Db = init.Db
    this.OpfsSAHPoolDb = init.OpfsSAHPoolDb
    this.#open = init.open
    this.#removed = init.removed
  }

  /** Adds slots for files, and returns the new number of slots. */
  addCapacity(count: number): Promise<number> {
    return this.#pool.addCapacity(wholeNumber(count))
  }

  /** Removes up to this many free slots, and returns the number removed. */
  async reduceCapacity(count: number): Promise<number> {
    return this.#pool.reduceCapacity(wholeNumber(count))
  }

  getCapacity(): number {
    return this.#pool.isPaused ? 0 : this.#pool.capacity
  }

  async reserveMinimumCapacity(minimum: number): Promise<number> {
    const missing = wholeNumber(minimum) - this.#pool.capacity
    return missing > 0 ? this.#pool.addCapacity(missing) : this.#pool.capacity
  }

  getFileCount(): number {
    return this.getFileNames().length
  }

  getFileNames(): string[] {
    return this.#pool.isPaused ? [] : this.#pool.names().map((name) => `/${name}`)
  }

  /** Slots whose contents cannot be named, because their header is damaged. They are kept until adopted or discarded. */
  getSetAside(): SetAside[] {
    return this.#pool.setAside()
  }

  /** Turns a slot that was set aside into a file. */
  adoptSetAside(slot: number, name: string): void {
    this.#pool.adopt(slot, poolName(name))
  }

  /** Deletes the contents of a slot that was set aside. */
  discardSetAside(slot: number): void {
    this.#pool.discard(slot)
  }

  /** Deletes a file, and returns whether it existed. */
  unlink(name: string): boolean {
    if (!this.#has(name)) return false
    this.#pool.delete(poolName(name))
    return true
  }

  #has(name: string): boolean {
    return this.getFileNames().includes(`/${poolName(name)}`)
  }

  /** Deletes all files. */
  async wipeFiles(): Promise<void> {
    for (const name of this.getFileNames()) this.unlink(name)
    for (const { slot } of this.getSetAside()) this.discardSetAside(slot)
  }

  /** Returns all bytes of a file. `exportStream` needs no more than a megabyte of memory. */
  exportFile(name: string): Uint8Array {
    const handle = this.#handle(name)
    const bytes = new Uint8Array(Math.max(0, handle.getSize() - DATA))
    const count = readUpTo(handle, bytes, DATA)
    if (count !== bytes.length)
      toss(constants.SQLITE_IOERR_SHORT_READ, `Expected to read ${bytes.length} bytes but read ${count}.`)
    return bytes
  }

  #handle(name: string) {
    if (!this.#has(name)) toss(constants.SQLITE_NOTFOUND, 'File not found:', name)
    return this.#engine.module.host.handle(this.#pool.slotOf(poolName(name)))
  }

  /** Streams the bytes of a file. */
  exportStream(name: string, { gzip = false, onProgress }: ExportOptions = {}): ReadableStream<Uint8Array> {
    const handle = this.#handle(name)
    const total = Math.max(0, handle.getSize() - DATA)
    let done = 0
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          if (done === total) return controller.close()
          const piece = new Uint8Array(Math.min(PIECE, total - done))
          const count = readUpTo(handle, piece, DATA + done)
          if (count !== piece.length)
            throw new SQLite3Error(constants.SQLITE_IOERR_SHORT_READ, `${name} was truncated in the meantime`)
          done += count
          controller.enqueue(piece)
          onProgress?.(done, total)
        },
      },
      { highWaterMark: 0 },
    )
    return gzip ? zipped(stream) : stream
  }

  /**
   * Imports a database from bytes, and replaces one of that name. A stream, a blob or a function that
   * returns pieces until `undefined` is read piece by piece, and decompressed if it is gzip.
   */
  importDb(name: string, bytes: Uint8Array | ArrayBuffer): number
  importDb(name: string, source: Source, options?: { onProgress?: OnProgress }): Promise<number>
  importDb(name: string, source: Source, options: { onProgress?: OnProgress } = {}): number | Promise<number> {
    if (source instanceof ArrayBuffer) source = new Uint8Array(source)
    if (!(source instanceof Uint8Array)) return this.#importPieces(name, source, options.onProgress)
    const bytes = source
    checkHeader(bytes)
    checkSize(bytes.length)
    this.#replace(name, (write) => write(bytes))
    return bytes.length
  }

  async #importPieces(name: string, source: Source, onProgress?: OnProgress): Promise<number> {
    const total = source instanceof Blob ? source.size : undefined
    let size = 0
    await this.#replaceSlowly(name, async (write) => {
      let head = new Uint8Array()
      for await (const piece of pieces(source)) {
        if (head.length < MAGIC.length) {
          head = new Uint8Array([...head, ...piece.subarray(0, MAGIC.length - head.length)])
          if (head.length === MAGIC.length) checkHeader(head)
        }
        write(piece)
        size += piece.length
        onProgress?.(size, total)
      }
      checkHeader(head)
      checkSize(size)
    })
    return size
  }

  /** Writes a file beside the one it replaces: a source that fails changes nothing. */
  #replace(name: string, fill: (write: (bytes: Uint8Array) => void) => void): void {
    const { write, finish, giveUp } = this.#begin(name)
    try {
      fill(write)
      finish()
    } catch (error) {
      giveUp()
      throw error
    }
  }

  async #replaceSlowly(name: string, fill: (write: (bytes: Uint8Array) => void) => Promise<void>): Promise<void> {
    await this.#pool.growAhead(1)
    const { write, finish, giveUp } = this.#begin(name)
    try {
      await fill(write)
      finish()
    } catch (error) {
      giveUp()
      throw error
    }
  }

  #begin(name: string) {
    const target = poolName(name)
    const temporary = `${target}.importing`
    if (this.#has(temporary)) this.#pool.delete(temporary)
    const handle = this.#engine.module.host.handle(this.#pool.create(temporary))
    let size = 0
    const write = (bytes: Uint8Array) => {
      try {
        writeAll(handle, bytes, DATA + size)
      } catch (error) {
        toss(constants.SQLITE_FULL, `${name} could not be written: ${error instanceof Error ? error.message : error}`)
      }
      size += bytes.length
    }
    const finish = () => {
      // The official pool opens no database in WAL mode, so an import turns that off, as it does.
      writeAll(handle, new Uint8Array([1, 1]), DATA + 18)
      handle.flush()
      for (const part of ['-journal', '-wal']) this.unlink(`/${target}${part}`)
      if (this.#has(target)) this.#pool.delete(target)
      this.#pool.rename(temporary, target)
    }
    return { write, finish, giveUp: () => this.#pool.delete(temporary) }
  }

  /**
   * Copies a database while it is in use, and returns the copy as a stream or stores it in the pool under the name `to`.
   */
  async backup(db: DB, options: BackupOptions & { to: string }): Promise<void>
  async backup(db: DB, options?: BackupOptions & ExportOptions): Promise<ReadableStream<Uint8Array>>
  async backup(
    db: DB,
    options: BackupOptions & ExportOptions & { to?: string } = {},
  ): Promise<ReadableStream<Uint8Array> | void> {
    await this.#pool.growAhead(3)
    const name = options.to ?? `/.backup-${crypto.randomUUID()}`
    // A copy that fails is rolled back: what was there before is there again.
    const isNew = !this.#has(poolName(name))
    const copy = new this.#Db(name, 'c', this.vfsName)
    try {
      await backupPages(this.#engine, db, copy, options)
    } catch (error) {
      copy.close()
      if (isNew) this.unlink(name)
      throw error
    }
    copy.close()
    if (options.to) return
    const reader = this.exportStream(name, options).getReader()
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await reader.read().catch((error: unknown) => {
          this.unlink(name)
          throw error
        })
        if (!done) return controller.enqueue(value)
        this.unlink(name)
        controller.close()
      },
      cancel: async (why) => {
        try {
          await reader.cancel(why)
        } finally {
          this.unlink(name)
        }
      },
    })
  }

  /** Replaces the content of a database that is in use, in one transaction. */
  async restore(db: DB, source: Source, options: { onProgress?: OnProgress } = {}): Promise<void> {
    const name = `/.restore-${crypto.randomUUID()}`
    await this.#pool.growAhead(3)
    await this.#importPieces(name, source, options.onProgress)
    try {
      const copy = new this.#Db(name, 'r', this.vfsName)
      try {
        // All pages in one step: the database goes from one state to the other.
        await backupPages(this.#engine, copy, db, { pages: -1 })
      } finally {
        copy.close()
      }
    } finally {
      this.unlink(name)
    }
  }

  metrics(): PoolMetrics {
    const metrics = { ...this.#pool.metrics, cacheHits: 0, cacheMisses: 0 }
    const place = this.#engine.alloc(8)
    const status = (db: DB, what: number): number => {
      this.#engine.exports['sqlite3_db_status'](db.pointer, what, place, place + 4, 0)
      return this.#engine.words[place >> 2]!
    }
    for (const db of this.#open) {
      metrics.cacheHits += status(db, constants.SQLITE_DBSTATUS_CACHE_HIT)
      metrics.cacheMisses += status(db, constants.SQLITE_DBSTATUS_CACHE_MISS)
    }
    this.#engine.free(place)
    return metrics
  }

  async storage(): Promise<Storage> {
    const { usage = 0, quota = 0 } = await navigator.storage.estimate()
    // Only a page can ask; a worker of a browser that does not let it gets `false`.
    const requestPersist = async () => ('persist' in navigator.storage ? navigator.storage.persist() : false)
    return { usage, quota, persisted: await navigator.storage.persisted(), requestPersist }
  }

  /** Closes all files, so that another tab can open the pool. Fails while databases are open. */
  async pauseVfs(): Promise<this> {
    if (this.#open.size > 0)
      toss(constants.SQLITE_MISUSE, `Cannot pause VFS ${this.vfsName} because it has opened files.`)
    await this.#unpausing
    if (this.#pool.isPaused) return this
    this.#check(this.#engine.exports['vfs_unregister'](this.#pool.id))
    await this.#pool.pause()
    return this
  }

  isPaused(): boolean {
    return this.#pool.isPaused
  }

  async unpauseVfs(): Promise<this> {
    if (!this.#pool.isPaused) return this
    this.#unpausing ??= this.#pool
      .resume()
      .then(() => this.register())
      .finally(() => {
        this.#unpausing = undefined
      })
    await this.#unpausing
    return this
  }

  /** @internal */
  register(): void {
    this.#engine.module.putText(this.vfsName)
    this.#check(this.#engine.exports['vfs_register'](this.#pool.id))
  }

  #check(result: number): void {
    if (result < 0) toss(constants.SQLITE_MISUSE, this.#engine.module.text())
  }

  /** Removes the VFS and *all files of the pool*. */
  async removeVfs(): Promise<boolean> {
    if (this.#engine.pools.get(this.vfsName) !== this.#pool) return false
    await this.pauseVfs()
    await this.#pool.store.destroy()
    this.#removed()
    return true
  }
}

/** The name of a file in the pool, which begins without a slash. */
export function poolName(name: string): string {
  return new URL(name, 'file://localhost/').pathname.slice(1)
}

function wholeNumber(count: number): number {
  if (!Number.isSafeInteger(count) || count < 0) toss(constants.SQLITE_MISUSE, 'Not a number of slots:', count)
  return count
}

function checkHeader(bytes: Uint8Array): void {
  for (let at = 0; at < MAGIC.length; at++) {
    if (bytes[at] !== MAGIC.charCodeAt(at))
      toss(constants.SQLITE_NOTADB, 'Input does not contain an SQLite database header.')
  }
}

function checkSize(size: number): void {
  if (size < 512 || size % 512 !== 0)
    toss(constants.SQLITE_NOTADB, `Byte array size ${size} is invalid for an SQLite database.`)
}
