/// Open files, at a position or where the last call has left off.
import { OpenFile, READ } from '../file.js'
import * as native from '../native.js'
import { joined } from '../replace.js'
import type { BigIntStats, Stats } from '../stats.js'
import type { Work } from '../work.js'
import {
  flagsOf,
  integer,
  type Mode,
  modeOf,
  object,
  openBits,
  owner,
  type PathLike,
  pathOf,
  type Time,
  timeOf,
} from './arguments.js'
import type { Flag } from './content.js'
import { encode, isEncoding } from './encoding.js'
import { calling, invalidType, invalidValue, outOfRange } from './errors.js'
import { FILE_MODE } from '../native.js'

export type Position = number | bigint | null | undefined

/** A part of some bytes, and where in the file it goes to or comes from; null is where the last call has left off. */
export interface Part {
  bytes: Uint8Array
  position: number | null
}

export function* open(path: PathLike, flags?: Flag | null, mode?: Mode | null): Work<OpenFile> {
  const name = pathOf(path)
  const bits = openBits(flagsOf(flags))
  return yield* calling({ syscall: 'open', path: name }, OpenFile.open(name, bits, modeOf(mode, FILE_MODE)))
}

export function* close(file: OpenFile): Work<void> {
  yield* calling({ syscall: 'close' }, file.close())
}

export interface PartOptions {
  offset?: number | null | undefined
  length?: number | null | undefined
  position?: Position
}

function view(buffer: unknown): ArrayBufferView {
  if (!ArrayBuffer.isView(buffer)) throw invalidType('buffer', 'an instance of Buffer, TypedArray, or DataView', buffer)
  return buffer
}

function part(buffer: ArrayBufferView, offset: number, length: number): Uint8Array {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset + offset, length)
}

/** What is to be read into; nothing if there is nothing to read. */
export function partToRead(buffer: ArrayBufferView, { offset, length, position }: PartOptions): Part | undefined {
  view(buffer)
  const start = offset === null || offset === undefined ? 0 : integer(offset, 'offset', 0)
  const wanted = length ?? buffer.byteLength - start
  if (wanted === 0) return undefined
  if (buffer.byteLength === 0) throw invalidValue('buffer', buffer, 'is empty and cannot be written')
  if (wanted < 0) throw outOfRange('length', '>= 0', wanted)
  if (start + wanted > buffer.byteLength) throw outOfRange('length', `<= ${buffer.byteLength - start}`, wanted)
  return {
    bytes: part(buffer, start, wanted),
    position: position === null || position === undefined || position < 0 ? null : Number(position),
  }
}

export function partToWrite(buffer: ArrayBufferView, { offset, length, position }: PartOptions): Part {
  const start = offset === null || offset === undefined ? 0 : integer(offset, 'offset', 0)
  const given = typeof length === 'number' ? length : buffer.byteLength - start
  if (start > buffer.byteLength) throw outOfRange('offset', `<= ${buffer.byteLength}`, start)
  if (given > buffer.byteLength - start) throw outOfRange('length', `<= ${buffer.byteLength - start}`, given)
  if (given < 0) throw outOfRange('length', '>= 0', given)
  integer(given, 'length', 0, 2 ** 31 - 1)
  return { bytes: part(buffer, start, given), position: positionOf(position) }
}

/** Only a number is a position, and only one that is none is none. */
const positionOf = (position: unknown): number | null =>
  Number.isSafeInteger(position) && (position as number) >= 0 ? (position as number) : null

/** The same for `readSync`, which looks at each argument more closely. */
export function partToReadAtOnce(buffer: ArrayBufferView, given: readonly unknown[]): Part | undefined {
  view(buffer)
  const [second, third, fourth] = given
  const isEach = given.length > 1 && typeof second !== 'object'
  const {
    offset,
    length,
    position = null,
  } = isEach ? { offset: second, length: third ?? 0, position: fourth } : options(second, 'options')
  const start = offset === undefined ? 0 : integer(offset, 'offset', 0)
  const wanted = (length === undefined ? buffer.byteLength - start : Number(length)) | 0
  const part = partToRead(buffer, { offset: start, length: wanted })
  if (part && position !== null) checkPosition(position)
  return part && { ...part, position: position === null || (position as number) < 0 ? null : Number(position) }
}

function checkPosition(position: unknown): void {
  if (typeof position === 'number') integer(position, 'position', -1)
  else if (typeof position !== 'bigint') throw invalidType('position', 'of type bigint or integer', position)
  else if (position < -(2n ** 63n) || position >= 2n ** 63n)
    throw outOfRange('position', `>= ${-(2n ** 63n)} && <= ${2n ** 63n - 1n}`, position)
}

/** What `write` takes instead of a part of a buffer: text, a position, an encoding. */
export function textToWrite(text: unknown, position: unknown, encoding: unknown): Part {
  if (typeof text !== 'string')
    throw invalidType('buffer', 'of type string or an instance of Buffer, TypedArray, or DataView', text)
  if (String(encoding).toLowerCase() === 'hex' && text.length % 2 !== 0)
    throw invalidValue('encoding', encoding, `is invalid for data of length ${text.length}`)
  // What is no encoding is taken for the usual one here.
  return { bytes: encode(text, isEncoding(encoding) ? encoding : 'utf8'), position: positionOf(position) }
}

export function* read(file: OpenFile, { bytes, position }: Part): Work<number> {
  const found = yield* calling({ syscall: 'read' }, file.read(bytes.length, position ?? file.position))
  bytes.set(found)
  if (position === null) file.position += found.length
  return found.length
}

export function* write(file: OpenFile, { bytes, position }: Part): Work<number> {
  const count = yield* calling({ syscall: 'write' }, file.write(bytes, position ?? file.position))
  if (position !== null) return count
  // What appends goes on at the end, which only reading can tell.
  file.position = file.appends && file.flags & READ ? (yield* file.stat()).size : file.position + count
  return count
}

function parts(buffers: unknown): ArrayBufferView[] {
  if (!Array.isArray(buffers) || !buffers.every((buffer) => ArrayBuffer.isView(buffer))) {
    throw invalidType('buffers', 'an ArrayBufferView[]', buffers)
  }
  return buffers as ArrayBufferView[]
}

export function* readv(file: OpenFile, buffers: readonly ArrayBufferView[], position?: unknown): Work<number> {
  let done = 0
  const at = positionOf(position)
  for (const buffer of parts(buffers)) {
    const whole = part(buffer, 0, buffer.byteLength)
    const count = yield* read(file, { bytes: whole, position: at === null ? null : at + done })
    done += count
    if (count < whole.length) break
  }
  return done
}

/** All in one write. */
export function* writev(file: OpenFile, buffers: readonly ArrayBufferView[], position?: unknown): Work<number> {
  const all = parts(buffers)
  if (all.length === 0) return 0
  const size = all.reduce((sum, buffer) => sum + buffer.byteLength, 0)
  const bytes = joined(
    all.map((buffer) => part(buffer, 0, buffer.byteLength)),
    size,
  )
  return yield* write(file, { bytes, position: positionOf(position) })
}

export function* fstat<const O extends { bigint?: boolean } = object>(
  file: OpenFile,
  options?: O,
): Work<O extends { bigint: true } ? BigIntStats : Stats> {
  const stats = yield* calling({ syscall: 'fstat' }, file.stat())
  return (options?.bigint ? stats.toBigInt() : stats) as never
}

export function* fchmod(file: OpenFile, mode: Mode): Work<void> {
  const bits = modeOf(mode)
  yield* calling({ syscall: 'fchmod' }, file.chmod(bits))
}

export function* fchown(file: OpenFile, uid: number, gid: number): Work<void> {
  const [user, group] = [owner(uid, 'uid'), owner(gid, 'gid')]
  yield* calling({ syscall: 'fchown' }, file.chown(user, group))
}

export function* futimes(file: OpenFile, atime: Time, mtime: Time): Work<void> {
  const [accessed, modified] = [timeOf(atime, 'atime'), timeOf(mtime, 'mtime')]
  yield* calling({ syscall: 'futime' }, file.utimes(accessed, modified))
}

/** All that was done, of this file and of others, is on the device afterwards. */
export function* fsync(file: OpenFile, syscall = 'fsync'): Work<void> {
  yield* calling({ syscall }, file.stat())
  yield* calling({ syscall }, native.sync())
}

/** What follows the buffer in a call: options, or each by itself. Null for the first is none of either. */
export function partOptions(second: unknown, length: unknown, position: unknown): PartOptions {
  if (typeof second === 'object') return second ?? {}
  return { offset: second as number | undefined, length: length as number, position: position as Position }
}

export function options(value: unknown, name: string): PartOptions {
  return value === null || value === undefined ? {} : (object(value, name) as PartOptions)
}
