import { type Module, type SlotPool, textOf } from 'tarbox-device'
import { constants } from './constants.js'
import { rcName } from './errors.js'

/** A value as SQLite has it. Integers beyond 2⁵³ are `bigint`. */
export type SqlValue = string | number | bigint | null | Uint8Array
/** What can be bound to a parameter or returned by a function. */
export type Bindable = SqlValue | boolean | undefined | Int8Array | ArrayBuffer

/** How `crates/sqlite-opfs/src/value.rs` tells values apart. */
const Tag = { Null: 0, Integer: 1, Float: 2, Text: 3, Blob: 4, BigInt: 5 } as const
const VALUE_SIZE = 16
/** Scratch memory beyond this is given back after use. */
const KEPT = 1 << 20
/** Up to so many characters a loop is quicker than a decoder. */
const SHORT = 40

const encoder = new TextEncoder()

/** The module's memory, and values going in and out of it. */
export class Engine {
  readonly exports: Record<string, any>
  /** Installed pools by the name of their VFS. */
  readonly pools = new Map<string, SlotPool>()
  readonly callbacks: Callbacks
  #data = new DataView(new ArrayBuffer(0))
  #bytes = new Uint8Array()
  #words = new Int32Array()
  #doubles = new Float64Array()
  #scratch = 0
  #scratchSize = 0
  /** The class of errors, set by whoever makes it. */
  Error!: new (
    code: number,
    message: string,
  ) => Error

  constructor(
    readonly module: Module,
    callbacks: Callbacks,
  ) {
    this.exports = module.exports
    this.callbacks = callbacks
    callbacks.engine = this
  }

  /** Views of the memory are made again when it has grown: then the old ones have no length any more. */
  #view(): void {
    if (this.#bytes.length > 0) return
    const { buffer } = this.module.host.memory
    this.#data = new DataView(buffer)
    this.#bytes = new Uint8Array(buffer)
    this.#words = new Int32Array(buffer)
    this.#doubles = new Float64Array(buffer)
  }

  get bytes(): Uint8Array {
    this.#view()
    return this.#bytes
  }

  get words(): Int32Array {
    this.#view()
    return this.#words
  }

  alloc(size: number): number {
    const at: number = this.exports['sqlite3_malloc'](size)
    if (at === 0) throw new this.Error(constants.SQLITE_NOMEM, `cannot allocate ${size} bytes`)
    return at
  }

  free(at: number): void {
    this.exports['sqlite3_free'](at)
  }

  /** A text in memory, with a NUL at its end; free it. */
  allocText(text: string): number {
    const bytes = encoder.encode(text)
    const at = this.alloc(bytes.length + 1)
    this.bytes.set(bytes, at)
    this.bytes[at + bytes.length] = 0
    return at
  }

  /** Does something with a text in memory. */
  withText<T>(text: string, act: (at: number) => T): T {
    const at = this.allocText(text)
    try {
      return act(at)
    } finally {
      this.free(at)
    }
  }

  /** The text up to a NUL. */
  cstring(at: number): string | null {
    if (at === 0) return null
    const end = this.bytes.indexOf(0, at)
    return this.text(at, end - at)
  }

  text(at: number, length: number): string {
    const bytes = this.bytes
    if (length <= SHORT) {
      let text = ''
      let i = 0
      for (; i < length; i++) {
        const byte = bytes[at + i]!
        if (byte > 127) break
        text += String.fromCharCode(byte)
      }
      if (i === length) return text
    }
    return textOf(bytes.subarray(at, at + length))
  }

  /** Reads `count` values from `at` on into `into`. */
  values(at: number, count: number, into: SqlValue[]): SqlValue[] {
    this.#view()
    for (let i = 0; i < count; i++) into[i] = this.value(at + i * VALUE_SIZE)
    return into
  }

  /** Reads the value at that place. The views are up to date. */
  value(at: number): SqlValue {
    const word = at >> 2
    switch (this.#words[word]) {
      case Tag.Integer:
      case Tag.Float:
        return this.#doubles[(at >> 3) + 1]!
      case Tag.Text:
        return this.text(this.#words[word + 2]!, this.#words[word + 1]!)
      case Tag.Blob: {
        const start = this.#words[word + 2]!
        return this.#bytes.slice(start, start + this.#words[word + 1]!)
      }
      case Tag.BigInt:
        return this.#data.getBigInt64(at + 8, true)
      default:
        return null
    }
  }

  /** The row that a statement is at. */
  row(statement: number, into: SqlValue[]): SqlValue[] {
    const start: number = this.exports['row'](statement)
    this.#view()
    // In front of the values stands how many there are.
    return this.values(start + VALUE_SIZE, this.#words[start >> 2]!, into)
  }

  /** Binds values to the parameters of a statement from `first` on, in one call. */
  bind(statement: number, first: number, values: readonly Bindable[]): number {
    let room = values.length * VALUE_SIZE
    for (let i = 0; i < values.length; i++) {
      const value = values[i]
      if (typeof value === 'string') room += value.length * 3
      else if (typeof value === 'object' && value !== null) room += value.byteLength
    }
    const start = this.#room(room)
    this.#view()
    let free = start + values.length * VALUE_SIZE
    for (let i = 0; i < values.length; i++) free += this.#store(values[i], start + i * VALUE_SIZE, free)
    const code: number = this.exports['bind_values'](statement, first, start, values.length)
    if (this.#scratchSize > KEPT) {
      this.free(this.#scratch)
      this.#scratch = this.#scratchSize = 0
    }
    return code
  }

  /** Scratch memory, aligned to 8 bytes. */
  #room(size: number): number {
    if (size > this.#scratchSize) {
      if (this.#scratch) this.free(this.#scratch)
      this.#scratch = this.#scratchSize = 0
      const wanted = Math.max(4096, size)
      this.#scratch = this.alloc(wanted)
      this.#scratchSize = wanted
    }
    return this.#scratch
  }

  /** Writes a value at `at`, its bytes at `free`, and says how many there were. */
  #store(value: Bindable, at: number, free: number): number {
    const word = at >> 2
    switch (typeof value) {
      case 'number':
        this.#words[word] =
          (value | 0) === value || Number.isSafeInteger(value)
            ? Object.is(value, -0)
              ? Tag.Float
              : Tag.Integer
            : Tag.Float
        this.#doubles[(at >> 3) + 1] = value
        return 0
      case 'string':
        this.#words[word] = Tag.Text
        this.#words[word + 2] = free
        return (this.#words[word + 1] = this.#encode(value, free))
      case 'boolean':
        this.#words[word] = Tag.Integer
        this.#doubles[(at >> 3) + 1] = Number(value)
        return 0
      case 'bigint':
        if (BigInt.asIntN(64, value) !== value) {
          throw new this.Error(
            constants.SQLITE_ERROR,
            `BigInt value is too big to store without precision loss: ${value}`,
          )
        }
        this.#words[word] = Tag.BigInt
        this.#data.setBigInt64(at + 8, value, true)
        return 0
      default: {
        if (value === null || value === undefined) {
          this.#words[word] = Tag.Null
          return 0
        }
        const blob = bytesOf(value)
        if (!blob) throw new this.Error(constants.SQLITE_MISMATCH, `Unsupported bind() argument type: ${typeof value}`)
        this.#bytes.set(blob, free)
        this.#words[word] = Tag.Blob
        this.#words[word + 1] = blob.length
        this.#words[word + 2] = free
        return blob.length
      }
    }
  }

  #encode(text: string, at: number): number {
    if (text.length <= SHORT) {
      let i = 0
      for (; i < text.length; i++) {
        const unit = text.charCodeAt(i)
        if (unit > 127) break
        this.#bytes[at + i] = unit
      }
      if (i === text.length) return i
    }
    return encoder.encodeInto(text, this.#bytes.subarray(at, at + text.length * 3)).written
  }

  /** Throws what SQLite says of a result other than `SQLITE_OK`. */
  check(db: number, code: number, about?: string): void {
    if (code === 0) return
    const said = this.cstring(db ? this.exports['sqlite3_errmsg'](db) : this.exports['sqlite3_errstr'](code))
    const why = this.#deviceError(code)
    const where = about ? ` [${about}]` : ''
    throw new this.Error(code, `sqlite3 result code ${code}: ${said}${why ? ` (${why})` : ''}${where}`)
  }

  /** What the pool says about an error that SQLite knows only by number. */
  #deviceError(code: number): string {
    const primary = code & 0xff
    if (
      primary !== constants.SQLITE_IOERR &&
      primary !== constants.SQLITE_FULL &&
      primary !== constants.SQLITE_CANTOPEN
    )
      return ''
    for (const pool of this.pools.values()) {
      if (this.exports['vfs_last_error'](pool.id) > 0) return this.module.text()
    }
    return ''
  }

  rcName(code: number): string {
    return rcName(code)
  }
}

export function bytesOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value
  if (value instanceof Int8Array) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  return undefined
}

/** A function of the user's, as SQLite calls it. */
export interface UserFunction {
  call(part: number, context: number, values: SqlValue[]): void
  destroy?: (() => void) | undefined
}

/** What the module calls back, by number. Nothing thrown by a user's function goes through SQLite. */
export class Callbacks {
  engine!: Engine
  #next = 1
  readonly #functions = new Map<number, UserFunction>()
  readonly #collations = new Map<number, (one: string, other: string) => number>()
  readonly #hooks = new Map<number, (...values: never[]) => unknown>()

  addFunction(function_: UserFunction): number {
    this.#functions.set(this.#next, function_)
    return this.#next++
  }

  addCollation(compare: (one: string, other: string) => number): number {
    this.#collations.set(this.#next, compare)
    return this.#next++
  }

  addHook(hook: (...values: never[]) => unknown): number {
    this.#hooks.set(this.#next, hook)
    return this.#next++
  }

  removeHook(id: number): void {
    this.#hooks.delete(id)
  }

  #hook(id: number, ...values: unknown[]): number {
    try {
      return Number(this.#hooks.get(id)?.(...(values as never[])) ?? 0)
    } catch (error) {
      console.error('A hook has thrown:', error)
      return 1
    }
  }

  readonly imports: Record<string, WebAssembly.ImportValue> = {
    call_function: (id: number, part: number, context: number, count: number, values: number) => {
      this.#functions.get(id)?.call(part, context, this.engine.values(values, count, []))
    },
    call_collation: (id: number, one: number, oneLength: number, other: number, otherLength: number) => {
      const { engine } = this
      try {
        return this.#collations.get(id)?.(engine.text(one, oneLength), engine.text(other, otherLength)) ?? 0
      } catch (error) {
        console.error('A collation has thrown:', error)
        return 0
      }
    },
    forget_function: (id: number) => {
      const function_ = this.#functions.get(id)
      this.#functions.delete(id)
      this.#collations.delete(id)
      function_?.destroy?.()
    },
    call_update_hook: (id: number, operation: number, database: number, table: number, rowid: bigint) => {
      this.#hook(id, operation, this.engine.cstring(database), this.engine.cstring(table), rowid)
    },
    call_hook: (id: number, number: number) => this.#hook(id, number),
    call_trace: (id: number, event: number, subject: number, detail: number) => this.#hook(id, event, subject, detail),
    call_authorizer: (id: number, action: number, ...texts: number[]) =>
      this.#hook(id, action, ...texts.map((text) => this.engine.cstring(text))),
  }
}
