import { NervusDBError } from '../errors.js'
import { Engine, GraphFlags, type EngineOptions } from '../engine/engine.js'
import type { Instantiate } from '../engine/exports.js'
import type { Place } from './platform.js'
import { Terms } from './terms.js'

/** How a core opens its graph. */
export interface CoreOptions {
  readonly cacheBytes: number
  readonly memtableBytes: number
  readonly logBytes: number
  readonly rememberTransactions: number
  readonly isNew: boolean
  /** Keep the right to write for as long as the core is open. */
  readonly exclusive: boolean
}

/** A reader looks at most so often whether the writer has flushed. */
const LOOK_EVERY_MS = 1000

/** All databases open in this process, so that two of one path share one engine. */
const cores = new Map<string, Core>()

/**
 * One open graph of this process.
 *
 * Only one process may write at a time. The right to write is taken with the first write and given back by a flush, so
 * databases that are merely open do not keep each other out. Who was not writing looks first whether someone else was.
 */
export class Core {
  readonly engine: Engine
  readonly terms: Terms
  readonly place: Place
  /** Handle of the newest state. */
  graph = 0
  /** Whether anything but facts may be there, properties above all. */
  hasData = true
  #identity: string | undefined
  #options: CoreOptions
  #users = 0
  #canWrite = false
  /** Whether someone else had the right to write since the graph was opened: even one who only looked has cleared away
        what seemed to be left over, such as the outputs of a merge that is not over here. */
  #isStale = true
  #epoch = ''
  #lookedAt = 0
  /** Handles of snapshots that are in use. */
  snapshots = 0

  private constructor(place: Place, engine: Engine, options: CoreOptions) {
    this.place = place
    this.engine = engine
    this.terms = new Terms(engine)
    this.#options = options
  }

  /** The core of a place: one that is open already, or a new one. */
  static open(place: Place, instantiate: Instantiate, options: CoreOptions): Core {
    const identity = place.identity()
    const open = identity === undefined ? undefined : cores.get(identity)
    if (open !== undefined) {
      open.#users++
      place.storage.dispose()
      try {
        open.#join(options)
      } catch (error) {
        open.#users--
        throw error
      }
      return open
    }
    const engine = new Engine(instantiate, place.storage)
    const core = new Core(place, engine, options)
    try {
      core.#openFirst()
    } catch (error) {
      engine.dispose()
      place.dispose()
      throw error
    }
    core.#users = 1
    core.#identity = place.identity()
    if (core.#identity !== undefined) cores.set(core.#identity, core)
    return core
  }

  /** Whether this process has the right to write. */
  get isWriter(): boolean {
    return this.#canWrite
  }

  #openFirst(): void {
    const locked = this.place.lockWriter()
    if (!locked && (this.#options.isNew || this.#options.exclusive)) throw this.#locked()
    this.#canWrite = locked
    this.#open(!locked, this.#options.isNew)
    if (this.#options.isNew) this.place.created()
    if (locked && !this.#options.exclusive) this.#rest()
  }

  #open(readOnly: boolean, create: boolean): void {
    const options: EngineOptions = {
      flags: (readOnly ? GraphFlags.readOnly : 0) | (create ? GraphFlags.create : 0),
      cacheBytes: this.#options.cacheBytes,
      memtableBytes: this.#options.memtableBytes,
      logBytes: this.#options.logBytes,
      rememberTransactions: this.#options.rememberTransactions,
    }
    const before = this.graph
    this.#epoch = this.place.epoch()
    this.graph = this.engine.open(options)
    if (before !== 0) {
      this.engine.x.view_free(before)
      this.terms.clear()
    }
    this.#isStale = readOnly
    this.#lookedAt = Date.now()
    this.hasData = this.engine.x.graph_has_data(this.graph) !== 0
  }

  /** Another user of this process has come. */
  #join(options: CoreOptions): void {
    const remember = Math.max(this.#options.rememberTransactions, options.rememberTransactions)
    const exclusive = this.#options.exclusive || options.exclusive
    const changed = remember !== this.#options.rememberTransactions
    this.#options = { ...this.#options, rememberTransactions: remember, exclusive }
    if (exclusive || changed) this.beginWrite()
    if (changed) {
      this.engine.guard(() => this.engine.done(this.engine.x.graph_sync(this.graph)))
      this.#open(false, false)
    }
  }

  /** Must be called before anything is written. */
  beginWrite(): void {
    if (!this.#canWrite) this.#takeOver()
  }

  #takeOver(): void {
    if (!this.place.lockWriter()) throw this.#locked()
    this.#canWrite = true
    this.#isStale ||= !this.place.wasLastWriter
    try {
      if (this.#isStale) this.#open(false, false)
    } catch (error) {
      this.#rest()
      throw error
    }
  }

  /** Gives the right to write back. */
  #rest(): void {
    this.#epoch = this.place.epoch()
    this.place.unlockWriter()
    this.#canWrite = false
  }

  #locked(): NervusDBError {
    return new NervusDBError(
      'LOCKED',
      `the database is in use: ${this.place.writer()} is writing to it; wait until it flushes or closes (lock file of the writer)`,
    )
  }

  /** Shows a reader what another process has flushed, looking now and then. */
  look(): void {
    if (this.#canWrite || this.#identity === undefined) return
    const now = Date.now()
    if (now - this.#lookedAt < LOOK_EVERY_MS) return
    this.#lookedAt = now
    if (this.place.epoch() !== this.#epoch) this.#open(true, false)
  }

  /** Makes everything committed durable in tables, and lets others write. */
  flush(): void {
    if (!this.#canWrite) return
    this.engine.guard(() => this.engine.done(this.engine.x.graph_flush(this.graph)))
    if (!this.#options.exclusive && this.snapshots === 0) this.#rest()
  }

  /** Ends one use; the last one closes. */
  release(): void {
    this.#users--
    if (this.#users > 0) return
    if (this.#identity !== undefined && cores.get(this.#identity) === this) cores.delete(this.#identity)
    this.engine.dispose()
    this.place.dispose()
  }

  get users(): number {
    return this.#users
  }
}
