/// Errors as Node.js makes them: with its codes, numbers and words.
import { TarboxError } from '../errors.js'
import type { Work } from '../work.js'
import { inspect, received } from './inspect.js'

/** What libuv says of each error. */
const WORDS: Record<string, string> = {
  E2BIG: 'argument list too long',
  EACCES: 'permission denied',
  EAGAIN: 'resource temporarily unavailable',
  EBADF: 'bad file descriptor',
  EBUSY: 'resource busy or locked',
  ECANCELED: 'operation canceled',
  EEXIST: 'file already exists',
  EFBIG: 'file too large',
  EILSEQ: 'illegal byte sequence',
  EINVAL: 'invalid argument',
  EIO: 'i/o error',
  EISDIR: 'illegal operation on a directory',
  ELOOP: 'too many symbolic links encountered',
  ENAMETOOLONG: 'name too long',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  ENOTDIR: 'not a directory',
  ENOTEMPTY: 'directory not empty',
  ENOTSUP: 'operation not supported on socket',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
}

/** What an error was about. */
export interface About {
  syscall: string
  path?: string | undefined
  dest?: string | undefined
}

export function systemError(code: string, about: About, cause?: unknown): TarboxError {
  const { syscall, path, dest } = about
  // What we say of others (EDQUOT, ESTALE, EUCLEAN) is more than a word, and is kept.
  const words = WORDS[code] ?? (cause instanceof Error ? cause.message.replace(`${code}: `, '') : 'unknown error')
  const subject = `${path === undefined ? '' : ` '${path}'`}${dest === undefined ? '' : ` -> '${dest}'`}`
  return new TarboxError(code, `${code}: ${words}, ${syscall}${subject}`, { ...about, cause })
}

/** Does work that Node.js does with one system call, and says so where it fails. */
export function* calling<T>(about: About, work: Work<T>): Work<T> {
  try {
    return yield* work
  } catch (error) {
    throw error instanceof TarboxError ? systemError(error.code, about, error) : error
  }
}

/** Whether an error is one of these. */
export function isCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as { code?: string } | null)?.code ?? '')
}

function coded<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}

/** `expected` is as the message has it: `of type string or an instance of Buffer or URL`. */
export function invalidType(name: string, expected: string, value: unknown): TypeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  return coded(
    new TypeError(`The "${name}" ${kind} must be ${expected}. Received ${received(value)}`),
    'ERR_INVALID_ARG_TYPE',
  )
}

export function invalidValue(name: string, value: unknown, reason = 'is invalid'): TypeError {
  const kind = name.includes('.') ? 'property' : 'argument'
  const shown = inspect(value)
  const short = shown.length > 128 ? `${shown.slice(0, 128)}...` : shown
  return coded(new TypeError(`The ${kind} '${name}' ${reason}. Received ${short}`), 'ERR_INVALID_ARG_VALUE')
}

export function outOfRange(name: string, range: string, value: unknown): RangeError {
  const isLong =
    (typeof value === 'bigint' || Number.isInteger(value)) && (Number(value) > 2 ** 32 || Number(value) < -(2 ** 32))
  const digits = isLong
    ? String(value).replace(/\B(?=(\d{3})+$)/g, '_') + (typeof value === 'bigint' ? 'n' : '')
    : inspect(value)
  return coded(
    new RangeError(`The value of "${name}" is out of range. It must be ${range}. Received ${digits}`),
    'ERR_OUT_OF_RANGE',
  )
}

export function plainError(code: string, message: string, Kind: new (message: string) => Error = Error): Error {
  return coded(new Kind(message), code)
}

export function aborted(signal: AbortSignal): Error {
  const error = coded(new Error('The operation was aborted', { cause: signal.reason }), 'ABORT_ERR')
  error.name = 'AbortError'
  return error
}

/** An error that Node.js makes itself of what a file system says, such as `ERR_FS_CP_EINVAL`. */
export class SystemError extends Error {
  override readonly name = 'SystemError'
  readonly errno: number
  readonly syscall: string
  readonly path: string

  constructor(
    readonly code: string,
    title: string,
    readonly info: { code: string; message: string; path: string; syscall: string; errno: number },
  ) {
    super(`${title}: ${info.syscall} returned ${info.code} (${info.message}) ${info.path}`)
    this.errno = info.errno
    this.syscall = info.syscall
    this.path = info.path
  }
}
