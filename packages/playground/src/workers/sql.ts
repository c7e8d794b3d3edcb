/// SQLite beside the page: a database in memory, made of the bytes of a file and given back as such.
import sqlite3InitModule, { type DB, type Sqlite3 } from 'sqlite-opfs'
import type { Answer, Failure, Ran, Request, Result, Table, Value } from '../sql/protocol.js'
import { split } from '../sql/split.js'

/** Rows kept of one statement. */
const ROWS = 50_000
/** Where the header of a file says how it is written: 1 is a rollback journal, 2 a write-ahead log. */
const MODES = [18, 19]

/** The calls into SQLite that `oo1` has no words for. */
interface Calls {
  sqlite3_complete(text: string): number
  sqlite3_deserialize(
    db: number | undefined,
    schema: string,
    at: number,
    size: bigint,
    room: bigint,
    flags: number,
  ): number
  sqlite3_error_offset(db: number | undefined): number
  sqlite3_get_autocommit(db: number | undefined): number
}

const calls = () => sqlite3!.capi as unknown as Calls

let sqlite3: Sqlite3 | undefined
let db: DB | undefined
let wal = false
let touched = false

addEventListener(
  'message',
  ({ data }: MessageEvent<{ id: number; request: Request }>) => void answer(data.id, data.request),
)

async function answer(id: number, request: Request): Promise<void> {
  let reply: Answer
  let transfer: Transferable[] = []
  try {
    sqlite3 ??= await sqlite3InitModule()
    const ok = act(request)
    if (typeof ok === 'object' && 'bytes' in ok && ok.bytes) transfer = [ok.bytes.buffer]
    reply = { id, ok }
  } catch (error) {
    reply = { id, error: plain(error) }
  }
  postMessage(reply, { transfer })
}

function act(request: Request): Ran | Table[] | true | { bytes: Uint8Array<ArrayBuffer> } {
  if ('open' in request) return open(request.open, request.readOnly)
  if ('run' in request) return run(request.run)
  if ('plan' in request) return plan(request.plan)
  if ('script' in request) {
    open(new Uint8Array(), false)
    db!.exec(request.script)
    return { bytes: save() }
  }
  return schema()
}

/** SQLite's own words, without the number before them. */
function plain(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(
    /^SQLITE_\w+: (?:sqlite3 result code \d+: )?/,
    '',
  )
}

/** A database in memory has no write-ahead log, so its file must not say that it has one. */
function open(bytes: Uint8Array<ArrayBuffer>, readOnly: boolean): true {
  const { capi, wasm, oo1 } = sqlite3!
  db?.close()
  db = new oo1.DB(':memory:')
  touched = false
  wal = bytes[MODES[0]!] === 2
  if (bytes.length > 0) {
    if (wal) for (const at of MODES) bytes[at] = 1
    const place = wasm.alloc(bytes.length)
    wasm.heap8u().set(bytes, place)
    const flags =
      capi.SQLITE_DESERIALIZE_FREEONCLOSE |
      capi.SQLITE_DESERIALIZE_RESIZEABLE |
      (readOnly ? capi.SQLITE_DESERIALIZE_READONLY : 0)
    db.checkRc(
      calls().sqlite3_deserialize(db.pointer, 'main', place, BigInt(bytes.length), BigInt(bytes.length), flags),
    )
    // Only reading it tells whether it is a database.
    db.selectValue('SELECT count(*) FROM sqlite_schema')
  } else if (readOnly) db.exec('PRAGMA query_only = 1')
  return true
}

function save(): Uint8Array<ArrayBuffer> {
  const bytes = sqlite3!.capi.sqlite3_js_db_export(db!) as Uint8Array<ArrayBuffer>
  if (wal) for (const at of MODES) bytes[at] = 2
  touched = false
  return bytes
}

function run(text: string): Ran {
  const results: Result[] = []
  let failure: Failure | undefined
  for (const { sql, from } of split(text, (part) => calls().sqlite3_complete(part) !== 0)) {
    try {
      results.push(one(sql, from))
    } catch (error) {
      const offset = calls().sqlite3_error_offset(db!.pointer)
      const at = from + (offset < 0 ? 0 : characters(sql, offset))
      failure = { message: plain(error), from: at, to: offset < 0 ? from + sql.length : at + word(text.slice(at)) }
      break
    }
  }
  const inTransaction = calls().sqlite3_get_autocommit(db!.pointer) === 0
  return { results, inTransaction, ...(failure && { failure }), ...(touched && !inTransaction && { bytes: save() }) }
}

function one(sql: string, from: number): Result {
  const before = db!.changes(true)
  const start = performance.now()
  const statement = db!.prepare(sql)
  try {
    if (!statement.isReadOnly()) touched = true
    const columns = statement.columnCount > 0 ? statement.getColumnNames() : []
    const rows: Value[][] = []
    let more = false
    while (statement.step()) {
      if (rows.length === ROWS) {
        more = true
        break
      }
      if (columns.length > 0) rows.push(statement.get([]))
    }
    return { sql, from, columns, rows, more, changes: db!.changes(true) - before, ms: performance.now() - start }
  } finally {
    statement.finalize()
  }
}

function plan(text: string): Ran {
  const statements = split(text, (part) => calls().sqlite3_complete(part) !== 0)
  return run(
    statements
      .map(
        ({ sql }) =>
          `EXPLAIN QUERY PLAN ${sql.replace(/^explain\s+(?:query\s+plan\s+)?/i, '')}${sql.endsWith(';') ? '' : ';'}`,
      )
      .join('\n'),
  )
}

function schema(): Table[] {
  const tables = db!.selectObjects(
    "SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  ) as unknown as Pick<Table, 'name' | 'type'>[]
  return tables.map(({ name, type }) => ({
    name,
    type,
    columns: (
      db!.selectObjects('SELECT name, type, pk > 0 AS key FROM pragma_table_xinfo(?)', [name]) as unknown as {
        name: string
        type: string
        key: number
      }[]
    ).map((column) => ({ ...column, key: column.key === 1 })),
    indexes: db!.selectValues("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = ? AND sql NOT NULL", [
      name,
    ]) as string[],
  }))
}

/** How many characters so many bytes of UTF-8 are. */
function characters(text: string, bytes: number): number {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text).subarray(0, bytes)).length
}

function word(text: string): number {
  return Math.max(1, /^[\w$]+/.exec(text)?.[0].length ?? 1)
}
