import { constants } from '../constants.js'
import { type Bindable, bytesOf, type Engine, type SqlValue } from '../engine.js'
import { toss, WasmAllocError } from '../errors.js'

/** A function in SQL. Its first argument is SQLite's context. */
export type ScalarFunction = (context: number, ...values: any[]) => Bindable

export interface FunctionOptions {
  name?: string
  xFunc?: ScalarFunction
  xStep?: (context: number, ...values: any[]) => void
  xFinal?: (context: number) => Bindable
  xValue?: (context: number) => Bindable
  xInverse?: (context: number, ...values: any[]) => void
  xDestroy?: (data: number) => void
  pApp?: number
  /** How many arguments it takes, −1 for any number. By default as many as the function has after its first. */
  arity?: number
  deterministic?: boolean
  directOnly?: boolean
  innocuous?: boolean
}

type Any = (context: number, ...values: any[]) => unknown

/** The parts that `crates/sqlite-opfs/src/functions.rs` calls, in its order. */
const PARTS = ['xFunc', 'xStep', 'xFinal', 'xValue', 'xInverse'] as const
const GIVES_RESULT = [true, false, true, true, false]

export function register(engine: Engine, db: number, check: (code: number) => void, args: readonly unknown[]): void {
  const { name, options } = parse(args)
  const kind = kindOf(options)
  const counted = (options.xFunc ?? options.xStep) as Any
  const arity = options.arity ?? Math.max(0, counted.length - 1)
  const flags =
    (options.deterministic ? constants.SQLITE_DETERMINISTIC : 0) |
    (options.directOnly ? constants.SQLITE_DIRECTONLY : 0) |
    (options.innocuous ? constants.SQLITE_INNOCUOUS : 0)
  const parts = PARTS.map((part) => options[part] as Any | undefined)
  const id = engine.callbacks.addFunction({
    call: (part, context, values) => call(engine, parts[part]!, GIVES_RESULT[part]!, context, values),
    destroy: options.xDestroy && (() => options.xDestroy!(options.pApp ?? 0)),
  })
  check(engine.withText(name.toLowerCase(), (at) => engine.exports['create_function'](db, at, arity, flags, id, kind)))
}

function parse(args: readonly unknown[]): { name: string; options: FunctionOptions } {
  const [first, second, third] = args
  const options: FunctionOptions =
    args.length === 1
      ? { ...(first as FunctionOptions) }
      : typeof second === 'function'
        ? { ...((third ?? {}) as FunctionOptions), xFunc: second as ScalarFunction }
        : { ...(second as FunctionOptions) }
  const name = args.length === 1 ? options.name : first
  if (typeof name !== 'string') toss('Invalid arguments: missing function name.')
  return { name, options }
}

/** 0 for a scalar function, 1 for an aggregate, 2 for one that can be used as a window. */
function kindOf(options: FunctionOptions): 0 | 1 | 2 {
  const has = (part: (typeof PARTS)[number]) => typeof options[part] === 'function'
  if (has('xFunc')) {
    if (has('xStep') || has('xFinal')) toss('Ambiguous arguments: scalar or aggregate?')
    if (has('xValue') || has('xInverse')) toss('xValue and xInverse are not permitted for non-window UDFs.')
    return 0
  }
  if (!has('xStep') && !has('xFinal')) toss('Missing function-type properties.')
  if (!has('xFinal')) toss('Missing xFinal() callback for aggregate or window UDF.')
  if (!has('xStep')) toss('Missing xStep() callback for aggregate or window UDF.')
  if (has('xValue') !== has('xInverse')) toss('xValue and xInverse must be provided together.')
  return has('xValue') ? 2 : 1
}

function call(engine: Engine, part: Any, givesResult: boolean, context: number, values: SqlValue[]): void {
  try {
    const result = part(context, ...values)
    if (givesResult) giveResult(engine, context, result as Bindable)
  } catch (error) {
    giveError(engine, context, error)
  }
}

/** Sets a function's result. */
export function giveResult(engine: Engine, context: number, value: Bindable): void {
  const { exports } = engine
  switch (typeof value) {
    case 'undefined':
      return
    case 'boolean':
      return exports['sqlite3_result_int'](context, Number(value))
    case 'number':
      if (Number.isSafeInteger(value)) return exports['sqlite3_result_int64'](context, BigInt(value))
      return exports['sqlite3_result_double'](context, value)
    case 'bigint':
      if (BigInt.asIntN(64, value) !== value) toss('BigInt value', value.toString(), 'is too big for int64.')
      return exports['sqlite3_result_int64'](context, value)
    case 'string': {
      const bytes = new TextEncoder().encode(value)
      return withBytes(engine, bytes, (at) =>
        exports['sqlite3_result_text'](context, at, bytes.length, constants.SQLITE_TRANSIENT),
      )
    }
    default: {
      if (value === null) return exports['sqlite3_result_null'](context)
      const bytes = bytesOf(value)
      if (!bytes) return toss("Don't know how to handle this UDF result value:", typeof value)
      return withBytes(engine, bytes, (at) =>
        exports['sqlite3_result_blob'](context, at, bytes.length, constants.SQLITE_TRANSIENT),
      )
    }
  }
}

export function giveError(engine: Engine, context: number, error: unknown): void {
  if (error instanceof WasmAllocError) return engine.exports['sqlite3_result_error_nomem'](context)
  const bytes = new TextEncoder().encode(error instanceof Error ? error.message : String(error))
  withBytes(engine, bytes, (at) => engine.exports['sqlite3_result_error'](context, at, bytes.length))
}

function withBytes(engine: Engine, bytes: Uint8Array, act: (at: number) => void): void {
  const at = engine.alloc(bytes.length || 1)
  try {
    engine.bytes.set(bytes, at)
    act(at)
  } finally {
    engine.free(at)
  }
}
