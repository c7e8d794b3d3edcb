/// Whole files.
import { CREATE, EXCLUSIVE, APPEND, OpenFile, READ, TRUNCATE, WRITE } from '../file.js'
import * as native from '../native.js'
import { wait, type Work } from '../work.js'
import {
  boolean,
  flagsOf,
  integer,
  type Mode,
  modeOf,
  openBits,
  optionsOf,
  type PathLike,
  pathOf,
  threeBits,
} from './arguments.js'
import { bytes, type Bytes, decoded, encode } from './encoding.js'
import { aborted, calling, invalidType, isCode, plainError, systemError } from './errors.js'
import { received } from './inspect.js'
import type { Content, EncodingOption } from './types.js'

/** A path, or a file that is open. */
export type Target = PathLike | OpenFile
export type Flag = string | number
export type ReadOptions =
  | EncodingOption
  | { encoding?: EncodingOption; flag?: Flag | undefined; signal?: AbortSignal | undefined }
export type WriteOptions = EncodingOption | Writing
interface Writing {
  encoding?: EncodingOption
  mode?: Mode | undefined
  flag?: Flag | undefined
  flush?: boolean | undefined
  signal?: AbortSignal | undefined
}
export type Data = string | ArrayBufferView | ArrayBuffer
/** What is written piece by piece. */
export type Pieces = Iterable<string | ArrayBufferView> | AsyncIterable<string | ArrayBufferView>

/** Bytes read at once of what may be of any size. */
const ALL = Number.MAX_SAFE_INTEGER

function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw aborted(signal)
}

/** Opens a file for some work, and closes it however that ends. */
export function* opened<T>(path: string, flags: number, mode: number, use: (file: OpenFile) => Work<T>): Work<T> {
  const file = yield* calling({ syscall: 'open', path }, OpenFile.open(path, openBits(flags), mode))
  try {
    return yield* use(file)
  } finally {
    yield* file.close()
  }
}

export function* readFile<const O extends ReadOptions = undefined>(target: Target, options?: O): Work<Content<O>> {
  const { encoding, flag, signal } = optionsOf<{ encoding?: EncodingOption; flag?: Flag; signal?: AbortSignal }>(
    options,
    { flag: 'r' },
  )
  refuseAborted(signal)
  const found = target instanceof OpenFile ? yield* rest(target) : yield* readPath(pathOf(target), flagsOf(flag || 'r'))
  return decoded(found, encoding) as Content<O>
}

function* readPath(path: string, flags: number): Work<Bytes> {
  if (openBits(flags) !== READ) return yield* opened(path, flags, native.FILE_MODE, rest)
  try {
    return yield* calling({ syscall: 'open', path }, native.readFile(path))
  } catch (error) {
    // A directory can be opened, but not read.
    throw isCode(error, 'EISDIR') ? systemError('EISDIR', { syscall: 'read' }, error) : error
  }
}

/** Everything from where an open file is on. */
function* rest(file: OpenFile): Work<Bytes> {
  const found = yield* calling({ syscall: 'read' }, file.read(ALL, file.position))
  file.position += found.length
  return found
}

function dataOf(data: unknown, encoding: string): Uint8Array {
  if (typeof data === 'string') return encode(data, encoding)
  if (ArrayBuffer.isView(data) || data instanceof ArrayBuffer) return native.bytesOf(data)
  throw invalidType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data)
}

const writing = (options: WriteOptions | undefined, flag: string) =>
  optionsOf<Writing>(options, { encoding: 'utf8', mode: native.FILE_MODE, flag })

export function* writeFile(target: Target, data: Data, options?: WriteOptions): Work<void> {
  yield* write(target, data, writing(options, 'w'), 'w')
}

export function* appendFile(target: Target, data: Data, options?: WriteOptions): Work<void> {
  yield* write(target, data, writing(options, 'a'), 'a')
}

function* write(
  target: Target,
  data: Data,
  { encoding, mode, flag, flush, signal }: Writing,
  usual: string,
): Work<void> {
  boolean(flush ?? false, 'options.flush')
  const whole = dataOf(data, encoding || 'utf8')
  refuseAborted(signal)
  if (target instanceof OpenFile) yield* writeAll(target, whole)
  else yield* writePath(pathOf(target), whole, flagsOf(flag || usual), modeOf(mode, native.FILE_MODE))
}

/** One operation where there is one: then all of it is there, or nothing has changed. */
function* writePath(path: string, data: Uint8Array, flags: number, mode: number): Work<void> {
  const about = { syscall: 'open', path }
  switch (openBits(flags)) {
    case WRITE | CREATE | TRUNCATE:
      return yield* calling(about, native.writeFile(path, data, { mode }))
    case WRITE | CREATE | TRUNCATE | EXCLUSIVE:
      return yield* calling(about, native.writeFile(path, data, { mode, exclusive: true }))
    case WRITE | CREATE | APPEND:
      return yield* calling(about, native.appendFile(path, data, { mode }))
    default:
      return yield* opened(path, flags, mode, (file) => writeAll(file, data))
  }
}

export function* writeAll(file: OpenFile, data: Uint8Array): Work<void> {
  // Writing nothing is no call.
  if (data.length === 0) return
  yield* calling({ syscall: 'write' }, file.write(data, file.position))
  file.position += data.length
}

function isPieces(data: unknown): data is Pieces {
  const isIterable =
    typeof data === 'object' && data !== null && (Symbol.iterator in data || Symbol.asyncIterator in data)
  return isIterable && !ArrayBuffer.isView(data)
}

/** Also of what comes piece by piece. */
export function* writeFileFrom(target: Target, data: Data | Pieces, options?: WriteOptions): Work<void> {
  if (isPieces(data)) yield* writePieces(target, data, writing(options, 'w'), 'w')
  else yield* writeFile(target, data, options)
}

export function* appendFileFrom(target: Target, data: Data | Pieces, options?: WriteOptions): Work<void> {
  if (isPieces(data)) yield* writePieces(target, data, writing(options, 'a'), 'a')
  else yield* appendFile(target, data, options)
}

function pieceOf(piece: unknown, encoding: string): Uint8Array {
  if (typeof piece === 'string' || ArrayBuffer.isView(piece) || piece instanceof ArrayBuffer)
    return dataOf(piece, encoding)
  const message = `The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object. Received ${received(piece)}`
  throw plainError('ERR_INVALID_ARG_TYPE', message, TypeError)
}

function* writePieces(
  target: Target,
  data: Pieces,
  { encoding, mode, flag, signal }: Writing,
  usual: string,
): Work<void> {
  refuseAborted(signal)
  const writeEach = function* (file: OpenFile): Work<void> {
    const pieces = Symbol.asyncIterator in data ? data[Symbol.asyncIterator]() : data[Symbol.iterator]()
    try {
      for (;;) {
        const { done, value } = yield* wait(Promise.resolve(pieces.next()))
        if (done) return
        refuseAborted(signal)
        yield* writeAll(file, pieceOf(value, encoding || 'utf8'))
      }
    } finally {
      if (pieces.return) yield* wait(Promise.resolve(pieces.return()))
    }
  }
  if (target instanceof OpenFile) yield* writeEach(target)
  else yield* opened(pathOf(target), flagsOf(flag || usual), modeOf(mode, native.FILE_MODE), writeEach)
}

export function* truncate(path: PathLike, length?: number): Work<void> {
  const name = pathOf(path)
  yield* opened(name, flagsOf('r+'), native.FILE_MODE, (file) => ftruncate(file, length))
}

export function* ftruncate(file: OpenFile, length: number | undefined = 0): Work<void> {
  const size = Math.max(0, integer(length, 'len'))
  yield* calling({ syscall: 'ftruncate' }, file.truncate(size))
}

export function* copyFile(from: PathLike, to: PathLike, mode?: number): Work<void> {
  const [path, dest] = [pathOf(from, 'src'), pathOf(to, 'dest')]
  const how = threeBits(mode)
  yield* calling({ syscall: 'copyfile', path, dest }, native.copyFile(path, dest, (how & 1) !== 0))
}

/** For those who read into bytes of their own. */
export const emptyBuffer = (length: number): Bytes => bytes(new Uint8Array(length))
