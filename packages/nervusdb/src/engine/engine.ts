import { NervusDBError, codeOf } from '../errors.js'
import type { Storage } from '../storage/storage.js'
import type { EngineExports, Instantiate } from './exports.js'
import { Host } from './host.js'
import { Memory, putTexts, type Reserve } from './memory.js'

/** An unbound position of a pattern, and the id of a string that has none. */
export const NONE = 0xffffffff
/** Flags of {@link Engine.open}. */
export const GraphFlags = { create: 1, readOnly: 2 } as const
/** What a commit survives: nothing yet, the death of the process, a power cut. */
export const Level = { gathered: 0, written: 1, synced: 2 } as const

export interface EngineOptions {
  readonly flags: number
  readonly cacheBytes: number
  readonly memtableBytes: number
  readonly logBytes: number
  readonly rememberTransactions: number
}

/** A filter of {@link Engine.scanProperties}; values are in their stored form. */
export interface StoredFilter {
  readonly kind: number
  readonly min?: Uint8Array
  readonly max?: Uint8Array
}

/** Results of one call: words that stay valid until the next. */
export interface Words {
  readonly words: Uint32Array
  /** Where the first is. */
  readonly at: number
  readonly count: number
}

/**
 * One instance of the engine's module around one storage, call by call.
 *
 * After a trap the instance cannot be trusted, and every call says so; what was committed is on the device.
 */
export class Engine {
  readonly memory: Memory
  readonly x: EngineExports
  readonly #host: Host
  readonly #storage: Storage
  readonly #reserve: Reserve
  #broken: unknown

  constructor(instantiate: Instantiate, storage: Storage) {
    this.#storage = storage
    this.#host = new Host(storage, () => this.memory)
    this.x = instantiate({ host: this.#host.imports })
    this.memory = new Memory(this.x.memory)
    this.#reserve = (length) => {
      const at = this.x.input(length) >>> 0
      if (at === 0) throw this.failure()
      return at
    }
  }

  /** Closes every file. The instance is of no use afterwards. */
  dispose(): void {
    this.#broken ??= new Error('the engine was closed')
    this.#storage.dispose()
  }

  /** Room for input. */
  reserve(length: number): number {
    return this.#reserve(length)
  }

  /** Runs a call; what traps is told as an error of ours. */
  guard<T>(work: () => T): T {
    if (this.#broken !== undefined) {
      throw new NervusDBError('INTERNAL', 'the engine has failed; reopen the database', {
        cause: this.#broken,
      })
    }
    try {
      return work()
    } catch (error) {
      if (error instanceof NervusDBError || error instanceof TypeError) throw error
      this.#broken = error
      throw new NervusDBError(
        'INTERNAL',
        'the engine stopped; committed data is safe: close the database and reopen it',
        { cause: error },
      )
    }
  }

  /** The error of the last call that failed. */
  failure(): NervusDBError {
    const length = this.x.error()
    const [, code = 'INTERNAL', message = ''] = /^(\S+) ([^]*)$/.exec(this.memory.text(this.x.bytes(), length)) ?? []
    const cause = this.#host.lastError
    this.#host.lastError = undefined
    if (code !== 'POOL' || cause === undefined) return new NervusDBError(code, message)
    const detail = cause instanceof Error ? cause.message : String(cause)
    return new NervusDBError(codeOf(cause) ?? 'EIO', `${message} (${detail})`, { cause })
  }

  /** Throws if the result of a call is 0. */
  done(result: number): number {
    if (result === 0) throw this.failure()
    return result
  }

  /** The words a call has given. */
  words(pointer: number): Words {
    const at = (this.done(pointer) >>> 0) >>> 2
    const words = this.memory.words
    return { words, at: at + 1, count: words[at] as number }
  }

  open(options: EngineOptions): number {
    return this.guard(() =>
      this.done(
        this.x.graph_open(
          options.flags,
          options.cacheBytes,
          options.memtableBytes,
          options.logBytes,
          options.rememberTransactions,
        ),
      ),
    )
  }

  /** The ids of strings; `intern` gives new ones ids, else they have {@link NONE}. */
  ids(graph: number, strings: readonly string[], intern: boolean): Uint32Array {
    return this.guard(() => {
      putTexts(this.memory, this.#reserve, strings)
      const call = intern ? this.x.terms_intern : this.x.terms_find
      const { words, at, count } = this.words(call(graph, strings.length))
      return words.slice(at, at + count)
    })
  }

  /** The strings of ids. */
  strings(view: number, ids: readonly number[]): (string | undefined)[] {
    return this.guard(() => {
      const input = this.#reserve(ids.length * 4)
      this.memory.words.set(ids, input >>> 2)
      const { words, at, count } = this.words(this.x.terms_get(view, ids.length))
      return this.memory.texts(this.x.bytes() >>> 0, words.subarray(at, at + count))
    })
  }
}
