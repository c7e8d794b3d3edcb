import { textOf } from 'tarbox-device'
import { constants } from '../constants.js'
import { bytesOf, type SqlValue } from '../engine.js'
import { toss } from '../errors.js'
import type { DB } from './db.js'
import type { BindSpec, Stmt } from './stmt.js'

export type Sql = string | Uint8Array | Int8Array | ArrayBuffer | readonly string[]
export type RowMode = 'array' | 'object' | 'stmt' | number | `$${string}`
export type Row = SqlValue[] | Record<string, SqlValue> | SqlValue | Stmt

export interface ExecOptions {
  sql?: Sql
  bind?: BindSpec | null
  /** Takes the text of every statement. */
  saveSql?: string[]
  returnValue?: 'this' | 'resultRows' | 'saveSql'
  /** Takes every row of the first statement that has any; `false` ends it. */
  callback?: (row: any, stmt: Stmt) => unknown
  columnNames?: string[]
  /** The shape of a row: all columns as an array or object, the statement, or one column by number or `$name`. */
  rowMode?: RowMode
  /** Takes the rows of the first statement that has any. */
  resultRows?: any[]
}

/** The arguments of `exec`, made regular. */
export interface Parsed {
  readonly sql: string
  readonly options: ExecOptions
  readonly rows: any[] | undefined
  readonly result: (db: DB) => unknown
}

export function parse(args: readonly unknown[]): Parsed {
  if (args.length < 1 || args.length > 2) toss('Invalid argument count for exec().')
  const [first, second] = args
  const isSql = typeof first === 'string' || Array.isArray(first) || bytesOf(first)
  const options = ((args.length === 2 ? second : isSql ? undefined : first) ?? {}) as ExecOptions
  const sql = text(isSql || args.length === 2 ? (first as Sql) : options.sql)
  if (!sql) toss('exec() requires an SQL string.')
  const { returnValue = 'this', rowMode } = options
  if (returnValue === 'resultRows' || (!options.callback && !options.returnValue && rowMode !== undefined))
    options.resultRows ??= []
  if (returnValue === 'saveSql') options.saveSql ??= []
  check(options)
  const rows = Array.isArray(options.resultRows) ? options.resultRows : undefined
  switch (returnValue) {
    case 'this':
      return {
        sql,
        options,
        rows,
        result: (db) => (!options.callback && !options.returnValue && rowMode !== undefined ? rows : db),
      }
    case 'resultRows':
      return { sql, options, rows, result: () => options.resultRows }
    case 'saveSql':
      return { sql, options, rows, result: () => options.saveSql }
    default:
      return toss('Invalid returnValue value:', returnValue)
  }
}

function text(sql: Sql | undefined): string {
  if (typeof sql === 'string') return sql
  if (Array.isArray(sql)) return sql.join('')
  const bytes = bytesOf(sql)
  if (!bytes) return toss('Missing SQL argument or unsupported SQL value type.')
  return textOf(bytes)
}

function check({ rowMode = 'array', callback, resultRows }: ExecOptions): void {
  if (!callback && !resultRows) return
  if (rowMode === 'stmt' && Array.isArray(resultRows)) {
    toss(
      "exec(): invalid rowMode for a resultRows array: must be one of 'array', 'object', a result column number, or column name reference.",
    )
  }
  const isColumn = typeof rowMode === 'number' ? Number.isInteger(rowMode) : /^\$./.test(rowMode)
  if (!isColumn && !['array', 'object', 'stmt'].includes(rowMode as string)) toss('Invalid rowMode:', rowMode)
}

/** How an array of all columns becomes a row. */
export function shape(
  rowMode: RowMode,
  names: () => string[],
): (row: SqlValue[]) => SqlValue[] | Record<string, SqlValue> | SqlValue {
  if (rowMode === 'array') return (row) => row
  if (rowMode === 'object') {
    const keys = names()
    return (row) => {
      const object = Object.create(null) as Record<string, SqlValue>
      for (let at = 0; at < keys.length; at++) object[keys[at]!] = row[at]!
      return object
    }
  }
  const at = typeof rowMode === 'number' ? rowMode : names().lastIndexOf(rowMode.slice(1))
  return (row) => {
    if (row[at] === undefined) {
      if (typeof rowMode === 'number') return toss('Column index', rowMode, 'is out of range.')
      return toss(constants.SQLITE_NOTFOUND, 'exec(): unknown result column:', rowMode.slice(1))
    }
    return row[at]
  }
}
