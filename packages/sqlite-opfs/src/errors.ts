import { constants } from './constants.js'

const names = new Map<number, string>()
const ERRORS =
  /^SQLITE_(OK|ERROR|INTERNAL|PERM|ABORT|BUSY|LOCKED|NOMEM|READONLY|INTERRUPT|IOERR|CORRUPT|NOTFOUND|FULL|CANTOPEN|PROTOCOL|EMPTY|SCHEMA|TOOBIG|CONSTRAINT|MISMATCH|MISUSE|NOLFS|AUTH|FORMAT|RANGE|NOTADB|NOTICE|WARNING|ROW|DONE)(_|$)/

/** The name of a result code. */
export function rcName(code: number): string {
  if (names.size === 0) {
    for (const [name, value] of Object.entries(constants))
      if (ERRORS.test(name) && !names.has(value)) names.set(value, name)
  }
  return names.get(code) ?? `Unknown result code #${code}`
}

/** An error of SQLite, or of how it is used. */
export class SQLite3Error extends Error {
  override name = 'SQLite3Error'
  /** SQLite's extended result code. */
  readonly resultCode: number

  /** A number that comes first is the result code; the rest is joined to the message. */
  constructor(...parts: unknown[]) {
    const [first, second] = parts
    const isCode = typeof first === 'number' && Number.isInteger(first)
    const options =
      parts.length === 2 && typeof second === 'object' && second !== null ? (second as ErrorOptions) : undefined
    const texts = options ? [isCode ? rcName(first) : first] : parts
    if (isCode && !options) texts[0] = parts.length > 1 ? `${rcName(first)}:` : rcName(first)
    super(texts.join(' '), options)
    this.resultCode = isCode ? first : constants.SQLITE_ERROR
  }

  static toss(...parts: unknown[]): never {
    throw new SQLite3Error(...parts)
  }
}

/** There is no memory left in the module. */
export class WasmAllocError extends Error {
  override name = 'WasmAllocError'
  readonly resultCode = constants.SQLITE_NOMEM

  static toss(...parts: unknown[]): never {
    throw new WasmAllocError(parts.join(' '))
  }
}

export function toss(...parts: unknown[]): never {
  throw new SQLite3Error(...parts)
}
