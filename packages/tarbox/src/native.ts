/// The operations of a workspace, each written once: what is asked, and what is made of the answer.
import { textOf } from 'tarbox-device'
import { exactText, TarboxError } from './errors.js'
import { json } from './layers.js'
import { Op } from './protocol.js'
import { entries, type Entry, Stats } from './stats.js'
import { ask, type Work } from './work.js'

/** The mode of a new file and of a new directory; the workspace takes its umask (022) away. */
export const FILE_MODE = 0o666
export const DIRECTORY_MODE = 0o777

/** Nanoseconds since 1970 that 64 bits have room for; what is beyond is clamped, as kernels do. */
const EARLIEST = -(2n ** 63n)
const LATEST = 2n ** 63n - 1n

const encoder = new TextEncoder()

export interface Written {
  mode?: number | undefined
  exclusive?: boolean
  ifVersion?: string
  transfer?: boolean
}

export function* readFile(path: string, offset = 0, length = Infinity): Work<Uint8Array<ArrayBuffer>> {
  return (yield* ask(Op.readFile, { first: path, numbers: [offset, length] })).bytes
}

export function* writeFile(
  path: string,
  data: Uint8Array,
  { mode = FILE_MODE, exclusive = false, ifVersion = '', transfer = false }: Written = {},
): Work<void> {
  yield* ask(Op.writeFile, { first: path, second: ifVersion, numbers: [mode, Number(exclusive)], data, transfer })
}

export function* appendFile(
  path: string,
  data: Uint8Array,
  { mode = FILE_MODE }: Pick<Written, 'mode'> = {},
): Work<void> {
  yield* ask(Op.appendFile, { first: path, numbers: [mode], data })
}

export function* list(path: string): Work<Entry[]> {
  return entries((yield* ask(Op.list, { first: path })).bytes)
}

export function* stat(path: string): Work<Stats> {
  return new Stats((yield* ask(Op.stat, { first: path })).bytes)
}

export function* lstat(path: string): Work<Stats> {
  return new Stats((yield* ask(Op.lstat, { first: path })).bytes)
}

/** Whether a path leads anywhere. What keeps it from being known is an error. */
export function* exists(path: string): Work<boolean> {
  try {
    yield* stat(path)
    return true
  } catch (error) {
    const { code } = error as TarboxError
    if (code === 'ENOENT' || code === 'ENOTDIR') return false
    throw error
  }
}

/** Answers the first directory that was made. */
export function* mkdir(
  path: string,
  { recursive = false, mode = DIRECTORY_MODE }: { recursive?: boolean; mode?: number | undefined } = {},
): Work<string | undefined> {
  const { bytes } = yield* ask(Op.mkdir, { first: path, numbers: [mode, Number(recursive)] })
  return bytes.length > 0 ? textOf(bytes) : undefined
}

export function* remove(
  path: string,
  { recursive = false, force = false }: { recursive?: boolean; force?: boolean } = {},
): Work<void> {
  yield* ask(Op.remove, { first: path, numbers: [Number(recursive), Number(force)] })
}

export function* rmdir(path: string): Work<void> {
  yield* ask(Op.rmdir, { first: path })
}

export function* rename(from: string, to: string, { replace = true }: { replace?: boolean } = {}): Work<void> {
  yield* ask(Op.rename, { first: from, second: to, numbers: [Number(!replace)] })
}

export function* copy(
  from: string,
  to: string,
  { exclusive = false, recursive = false }: { exclusive?: boolean; recursive?: boolean } = {},
): Work<void> {
  yield* ask(Op.copy, { first: from, second: to, numbers: [Number(exclusive), Number(recursive)] })
}

/** Copies a file with exactly its permissions. */
export function* copyFile(from: string, to: string, exclusive: boolean): Work<void> {
  yield* ask(Op.copyFile, { first: from, second: to, numbers: [Number(exclusive)] })
}

export function* symlink(target: string, path: string): Work<void> {
  yield* ask(Op.symlink, { first: target, second: path })
}

export function* link(existing: string, path: string): Work<void> {
  yield* ask(Op.link, { first: existing, second: path })
}

export function* readlink(path: string): Work<string> {
  return exactText((yield* ask(Op.readlink, { first: path })).bytes, 'readlink', path)
}

export function* realpath(path: string): Work<string> {
  return exactText((yield* ask(Op.realpath, { first: path })).bytes, 'realpath', path)
}

export function* truncate(path: string, length: number): Work<void> {
  yield* ask(Op.truncate, { first: path, numbers: [length] })
}

/** Times are nanoseconds since 1970. */
export function* utimes(
  path: string,
  atime: bigint,
  mtime: bigint,
  { follow = true }: { follow?: boolean } = {},
): Work<void> {
  yield* ask(Op.utimes, { first: path, numbers: [0, 0, Number(!follow)], data: timesOf(atime, mtime) })
}

export function* chmod(path: string, mode: number): Work<void> {
  yield* ask(Op.chmod, { first: path, numbers: [mode] })
}

/** A negative owner or group stays. */
export function* chown(
  path: string,
  uid: number,
  gid: number,
  { follow = true }: { follow?: boolean } = {},
): Work<void> {
  yield* ask(Op.chown, { first: path, numbers: [uid, gid, Number(!follow)] })
}

/** Makes everything durable, whatever the workspace's durability. */
export function* sync(): Work<void> {
  yield* ask(Op.sync)
}

export interface Used {
  bytes: number
  inodes: number
  layers: number
}

export function* usage(): Work<Used> {
  return json<{ usage: Used }>(yield* ask(Op.usage)).usage
}

/** Two times, as operations take them. */
export function timesOf(atime: bigint, mtime: bigint): Uint8Array {
  const clamped = (time: bigint) => (time < EARLIEST ? EARLIEST : time > LATEST ? LATEST : time)
  const bytes = new DataView(new ArrayBuffer(16))
  bytes.setBigInt64(0, clamped(atime), true)
  bytes.setBigInt64(8, clamped(mtime), true)
  return new Uint8Array(bytes.buffer)
}

/** A date, or seconds since 1970, in nanoseconds. */
export function nanoseconds(time: Date | number): bigint {
  const ms = time instanceof Date ? time.getTime() : time * 1000
  if (!Number.isFinite(ms)) throw new TarboxError('EINVAL', `EINVAL: ${String(time)} is not a time`)
  const whole = Math.floor(ms)
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((ms - whole) * 1e6))
}

export function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return encoder.encode(data)
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  throw new TarboxError('EINVAL', `A ${typeof data} cannot be written: pass text, bytes, a blob or a stream.`)
}
