import { constants } from '../constants.js'
import type { Bindable, Engine, SqlValue } from '../engine.js'
import { SQLite3Error, toss } from '../errors.js'
import { type ExecOptions, parse, type Parsed, shape, type Sql } from './exec.js'
import { type FunctionOptions, register, type ScalarFunction } from './function.js'
import { type BindSpec, Stmt } from './stmt.js'

export interface DbOptions {
  filename?: string
  /** `c` creates, `w` writes, `r` only reads, `t` writes every statement to the console. */
  flags?: string
  /** The name of a VFS. */
  vfs?: string | null
}

/** A connection to a database. */
export class DB {
  declare filename: string
  /** Called around `close`. */
  onclose?: { before?: (db: DB) => void; after?: (db: DB) => void }
  readonly #engine: Engine
  #pointer = 0
  readonly #statements = new Map<number, Stmt>()
  #traceHook = 0

  /** @internal */
  constructor(engine: Engine, options: DbOptions) {
    this.#engine = engine
    const { filename = ':memory:', flags = 'c', vfs } = options
    if (typeof filename !== 'string' || typeof flags !== 'string' || (vfs && typeof vfs !== 'string')) {
      toss('Invalid arguments for DB constructor.')
    }
    this.filename = this.#place(filename, vfs ?? undefined)
    this.#pointer = this.#open(this.filename, openFlags(flags), vfs ?? undefined)
    engine.exports['sqlite3_extended_result_codes'](this.#pointer, 1)
    if (flags.includes('t')) this.#trace()
  }

  /** A file of a pool is named by the path of a URL, as in the official pool. */
  #place(filename: string, vfs?: string): string {
    const pool = vfs === undefined ? undefined : this.#engine.pools.get(vfs)
    if (!pool || filename === '' || filename.startsWith(':memory:') || filename.startsWith('file:')) return filename
    // A journal or a log will need a slot, too.
    void pool.growAhead(4)?.catch(() => undefined)
    return new URL(filename, 'file://localhost/').pathname
  }

  #open(filename: string, flags: number, vfs?: string): number {
    const engine = this.#engine
    return engine.withText(filename, (name) => {
      const place = engine.alloc(8)
      const vfsName = vfs ? engine.allocText(vfs) : 0
      try {
        engine.words[place >> 2] = 0
        const code: number = engine.exports['sqlite3_open_v2'](name, place, flags, vfsName)
        const db = engine.words[place >> 2]!
        if (code) {
          try {
            engine.check(db, db ? engine.exports['sqlite3_extended_errcode'](db) || code : code, filename)
          } finally {
            engine.exports['sqlite3_close_v2'](db)
          }
        }
        return db
      } finally {
        engine.free(place)
        if (vfsName) engine.free(vfsName)
      }
    })
  }

  #trace(): void {
    const { callbacks, exports } = this.#engine
    this.#traceHook = callbacks.addHook((event: number, statement: number) => {
      if (event !== constants.SQLITE_TRACE_STMT) return 0
      const text: number = exports['sqlite3_expanded_sql'](statement)
      console.log('SQL TRACE', this.#engine.cstring(text))
      this.#engine.free(text)
      return 0
    })
    exports['trace'](this.#pointer, constants.SQLITE_TRACE_STMT, this.#traceHook)
  }

  /** SQLite's handle, or `undefined` once it is closed. */
  get pointer(): number | undefined {
    return this.#pointer || undefined
  }

  isOpen(): boolean {
    return this.#pointer !== 0
  }

  affirmOpen(): this {
    if (!this.#pointer) toss('DB has been closed.')
    return this
  }

  #handle(): number {
    return this.affirmOpen().#pointer
  }

  /** Finalizes its statements and closes it. Repeating that does nothing. */
  close(): void {
    if (!this.#pointer) return
    quietly(() => this.onclose?.before?.(this))
    for (const statement of [...this.#statements.values()]) {
      statement.locked = false
      statement.finalize()
    }
    const db = this.#pointer
    this.#pointer = 0
    this.#engine.exports['sqlite3_close_v2'](db)
    if (this.#traceHook) this.#engine.callbacks.removeHook(this.#traceHook)
    quietly(() => this.onclose?.after?.(this))
    delete (this as { filename?: string }).filename
  }

  checkRc(resultCode: number): this {
    this.#engine.check(this.#pointer, resultCode)
    return this
  }

  changes(total?: boolean, sixtyFour?: false): number
  changes(total: boolean, sixtyFour: true): bigint
  changes(total = false, sixtyFour = false): number | bigint {
    return this.#engine.exports[`sqlite3_${total ? 'total_changes' : 'changes'}${sixtyFour ? '64' : ''}`](
      this.#handle(),
    )
  }

  dbFilename(name = 'main'): string | null {
    return this.#engine.withText(name, (at) =>
      this.#engine.cstring(this.#engine.exports['sqlite3_db_filename'](this.#handle(), at)),
    )
  }

  dbName(number = 0): string | null {
    return this.#engine.cstring(this.#engine.exports['sqlite3_db_name'](this.#handle(), number))
  }

  dbVfsName(name: string | 0 = 0): string | undefined {
    const engine = this.#engine
    return engine.withText(name || 'main', (at) => {
      const place = engine.alloc(8)
      try {
        engine.words[place >> 2] = 0
        engine.exports['sqlite3_file_control'](this.#handle(), at, constants.SQLITE_FCNTL_VFSNAME, place)
        const text = engine.words[place >> 2]!
        const found = engine.cstring(text) ?? undefined
        if (text) engine.free(text)
        return found
      } finally {
        engine.free(place)
      }
    })
  }

  prepare(sql: Sql): Stmt {
    const { sql: text } = parse([sql])
    const engine = this.#engine
    return engine.withText(text, (at) => this.#prepare(at, -1).statement ?? toss('Cannot prepare empty SQL.'))
  }

  /** Prepares the first statement at `at`, and says where the next begins. */
  #prepare(at: number, length: number): { statement: Stmt | undefined; next: number } {
    const engine = this.#engine
    const place = engine.alloc(8)
    try {
      engine.words[place >> 2] = 0
      const code: number = engine.exports['sqlite3_prepare_v3'](this.#handle(), at, length, 0, place, place + 4)
      if (code) this.checkRc(code)
      const pointer = engine.words[place >> 2]!
      const next = engine.words[(place >> 2) + 1]!
      if (pointer === 0) return { statement: undefined, next }
      const statement = new Stmt(engine, this, pointer)
      this.#statements.set(pointer, statement)
      return { statement, next }
    } finally {
      engine.free(place)
    }
  }

  /** @internal */
  forget(statement: number): void {
    this.#statements.delete(statement)
  }

  openStatementCount(): number {
    return this.#statements.size
  }

  exec(sql: Sql, options: ExecOptions & { returnValue: 'resultRows' }): any[]
  exec(sql: Sql, options: ExecOptions & { returnValue: 'saveSql' }): string[]
  exec(options: ExecOptions & { returnValue: 'resultRows' }): any[]
  exec(options: ExecOptions & { returnValue: 'saveSql' }): string[]
  exec(sql: Sql, options?: ExecOptions): this
  exec(options: ExecOptions): this
  exec(...args: unknown[]): unknown {
    this.affirmOpen()
    const parsed = parse(args)
    const engine = this.#engine
    const start = engine.allocText(parsed.sql)
    const end = engine.bytes.indexOf(0, start)
    let { bind } = parsed.options
    let wantsRows = Boolean(parsed.options.callback || parsed.rows || parsed.options.columnNames)
    try {
      for (let at = start; at < end; ) {
        const { statement, next } = this.#prepare(at, end - at + 1)
        at = next
        if (!statement) continue
        try {
          parsed.options.saveSql?.push((engine.cstring(engine.exports['sqlite3_sql'](statement.pointer)) ?? '').trim())
          if (bind !== undefined && bind !== null && statement.parameterCount > 0) {
            statement.bind(bind as BindSpec)
            bind = undefined
          }
          if (wantsRows && statement.columnCount > 0) {
            wantsRows = false
            this.#rows(statement, parsed)
          } else statement.step()
          statement.reset()
        } finally {
          statement.locked = false
          statement.finalize()
        }
      }
    } finally {
      engine.free(start)
    }
    return parsed.result(this)
  }

  /** Hands the rows of a statement out: in pages where nobody looks at the statement meanwhile. */
  #rows(statement: Stmt, { options, rows }: Parsed): void {
    const { callback, rowMode = 'array' } = options
    const names = () => statement.getColumnNames([])
    if (!callback) {
      if (rows) {
        const shaped = shape(rowMode, names)
        if (options.columnNames) statement.getColumnNames(options.columnNames)
        statement.eachRow((row) => rows.push(shaped(row)))
      } else statement.getColumnNames(options.columnNames)
      return
    }
    const shaped = rowMode === 'stmt' ? undefined : shape(rowMode, names)
    let isFirst = true
    while (statement.step()) {
      if (isFirst && options.columnNames) statement.getColumnNames(options.columnNames)
      isFirst = false
      statement.locked = true
      const row = shaped ? shaped(statement.get([])) : statement
      rows?.push(row)
      const goesOn = callback.call(options, row, statement) !== false
      statement.locked = false
      if (!goesOn) break
    }
    if (isFirst && options.columnNames) statement.getColumnNames(options.columnNames)
  }

  /** Does something with a statement, which is finalized afterwards. */
  #with<T>(sql: Sql, bind: BindSpec | null | undefined, act: (statement: Stmt) => T): T {
    const statement = this.prepare(sql)
    try {
      const result = act(bind === undefined ? statement : statement.bind(bind))
      statement.reset()
      return result
    } finally {
      statement.finalize()
    }
  }

  selectValue(sql: Sql, bind?: BindSpec, asType?: number): SqlValue | undefined {
    return this.#with(sql, bind, (statement) => (statement.step() ? statement.get(0, asType) : undefined))
  }

  selectValues(sql: Sql, bind?: BindSpec, asType?: number): SqlValue[] {
    return this.#with(sql, bind, (statement) => {
      const values: SqlValue[] = []
      if (statement.columnCount === 0) toss('Column index', 0, 'is out of range.')
      if (asType === undefined) statement.eachRow((row) => values.push(row[0]!))
      else while (statement.step()) values.push(statement.get(0, asType))
      return values
    })
  }

  selectArray(sql: Sql, bind?: BindSpec): SqlValue[] | undefined {
    return this.#with(sql, bind, (statement) => (statement.step() ? statement.get([]) : undefined))
  }

  selectObject(sql: Sql, bind?: BindSpec): Record<string, SqlValue> | undefined {
    return this.#with(sql, bind, (statement) => (statement.step() ? statement.get({}) : undefined))
  }

  selectArrays(sql: Sql, bind?: BindSpec): SqlValue[][] {
    return this.exec({ sql, bind: bind ?? null, rowMode: 'array', returnValue: 'resultRows' })
  }

  selectObjects(sql: Sql, bind?: BindSpec): Record<string, SqlValue>[] {
    return this.exec({ sql, bind: bind ?? null, rowMode: 'object', returnValue: 'resultRows' })
  }

  /** Runs a callback in a transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(callback: (db: this) => T): T
  transaction<T>(qualifier: string, callback: (db: this) => T): T
  transaction<T>(...args: [(db: this) => T] | [string, (db: this) => T]): T {
    const [qualifier, callback] = args.length === 2 ? args : ['', args[0]]
    if (/[^a-zA-Z]/.test(qualifier)) toss(constants.SQLITE_MISUSE, 'Invalid argument for BEGIN qualifier.')
    this.exec(`BEGIN ${qualifier}`)
    try {
      const result = callback(this)
      this.exec('COMMIT')
      return result
    } catch (error) {
      // SQLite may have rolled back by itself, as when the disk is full.
      if (!this.#engine.exports['sqlite3_get_autocommit'](this.#pointer)) this.exec('ROLLBACK')
      throw error
    }
  }

  savepoint<T>(callback: (db: this) => T): T {
    this.exec('SAVEPOINT oo1')
    try {
      const result = callback(this)
      this.exec('RELEASE oo1')
      return result
    } catch (error) {
      if (!this.#engine.exports['sqlite3_get_autocommit'](this.#pointer)) {
        this.exec('ROLLBACK TO SAVEPOINT oo1; RELEASE SAVEPOINT oo1')
      }
      throw error
    }
  }

  createFunction(name: string, xFunc: ScalarFunction): this
  createFunction(name: string, xFunc: ScalarFunction, options: FunctionOptions): this
  createFunction(name: string, options: FunctionOptions): this
  createFunction(options: FunctionOptions & { name: string }): this
  createFunction(...args: unknown[]): this {
    register(this.#engine, this.#handle(), (code) => this.checkRc(code), args)
    return this
  }

  /** Defines an order of texts, for `COLLATE name`. */
  createCollation(name: string, compare: (one: string, other: string) => number): this {
    const id = this.#engine.callbacks.addCollation(compare)
    return this.checkRc(
      this.#engine.withText(name, (at) => this.#engine.exports['create_collation'](this.#handle(), at, id)),
    )
  }

  static checkRc(db: DB | number | null, resultCode: number): typeof db {
    if (resultCode === 0) return db
    if (db instanceof DB) db.checkRc(resultCode)
    throw new SQLite3Error(resultCode)
  }
}

export type { Bindable }

function openFlags(flags: string): number {
  if (flags.includes('c'))
    return constants.SQLITE_OPEN_CREATE | constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_EXRESCODE
  const access = flags.includes('w') ? constants.SQLITE_OPEN_READWRITE : constants.SQLITE_OPEN_READONLY
  return access | constants.SQLITE_OPEN_EXRESCODE
}

/** What a callback around closing throws is not allowed to keep it open. */
function quietly(act: () => void): void {
  try {
    act()
  } catch (error) {
    console.warn('An onclose callback has thrown:', error)
  }
}
