import { constants } from './constants.js'
import { type Bindable, type Engine, type SqlValue } from './engine.js'
import { rcName, toss } from './errors.js'
import { giveError, giveResult } from './oo1/function.js'

/**
 * The functions of SQLite's C interface, by what they take and give: `p` a handle or address, `i` a number, `I` a
 * `bigint`, `d` a double, `s` a text.
 */
const SIGNATURES = {
  'aggregate_context pi': 'p',
  'backup_finish p': 'i',
  'backup_init psps': 'p',
  'backup_pagecount p': 'i',
  'backup_remaining p': 'i',
  'backup_step pi': 'i',
  'bind_blob pipip': 'i',
  'bind_double pid': 'i',
  'bind_int pii': 'i',
  'bind_int64 piI': 'i',
  'bind_null pi': 'i',
  'bind_parameter_count p': 'i',
  'bind_parameter_index ps': 'i',
  'bind_parameter_name pi': 's',
  'bind_zeroblob pii': 'i',
  'busy_timeout pi': 'i',
  'changes p': 'i',
  'changes64 p': 'I',
  'clear_bindings p': 'i',
  'column_blob pi': 'p',
  'column_bytes pi': 'i',
  'column_count p': 'i',
  'column_database_name pi': 's',
  'column_decltype pi': 's',
  'column_double pi': 'd',
  'column_int pi': 'i',
  'column_int64 pi': 'I',
  'column_name pi': 's',
  'column_origin_name pi': 's',
  'column_table_name pi': 's',
  'column_type pi': 'i',
  'column_value pi': 'p',
  'compileoption_get i': 's',
  'compileoption_used s': 'i',
  'complete s': 'i',
  'context_db_handle p': 'p',
  'data_count p': 'i',
  'db_cacheflush p': 'i',
  'db_filename ps': 's',
  'db_handle p': 'p',
  'db_name pi': 's',
  'db_readonly ps': 'i',
  'db_release_memory p': 'i',
  'db_status pippi': 'i',
  'deserialize pspIIi': 'i',
  'errcode p': 'i',
  'errmsg p': 's',
  'error_offset p': 'i',
  'errstr i': 's',
  'expanded_sql p': 's',
  'extended_errcode p': 'i',
  'extended_result_codes pi': 'i',
  'file_control psip': 'i',
  'finalize p': 'i',
  'free p': 'v',
  'get_autocommit p': 'i',
  'initialize ': 'i',
  'interrupt p': 'v',
  'is_interrupted p': 'i',
  'keyword_count ': 'i',
  'last_insert_rowid p': 'I',
  'libversion ': 's',
  'libversion_number ': 'i',
  'limit pii': 'i',
  'malloc i': 'p',
  'next_stmt pp': 'p',
  'realloc pi': 'p',
  'reset p': 'i',
  'result_blob ppip': 'v',
  'result_double pd': 'v',
  'result_error_code pi': 'v',
  'result_error_nomem p': 'v',
  'result_error_toobig p': 'v',
  'result_int pi': 'v',
  'result_int64 pI': 'v',
  'result_null p': 'v',
  'result_subtype pi': 'v',
  'result_zeroblob pi': 'v',
  'serialize pspi': 'p',
  'set_last_insert_rowid pI': 'v',
  'sourceid ': 's',
  'sql p': 's',
  'step p': 'i',
  'stmt_busy p': 'i',
  'stmt_explain pi': 'i',
  'stmt_isexplain p': 'i',
  'stmt_readonly p': 'i',
  'stmt_status pii': 'i',
  'strglob ss': 'i',
  'stricmp ss': 'i',
  'strlike ssi': 'i',
  'table_column_metadata psssppppp': 'i',
  'total_changes p': 'i',
  'total_changes64 p': 'I',
  'txn_state ps': 'i',
  'uri_boolean psi': 'i',
  'uri_parameter ps': 's',
  'user_data p': 'p',
  'value_blob p': 'p',
  'value_bytes p': 'i',
  'value_double p': 'd',
  'value_int p': 'i',
  'value_int64 p': 'I',
  'value_nochange p': 'i',
  'value_numeric_type p': 'i',
  'value_subtype p': 'i',
  'value_text p': 's',
  'value_type p': 'i',
  'vfs_find s': 'p',
  'wal_autocheckpoint pi': 'i',
  'wal_checkpoint_v2 psipp': 'i',
} as const

type Handle = number | null | undefined | { readonly pointer: number | undefined }
type Argument = Handle | bigint | string

/** What a function takes and gives, by the letters of its signature. A text may be an address, too. */
interface Takes {
  p: Handle
  i: number
  I: bigint | number
  d: number
  s: string | Handle
}
interface Gives {
  p: number
  i: number
  I: bigint
  d: number
  s: string | null
  v: void
}
type Arguments<Letters extends string> = Letters extends `${infer Letter extends keyof Takes}${infer Rest}`
  ? [Takes[Letter], ...Arguments<Rest>]
  : []

type Signatures = typeof SIGNATURES
type Functions = {
  [S in keyof Signatures as S extends `${infer Name} ${string}`
    ? `sqlite3_${Name}`
    : never]: S extends `${string} ${infer Letters}` ? (...values: Arguments<Letters>) => Gives[Signatures[S]] : never
}

export type Capi = typeof constants & Functions & Extra

/** What is not one call of a C function. */
interface Extra {
  sqlite3_open_v2(name: string, place: number, flags: number, vfs?: string | null): number
  sqlite3_close_v2(db: Handle): number
  sqlite3_column_text(statement: Handle, column: number): string | null
  sqlite3_bind_text(statement: Handle, index: number, text: string): number
  sqlite3_result_text(context: number, text: string): void
  sqlite3_result_error(context: number, text: string): void
  sqlite3_result_js(context: number, value: Bindable): void
  sqlite3_result_error_js(context: number, error: unknown): void
  sqlite3_column_js(statement: Handle, column: number): SqlValue
  sqlite3_create_collation(db: Handle, name: string, compare: (one: string, other: string) => number): number
  sqlite3_update_hook(
    db: Handle,
    hook: ((operation: number, database: string, table: string, rowid: bigint) => void) | null,
  ): void
  sqlite3_commit_hook(db: Handle, hook: (() => unknown) | null): void
  sqlite3_rollback_hook(db: Handle, hook: (() => void) | null): void
  sqlite3_progress_handler(db: Handle, every: number, hook: (() => unknown) | null): void
  sqlite3_busy_handler(db: Handle, hook: ((count: number) => unknown) | null): number
  sqlite3_set_authorizer(db: Handle, hook: ((action: number, ...about: (string | null)[]) => number) | null): number
  sqlite3_trace_v2(
    db: Handle,
    mask: number,
    hook: ((event: number, subject: number, detail: number) => unknown) | null,
  ): number
  sqlite3_js_rc_str(code: number): string
  sqlite3_js_db_export(db: Handle, schema?: string): Uint8Array
}

const pointer = (value: Handle): number => (typeof value === 'object' ? (value?.pointer ?? 0) : (value ?? 0))

export function makeCapi(engine: Engine): Capi {
  const { exports, callbacks } = engine
  const capi = { ...constants } as unknown as Record<string, unknown>
  for (const [signature, result] of Object.entries(SIGNATURES)) {
    const [name, takes] = signature.split(' ') as [string, string]
    capi[`sqlite3_${name}`] = wrap(engine, exports[`sqlite3_${name}`], takes, result)
  }
  const hook = (name: string) => {
    const ids = new Map<number, number>()
    return (db: Handle, ...values: unknown[]) => {
      const at = pointer(db)
      const callback = values.pop() as ((...values: never[]) => unknown) | null
      const id = callback ? callbacks.addHook(callback) : 0
      const result = exports[name](at, ...values, id)
      callbacks.removeHook(ids.get(at) ?? 0)
      ids.set(at, id)
      return result
    }
  }
  const extra: Extra = {
    sqlite3_open_v2: (name, place, flags, vfs) =>
      engine.withText(name, (at) =>
        vfs
          ? engine.withText(vfs, (vfsAt) => exports['sqlite3_open_v2'](at, place, flags, vfsAt))
          : exports['sqlite3_open_v2'](at, place, flags, 0),
      ),
    sqlite3_close_v2: (db) => exports['sqlite3_close_v2'](pointer(db)),
    sqlite3_column_text: (statement, column) => {
      const at: number = exports['sqlite3_column_text'](pointer(statement), column)
      return at ? engine.text(at, exports['sqlite3_column_bytes'](pointer(statement), column)) : null
    },
    sqlite3_bind_text: (statement, index, text) => engine.bind(pointer(statement), index, [text]),
    sqlite3_result_text: (context, text) => giveResult(engine, context, text),
    sqlite3_result_error: (context, text) => giveError(engine, context, text),
    sqlite3_result_js: (context, value) => giveResult(engine, context, value),
    sqlite3_result_error_js: (context, error) => giveError(engine, context, error),
    sqlite3_column_js: (statement, column) => {
      const count: number = exports['sqlite3_data_count'](pointer(statement))
      if (column >= count) toss('Column index', column, 'is out of range.')
      return engine.row(pointer(statement), [])[column]!
    },
    sqlite3_create_collation: (db, name, compare) =>
      engine.withText(name, (at) => exports['create_collation'](pointer(db), at, callbacks.addCollation(compare))),
    sqlite3_update_hook: hook('update_hook'),
    sqlite3_commit_hook: hook('commit_hook'),
    sqlite3_rollback_hook: hook('rollback_hook'),
    sqlite3_progress_handler: hook('progress_handler'),
    sqlite3_busy_handler: hook('busy_handler'),
    sqlite3_set_authorizer: hook('set_authorizer'),
    sqlite3_trace_v2: hook('trace'),
    sqlite3_js_rc_str: rcName,
    sqlite3_js_db_export: (db, schema = 'main') => {
      const place = engine.alloc(8)
      try {
        const at: number = engine.withText(schema, (name) => exports['sqlite3_serialize'](pointer(db), name, place, 0))
        if (!at) toss(constants.SQLITE_NOMEM, 'the database could not be serialized')
        const bytes = engine.bytes.slice(at, at + engine.words[place >> 2]!)
        engine.free(at)
        return bytes
      } finally {
        engine.free(place)
      }
    },
  }
  return Object.assign(capi, extra) as unknown as Capi
}

/** Lets a C function take texts and objects with handles, and give texts. */
function wrap(
  engine: Engine,
  call: (...values: unknown[]) => never,
  takes: string,
  result: string,
): (...values: Argument[]) => unknown {
  return (...values) => {
    const texts: number[] = []
    const passed = Array.from(takes, (kind, at) => {
      const value = values[at]
      if (kind === 's' && typeof value === 'string') {
        const place = engine.allocText(value)
        texts.push(place)
        return place
      }
      if (kind === 'I') return BigInt((value as bigint | number | undefined) ?? 0)
      return kind === 'p' || kind === 's' ? pointer(value as Handle) : Number(value ?? 0)
    })
    try {
      const given: unknown = call(...passed)
      return result === 's' ? engine.cstring(given as number) : result === 'v' ? undefined : given
    } finally {
      for (const text of texts) engine.free(text)
    }
  }
}
