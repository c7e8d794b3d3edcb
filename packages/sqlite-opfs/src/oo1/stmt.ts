import { constants } from '../constants.js'
import { type Bindable, bytesOf, type Engine, type SqlValue } from '../engine.js'
import { toss } from '../errors.js'
import type { DB } from './db.js'

/** What `bind` takes: one value, values by position, or values by name. */
export type BindSpec = Bindable | readonly Bindable[] | Readonly<Record<string, Bindable>>

/** A prepared statement. Make one with `DB.prepare`. */
export class Stmt {
  /** The connection it belongs to. */
  declare readonly db: DB
  readonly #engine: Engine
  #pointer: number
  #parameters = -1
  #hasRow = false
  /** Set while `exec` hands its row to a callback, which must not move it. */
  locked = false

  /** @internal */
  constructor(engine: Engine, db: DB, pointer: number) {
    if (!pointer) toss(constants.SQLITE_MISUSE, 'Do not call the Stmt constructor directly. Use DB.prepare().')
    this.#engine = engine
    Object.defineProperty(this, 'db', { value: db, enumerable: true })
    this.#pointer = pointer
  }

  /** SQLite's handle, or `undefined` once it is finalized. */
  get pointer(): number | undefined {
    return this.#pointer || undefined
  }

  get columnCount(): number {
    return this.#engine.exports['sqlite3_column_count'](this.#open())
  }

  get parameterCount(): number {
    if (this.#parameters < 0) this.#parameters = this.#engine.exports['sqlite3_bind_parameter_count'](this.#open())
    return this.#parameters
  }

  #open(): number {
    if (!this.#pointer) toss('Stmt has been closed.')
    return this.#pointer
  }

  #movable(what: string): number {
    if (this.locked) toss('Operation is illegal when statement is locked:', what)
    return this.#open()
  }

  bind(value: BindSpec): this
  bind(index: number | string, value: Bindable): this
  bind(...args: [BindSpec] | [number | string, Bindable]): this {
    const statement = this.#movable('bind()')
    const [first, second] = args
    if (args.length === 2) {
      if (second === undefined) return this
      return this.#bind(statement, this.#parameter(first as number | string), [second])
    }
    if (args.length !== 1) toss('Invalid bind() arguments.')
    if (first === undefined) return this
    if (this.parameterCount === 0) toss('This statement has no bindable parameters.')
    if (Array.isArray(first)) {
      if (first.length > this.parameterCount) toss('Bind index', first.length, 'is out of range.')
      return this.#bind(statement, 1, first)
    }
    if (typeof first === 'object' && first !== null && !bytesOf(first)) {
      for (const [name, value] of Object.entries(first))
        this.#bind(statement, this.#parameter(name), [value as Bindable])
      return this
    }
    return this.#bind(statement, 1, [first as Bindable])
  }

  /** Binds a text or bytes as a blob. */
  bindAsBlob(value: Bindable): this
  bindAsBlob(index: number | string, value: Bindable): this
  bindAsBlob(...args: [Bindable] | [number | string, Bindable]): this {
    const [index, value] = args.length === 2 ? args : [1, args[0]]
    if (typeof value === 'string') return this.bind(index as number, new TextEncoder().encode(value))
    if (value !== null && !bytesOf(value)) toss('Invalid value type for bindAsBlob()')
    return this.bind(index as number, value)
  }

  #bind(statement: number, first: number, values: readonly Bindable[]): this {
    this.#hasRow = false
    const code = this.#engine.bind(statement, first, values)
    if (code) this.db.checkRc(code)
    return this
  }

  #parameter(key: number | string): number {
    const index = typeof key === 'number' ? key : (this.getParamIndex(key) ?? 0)
    if (index === 0 || !Number.isInteger(index)) toss('Invalid bind() parameter name:', key)
    if (index < 1 || index > this.parameterCount) toss('Bind index', key, 'is out of range.')
    return index
  }

  clearBindings(): this {
    this.#engine.exports['sqlite3_clear_bindings'](this.#movable('clearBindings()'))
    this.#hasRow = false
    return this
  }

  /** Goes to the next row, and says whether there is one. */
  step(): boolean {
    const code: number = this.#engine.exports['sqlite3_step'](this.#movable('step()'))
    this.#hasRow = code === constants.SQLITE_ROW
    if (!this.#hasRow && code !== constants.SQLITE_DONE) this.db.checkRc(code)
    return this.#hasRow
  }

  stepReset(): this {
    this.step()
    return this.reset()
  }

  stepFinalize(): boolean {
    try {
      const hasRow = this.step()
      this.reset()
      return hasRow
    } finally {
      this.finalize()
    }
  }

  reset(alsoClearBinds = false): this {
    const code = this.resetNoThrow(alsoClearBinds)
    if (code) this.db.checkRc(code)
    return this
  }

  resetNoThrow(alsoClearBinds = false): number {
    const statement = this.#movable('reset()')
    if (alsoClearBinds) this.clearBindings()
    this.#hasRow = false
    return this.#engine.exports['sqlite3_reset'](statement)
  }

  /** Ends it. Repeating that does nothing. */
  finalize(): number | undefined {
    if (!this.#pointer) return undefined
    const statement = this.#movable('finalize()')
    this.#pointer = 0
    this.#hasRow = false
    this.db.forget(statement)
    return this.#engine.exports['sqlite3_finalize'](statement)
  }

  /** A column of the row, or all of them into an array or an object. */
  get<T extends SqlValue[]>(into: T, asType?: number): T
  get<T extends Record<string, SqlValue>>(into: T, asType?: number): T
  get(index: number, asType?: number): SqlValue
  get(target: number | SqlValue[] | Record<string, SqlValue>, asType?: number): unknown {
    const statement = this.#open()
    if (!this.#hasRow) toss('Stmt.step() has not (recently) returned true.')
    if (typeof target === 'number') return this.#column(statement, this.#index(target), asType)
    if (typeof target !== 'object' || target === null) toss('Column index', target, 'is out of range.')
    const isArray = Array.isArray(target)
    const row =
      asType === undefined
        ? this.#engine.row(statement, isArray ? target : [])
        : Array.from({ length: this.columnCount }, (_, at) => this.#column(statement, at, asType))
    if (isArray) return row === target ? target : Object.assign(target, row)
    for (let at = 0; at < row.length; at++) target[this.#name(statement, at)] = row[at]!
    return target
  }

  #index(index: number): number {
    if (!Number.isInteger(index) || index < 0 || index >= this.columnCount)
      toss('Column index', index, 'is out of range.')
    return index
  }

  #column(statement: number, at: number, asType?: number): SqlValue {
    const { exports } = this.#engine
    switch (asType ?? exports['sqlite3_column_type'](statement, at)) {
      case constants.SQLITE_NULL:
        return null
      case constants.SQLITE_INTEGER: {
        const value: bigint = exports['sqlite3_column_int64'](statement, at)
        const number = Number(value)
        return Number.isSafeInteger(number) ? number : value
      }
      case constants.SQLITE_FLOAT:
        return exports['sqlite3_column_double'](statement, at) as number
      case constants.SQLITE_TEXT: {
        const start: number = exports['sqlite3_column_text'](statement, at)
        return start ? this.#engine.text(start, exports['sqlite3_column_bytes'](statement, at)) : null
      }
      case constants.SQLITE_BLOB: {
        const start: number = exports['sqlite3_column_blob'](statement, at)
        return this.#engine.bytes.slice(start, start + exports['sqlite3_column_bytes'](statement, at))
      }
      default:
        return toss("Don't know how to translate type of result column #" + at)
    }
  }

  getInt(index: number): number | bigint | null {
    return this.get(index, constants.SQLITE_INTEGER) as number | bigint | null
  }

  getFloat(index: number): number | null {
    return this.get(index, constants.SQLITE_FLOAT) as number | null
  }

  getString(index: number): string | null {
    return this.get(index, constants.SQLITE_TEXT) as string | null
  }

  getBlob(index: number): Uint8Array | null {
    return this.get(index, constants.SQLITE_BLOB) as Uint8Array | null
  }

  getJSON(index: number): unknown {
    const text = this.getString(index)
    return text === null ? null : JSON.parse(text)
  }

  #name(statement: number, at: number): string {
    return this.#engine.cstring(this.#engine.exports['sqlite3_column_name'](statement, at)) ?? ''
  }

  getColumnName(index: number): string {
    return this.#name(this.#open(), this.#index(index))
  }

  getColumnNames(into: string[] = []): string[] {
    const statement = this.#open()
    const columns = this.columnCount
    if (columns === 0) toss('Column index', 0, 'is out of range.')
    for (let at = 0; at < columns; at++) into.push(this.#name(statement, at))
    return into
  }

  getParamIndex(name: string): number | undefined {
    if (this.parameterCount === 0) return undefined
    return this.#engine.withText(name, (at) => this.#engine.exports['sqlite3_bind_parameter_index'](this.#open(), at))
  }

  getParamName(index: number): string | null | undefined {
    if (this.parameterCount === 0) return undefined
    return this.#engine.cstring(this.#engine.exports['sqlite3_bind_parameter_name'](this.#open(), index))
  }

  isBusy(): boolean {
    return this.#engine.exports['sqlite3_stmt_busy'](this.#open()) !== 0
  }

  isReadOnly(): boolean {
    return this.#engine.exports['sqlite3_stmt_readonly'](this.#open()) !== 0
  }

  /**
   * Steps to the end and hands every row to `take`. Rows come from the module in pages, so nothing may use the
   * statement meanwhile.
   * @internal
   */
  eachRow(take: (row: SqlValue[]) => void): void {
    const statement = this.#movable('step()')
    const { exports } = this.#engine
    const columns = this.columnCount
    this.#hasRow = false
    for (;;) {
      const rows: number = exports['rows'](statement)
      const start: number = exports['rows_values']()
      for (let row = 0; row < rows; row++) take(this.#engine.values(start + row * columns * 16, columns, []))
      const status: number = exports['rows_status']()
      if (status === constants.SQLITE_ROW) continue
      if (status !== constants.SQLITE_DONE) this.db.checkRc(status)
      return
    }
  }
}
