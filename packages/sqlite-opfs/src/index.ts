import { DeviceError, Host, Module, type ModuleSource, OpfsSlots, SlotPool } from 'tarbox-device'
import { type Capi, makeCapi } from './capi.js'
import { Callbacks, Engine } from './engine.js'
import { SQLite3Error, WasmAllocError } from './errors.js'
import { makeWasm, type Wasm } from './memory.js'
import { DB as BaseDb, type DbOptions } from './oo1/db.js'
import { Stmt } from './oo1/stmt.js'
import { PoolUtil } from './pool-util.js'

export type { BackupOptions } from './backup.js'
export type { Capi } from './capi.js'
export type { Bindable, SqlValue } from './engine.js'
export { SQLite3Error, WasmAllocError } from './errors.js'
export type { Wasm } from './memory.js'
export type { DB, DbOptions } from './oo1/db.js'
export type { ExecOptions, RowMode, Sql } from './oo1/exec.js'
export type { FunctionOptions, ScalarFunction } from './oo1/function.js'
export type { BindSpec, Stmt } from './oo1/stmt.js'
export type { ExportOptions, PoolMetrics, PoolUtil, Storage } from './pool-util.js'
export type { OnProgress, Source } from './streams.js'
export type { Metrics, SetAside } from 'tarbox-device'

export interface InitOptions {
  /** The URL of `sqlite.wasm`, if it is not next to this file. */
  wasm?: ModuleSource
}

export interface PoolOptions {
  /** The name of the VFS. */
  name?: string
  /** The directory of the pool's files; by default, the name of the VFS with a leading dot. */
  directory?: string
  /** The number of slots of a new pool. */
  initialCapacity?: number
  /** Deletes all files first. */
  clearOnInit?: boolean
  /** 0 is silent, 2 reports files that were set aside, 3 reports more. */
  verbosity?: number
  /** Tries again after an attempt that failed. */
  forceReinitIfPreviouslyFailed?: boolean
  /** How long to wait for another tab that has the pool open, in milliseconds. */
  wait?: number
}

type DbArguments = [options?: DbOptions] | [filename?: string, flags?: string, vfs?: string | null]

/** SQLite, as returned by `sqlite3InitModule`. */
export interface Sqlite3 {
  readonly capi: Capi
  readonly wasm: Wasm
  readonly oo1: {
    readonly DB: { new (...args: DbArguments): BaseDb; checkRc: typeof BaseDb.checkRc }
    readonly Stmt: typeof Stmt
    OpfsSAHPoolDb?: PoolUtil['OpfsSAHPoolDb']
  }
  readonly SQLite3Error: typeof SQLite3Error
  readonly WasmAllocError: typeof WasmAllocError
  readonly version: { libVersion: string; libVersionNumber: number; sourceId: string }
  /** Opens a pool of files in OPFS, and registers it as a VFS. */
  installOpfsSAHPoolVfs(options?: PoolOptions): Promise<PoolUtil>
}

/** Loads SQLite. */
export async function sqlite3InitModule(options: InitOptions = {}): Promise<Sqlite3> {
  const callbacks = new Callbacks()
  const source = options.wasm ?? new URL('./sqlite.wasm', import.meta.url)
  const engine = new Engine(await Module.load(source, new Host(), callbacks.imports), callbacks)
  engine.Error = SQLite3Error
  const capi = makeCapi(engine)

  /** Which databases of a pool are open, by the name of its VFS. */
  const open = new Map<string, Set<BaseDb>>()

  class DB extends BaseDb {
    constructor(...args: DbArguments) {
      super(engine, normalize(args))
      const databases = open.get(this.dbVfsName() ?? '')
      databases?.add(this)
      this.#closed = () => databases?.delete(this)
    }

    readonly #closed: () => void

    override close(): void {
      super.close()
      this.#closed()
    }
  }

  const installed = new Map<string, Promise<PoolUtil>>()
  const sqlite3: Sqlite3 = {
    capi,
    wasm: makeWasm(engine),
    oo1: { DB: DB as unknown as Sqlite3['oo1']['DB'], Stmt },
    SQLite3Error,
    WasmAllocError,
    version: {
      libVersion: capi.sqlite3_libversion()!,
      libVersionNumber: capi.sqlite3_libversion_number(),
      sourceId: capi.sqlite3_sourceid()!,
    },
    installOpfsSAHPoolVfs(poolOptions = {}) {
      const name = poolOptions.name ?? 'opfs-sahpool'
      let installing = installed.get(name)
      if (installing && poolOptions.forceReinitIfPreviouslyFailed) installing = installing.catch(() => install())
      return remember(installing ?? install())

      function remember(promise: Promise<PoolUtil>): Promise<PoolUtil> {
        installed.set(name, promise)
        return promise
      }

      async function install(): Promise<PoolUtil> {
        const pool = await openPool(engine, name, poolOptions)
        class OpfsSAHPoolDb extends DB {
          constructor(filename: string | { filename?: string; flags?: string }, flags?: string) {
            super({ ...(normalize([filename as string, flags]) as DbOptions), vfs: name })
          }
        }
        const databases = new Set<BaseDb>()
        const util = new PoolUtil({
          engine,
          pool,
          vfsName: name,
          Db: DB,
          OpfsSAHPoolDb,
          open: databases,
          removed: () => {
            installed.delete(name)
            engine.pools.delete(name)
            open.delete(name)
          },
        })
        util.register()
        engine.pools.set(name, pool)
        open.set(name, databases)
        if (poolOptions.clearOnInit) await util.wipeFiles()
        report(util, poolOptions.verbosity ?? 2)
        sqlite3.oo1.OpfsSAHPoolDb = OpfsSAHPoolDb
        return util
      }
    },
  }
  return sqlite3
}

export default sqlite3InitModule

async function openPool(engine: Engine, name: string, options: PoolOptions): Promise<SlotPool> {
  if (engine.pools.has(name)) throw new DeviceError('EEXIST', `The VFS ${name} is already installed.`)
  const pool = await SlotPool.open(engine.module, new OpfsSlots(options.directory ?? `.${name}`, options.wait))
  if (pool.capacity === 0) await pool.addCapacity(Math.max(1, options.initialCapacity ?? 6))
  return pool
}

function normalize(args: DbArguments | readonly unknown[]): DbOptions {
  const [first, flags, vfs] = args as [unknown, string | undefined, string | null | undefined]
  if (typeof first === 'object' && first !== null) return first as DbOptions
  return {
    ...(first === undefined ? {} : { filename: first as string }),
    ...(flags === undefined ? {} : { flags }),
    ...(vfs === undefined ? {} : { vfs }),
  }
}

function report(util: PoolUtil, verbosity: number): void {
  if (verbosity < 2) return
  for (const { file, reason, path, size } of util.getSetAside()) {
    console.warn(`${util.vfsName}: the file ${file} (${path || 'nameless'}, ${size} bytes) was set aside: ${reason}.`)
  }
}
