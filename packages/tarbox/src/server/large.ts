/// Content that is too large for one request.
import { TarboxError } from '../errors.js'
import { APPEND, CREATE, WRITE } from '../file.js'
import type { Link, Request, Result } from '../link.js'
import { Op } from '../protocol.js'
import { Stats } from '../stats.js'

/** Bytes that one call carries. */
export const PIECE = 8 << 20
/** Parts of a file that are asked for together, as many as a server answers with at once. */
const PARTS = 12
/** How often a file that changes while it is read is read again. */
const ATTEMPTS = 5

type Caller = Pick<Link, 'call'>

/** Whether a call is made of several. */
export function isLarge(op: Op, { data, numbers }: Request): boolean {
  if (op === Op.read) return (numbers?.[2] ?? 0) > PIECE / 2
  return (data?.length ?? 0) > PIECE && (op === Op.writeFile || op === Op.appendFile || op === Op.write)
}

export function callLarge(link: Caller, op: Op, request: Request): Promise<Result> {
  if (op === Op.read) return read(link, request)
  if (op === Op.write) return write(link, request)
  return op === Op.writeFile ? writeFile(link, request) : appendFile(link, request)
}

async function read(link: Caller, { numbers: [file = 0, offset = 0, length = 0] = [] }: Request): Promise<Result> {
  const parts: Uint8Array[] = []
  let size = 0
  while (size < length) {
    const { bytes } = await link.call(Op.read, { numbers: [file, offset + size, Math.min(PIECE / 2, length - size)] })
    if (bytes.length === 0) break
    parts.push(bytes)
    size += bytes.length
  }
  return { value: size, bytes: together(parts, size) }
}

async function write(
  link: Caller,
  { numbers: [file = 0, offset = 0] = [], data = new Uint8Array() }: Request,
): Promise<Result> {
  for (let at = 0; at < data.length; at += PIECE) {
    const piece = data.subarray(at, at + PIECE)
    await link.call(Op.write, { numbers: [file, offset < 0 ? offset : offset + at], data: piece })
  }
  return { value: data.length, bytes: new Uint8Array() }
}

/** The file has its old content until all of the new one is there. */
async function writeFile(
  link: Caller,
  { first, second, numbers: [mode = 0, exclusive = 0] = [], data }: Request,
): Promise<Result> {
  const names = { ...(first !== undefined && { first }), ...(second !== undefined && { second }) }
  const { value: file } = await link.call(Op.stage, { ...names, numbers: [exclusive] })
  try {
    const written = await write(link, { numbers: [file, 0], ...(data && { data }) })
    await link.call(Op.replace, { ...names, numbers: [file, mode, exclusive] })
    return written
  } finally {
    // It goes by itself with its session.
    await link.call(Op.close, { numbers: [file] }).catch(() => undefined)
  }
}

/** Where it fails in the middle, what there is of it goes again, unless somebody has appended behind it. */
async function appendFile(link: Caller, { first = '', numbers: [mode = 0] = [], data }: Request): Promise<Result> {
  const opened = await link.call(Op.open, { first, numbers: [WRITE | APPEND | CREATE, mode] })
  const file = opened.value
  const before = new Stats(opened.bytes).size
  let size = 0
  try {
    for (; size < data!.length; size += PIECE)
      await link.call(Op.write, { numbers: [file, -1], data: data!.subarray(size, size + PIECE) })
    return { value: data!.length, bytes: new Uint8Array() }
  } catch (error) {
    const now = await link.call(Op.fstat, { numbers: [file] }).catch(() => undefined)
    if (now && new Stats(now.bytes).size === before + size)
      await link.call(Op.ftruncate, { numbers: [file, before] }).catch(() => undefined)
    throw error
  } finally {
    await link.call(Op.close, { numbers: [file] }).catch(() => undefined)
  }
}

/** Reads all that was asked for of a file that is larger than one reply, as it was at one moment. */
export async function readOn(
  link: Caller,
  { first = '', numbers: [offset = 0] = [] }: Request,
  size: number,
  part: number,
): Promise<Result> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const version = new Stats((await link.call(Op.stat, { first })).bytes).version
    const parts: Uint8Array[] = []
    let done = 0
    for (let isWhole = true; isWhole && done < size; ) {
      const count = Math.min(PARTS, Math.ceil((size - done) / part))
      const asked = Array.from({ length: count }, (_, at) => done + at * part)
      const read = await Promise.all(
        asked.map((at) => link.call(Op.readFile, { first, numbers: [offset + at, Math.min(part, size - at)] })),
      )
      for (const [at, { bytes }] of read.entries()) {
        isWhole &&= bytes.length === Math.min(part, size - asked[at]!)
        parts.push(bytes)
        done += bytes.length
      }
    }
    const after = new Stats((await link.call(Op.stat, { first })).bytes)
    if (done === size && after.version === version) return { value: size, bytes: together(parts, size) }
  }
  throw new TarboxError('EAGAIN', `EAGAIN: the file changes all the time; read it again, readFile '${first}'`, {
    syscall: 'readFile',
    path: first,
  })
}

function together(parts: readonly Uint8Array[], size: number): Uint8Array<ArrayBuffer> {
  let all: Uint8Array<ArrayBuffer>
  try {
    all = new Uint8Array(size)
  } catch {
    throw new TarboxError('E2BIG', 'E2BIG: it does not fit into memory; read it in pieces')
  }
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
