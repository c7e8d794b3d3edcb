/// What Node.js takes as an argument, and what it says of anything else.
import { APPEND, CREATE, DIRECTORY, EXCLUSIVE, NO_FOLLOW, READ, TRUNCATE, WRITE } from '../file.js'
import { constants } from './constants.js'
import { checkEncoding } from './encoding.js'
import { invalidType, invalidValue, outOfRange, plainError, systemError } from './errors.js'

export type PathLike = string | Uint8Array | URL
export type Mode = number | string
export type Time = Date | number | string

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export function pathOf(path: PathLike, name = 'path'): string {
  const given: unknown = path instanceof URL ? pathOfUrl(path) : path
  if (typeof given !== 'string' && !(given instanceof Uint8Array)) {
    throw invalidType(name, 'of type string or an instance of Buffer or URL', given)
  }
  if (typeof given === 'string' ? given.includes('\0') : given.includes(0)) {
    throw invalidValue(name, given, 'must be a string, Uint8Array, or URL without null bytes')
  }
  if (typeof given === 'string') return given
  try {
    return decoder.decode(given)
  } catch {
    const shown = new TextDecoder().decode(given)
    throw systemError('EILSEQ', { syscall: 'open', path: shown })
  }
}

function pathOfUrl(url: URL): string {
  if (url.protocol !== 'file:') throw plainError('ERR_INVALID_URL_SCHEME', 'The URL must be of scheme file', TypeError)
  if (url.hostname !== '')
    throw plainError('ERR_INVALID_FILE_URL_HOST', 'File URL host must be "localhost" or empty on linux', TypeError)
  if (/%2f/i.test(url.pathname))
    throw plainError('ERR_INVALID_FILE_URL_PATH', 'File URL path must not include encoded / characters', TypeError)
  return decodeURIComponent(url.pathname)
}

/** Options, or an encoding instead of them. */
export function optionsOf<O extends object>(options: unknown, defaults: O): O {
  if (options === null || options === undefined || typeof options === 'function') return defaults
  if (typeof options !== 'string' && typeof options !== 'object') {
    throw invalidType('options', 'one of type string or object', options)
  }
  const given =
    typeof options === 'string'
      ? { ...defaults, encoding: options }
      : (options as O & { encoding?: unknown; signal?: unknown })
  checkEncoding((given as { encoding?: unknown }).encoding)
  const { signal } = given as { signal?: unknown }
  if (signal !== undefined) checkSignal(signal)
  return given
}

function checkSignal(signal: unknown): void {
  if (signal === null || typeof signal !== 'object' || !('aborted' in signal))
    throw invalidType('options.signal', 'an instance of AbortSignal', signal)
}

export function boolean(value: unknown, name: string): boolean {
  if (typeof value !== 'boolean') throw invalidType(name, 'of type boolean', value)
  return value
}

export function integer(
  value: unknown,
  name: string,
  least = Number.MIN_SAFE_INTEGER,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number') throw invalidType(name, 'of type number', value)
  if (!Number.isInteger(value)) throw outOfRange(name, 'an integer', value)
  if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value)
  return value
}

export function object(value: unknown, name: string): object {
  if (value === null || Array.isArray(value) || typeof value !== 'object')
    throw invalidType(name, 'of type object', value)
  return value
}

export function callable(value: unknown, name: string): void {
  if (typeof value !== 'function') throw invalidType(name, 'of type function', value)
}

export function modeOf(mode: unknown, usual?: number, name = 'mode'): number {
  const given = mode ?? usual
  if (typeof given !== 'string') return integer(given, name, 0, 2 ** 32 - 1)
  if (!/^[0-7]+$/.test(given)) throw invalidValue(name, given, 'must be a 32-bit unsigned integer or an octal string')
  return integer(Number.parseInt(given, 8), name, 0, 2 ** 32 - 1)
}

/** What `access` and `copyFile` take as a mode: a number of three bits. */
export function threeBits(mode: unknown): number {
  if (mode === undefined || mode === null) return 0
  if (typeof mode !== 'number')
    throw plainError('ERR_INVALID_ARG_TYPE', 'mode must be int32 or null/undefined', TypeError)
  const bits = Math.trunc(mode)
  if (bits < 0 || bits > 7) throw plainError('ERR_OUT_OF_RANGE', 'mode is out of range: >= 0 && <= 7', RangeError)
  return bits
}

export const owner = (id: unknown, name: string): number => {
  const given = integer(id, name, -1, 2 ** 32 - 1)
  return given === 2 ** 32 - 1 ? -1 : given
}

const { O_RDONLY, O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND, O_SYNC, O_DIRECTORY, O_NOFOLLOW } = constants

/** The letters of `open`, in every order that Node.js takes. */
const FLAGS = new Map<string, number>([
  ['r', O_RDONLY],
  ['rs', O_RDONLY | O_SYNC],
  ['sr', O_RDONLY | O_SYNC],
  ['r+', O_RDWR],
  ['rs+', O_RDWR | O_SYNC],
  ['sr+', O_RDWR | O_SYNC],
  ['w', O_TRUNC | O_CREAT | O_WRONLY],
  ['wx', O_TRUNC | O_CREAT | O_WRONLY | O_EXCL],
  ['xw', O_TRUNC | O_CREAT | O_WRONLY | O_EXCL],
  ['w+', O_TRUNC | O_CREAT | O_RDWR],
  ['wx+', O_TRUNC | O_CREAT | O_RDWR | O_EXCL],
  ['xw+', O_TRUNC | O_CREAT | O_RDWR | O_EXCL],
  ['a', O_APPEND | O_CREAT | O_WRONLY],
  ['ax', O_APPEND | O_CREAT | O_WRONLY | O_EXCL],
  ['xa', O_APPEND | O_CREAT | O_WRONLY | O_EXCL],
  ['as', O_APPEND | O_CREAT | O_WRONLY | O_SYNC],
  ['sa', O_APPEND | O_CREAT | O_WRONLY | O_SYNC],
  ['a+', O_APPEND | O_CREAT | O_RDWR],
  ['ax+', O_APPEND | O_CREAT | O_RDWR | O_EXCL],
  ['xa+', O_APPEND | O_CREAT | O_RDWR | O_EXCL],
  ['as+', O_APPEND | O_CREAT | O_RDWR | O_SYNC],
  ['sa+', O_APPEND | O_CREAT | O_RDWR | O_SYNC],
])

/** `O_RDONLY` and so on. */
export function flagsOf(flags: unknown): number {
  if (typeof flags === 'number') return integer(flags, 'flags', -(2 ** 31), 2 ** 31 - 1)
  if (flags === null || flags === undefined) return O_RDONLY
  const found = typeof flags === 'string' ? FLAGS.get(flags) : undefined
  if (found === undefined) throw invalidValue('flags', flags)
  return found
}

const BITS: readonly (readonly [flag: number, bit: number])[] = [
  [O_APPEND, APPEND],
  [O_TRUNC, TRUNCATE],
  [O_CREAT, CREATE],
  [O_EXCL | O_CREAT, EXCLUSIVE],
  [O_DIRECTORY, DIRECTORY],
  [O_NOFOLLOW, NO_FOLLOW],
]

/** The same in the words of the workspace. Everything is written through, so `O_SYNC` says nothing. */
export function openBits(flags: number): number {
  const access = flags & 3
  const bits = access === O_RDONLY ? READ : access === O_WRONLY ? WRITE : READ | WRITE
  return BITS.reduce((all, [flag, bit]) => ((flags & flag) === flag ? all | bit : all), bits)
}

/** A time in nanoseconds, of which libuv has the microseconds. */
export function timeOf(time: unknown, name = 'time'): bigint {
  const seconds = secondsOf(time, name)
  if (!Number.isFinite(seconds)) return 0n
  const whole = Math.trunc(seconds)
  return BigInt(whole) * 1_000_000_000n + BigInt(Math.trunc((seconds - whole) * 1e6)) * 1000n
}

function secondsOf(time: unknown, name: string): number {
  // Text that is a number in any way.
  if (typeof time === 'string' && !Number.isNaN(Number(time))) return Number(time)
  if (typeof time === 'number' && Number.isFinite(time)) return time < 0 ? Date.now() / 1000 : time
  if (time instanceof Date) return time.getTime() / 1000
  throw invalidType(name, 'an instance of Date or an Time in seconds', time)
}
