/// Trees as tar archives, out of a workspace and into it. What an archive says is read and written by the module.
import type { Link } from './link.js'
import { TarboxError } from './errors.js'
import {
  ImportError,
  type ImportProblem,
  type Imported,
  type Progress,
  refuseAborted,
  SMALL,
  TOGETHER,
  TOGETHER_BYTES,
  type TransferOptions,
} from './import.js'
import type { TarboxFs } from './index.js'
import { Input } from './input.js'
import { json } from './layers.js'
import { Op } from './protocol.js'
import type { Entry } from './stats.js'

const BLOCK = 512
/** An archive is whole records of this many bytes. */
const RECORD = 20 * BLOCK
/** Bytes of an archive that are unpacked at once, and made durable together. */
const PIECE = 1 << 20

const encoder = new TextEncoder()

/** The progress of unpacking an archive. */
export interface TarProgress extends Progress {
  /** Bytes of the archive that have been read. */
  read: number
  /** The size of the archive, if it is known: for a blob, it is. */
  size?: number
}

/** The result of unpacking an archive. */
export interface Unpacked extends Imported {
  /** Oddities of the archive that are not failures. */
  warnings: string[]
}

/** A tree as a tar archive (POSIX pax), a piece at a time. Names are relative to `root`. */
export function exportTar(
  fs: TarboxFs,
  connection: Link,
  root: string,
  options: TransferOptions,
): ReadableStream<Uint8Array> {
  const pieces = archive(fs, connection, root.replace(/\/+$/, ''), options)
  return new ReadableStream({
    async pull(controller) {
      refuseAborted(options.signal)
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await pieces.return(undefined)
    },
  })
}

/** The headers of a member, and the pieces of content that follow them. */
interface Packed {
  headers: Uint8Array
  pieces: { offset: number; length: number }[]
  size: number
  /** The content of a small file. */
  content?: Uint8Array
}

async function* archive(
  fs: TarboxFs,
  connection: Link,
  root: string,
  { onProgress }: TransferOptions,
): AsyncGenerator<Uint8Array, undefined> {
  const progress: Progress = { files: 0, directories: 0, links: 0, bytes: 0, path: root || '/' }
  const waiting = ['']
  /** The first name of everything that may have others. */
  const names = new Map<number, string>()
  let at = 0
  const counted = (bytes: Uint8Array) => {
    at += bytes.length
    return bytes
  }
  while (waiting.length > 0) {
    const directory = waiting.pop()!
    const entries = await fs.listDirectory(root + directory || '/')
    for (let from = 0; from < entries.length; ) {
      const few = fewOf(entries, from)
      from += few.length
      const packed = await Promise.all(
        few.map((entry) => {
          const path = `${directory}/${entry.name}`
          const first = entry.isDirectory ? undefined : names.get(entry.ino)
          if (!entry.isDirectory && first === undefined) names.set(entry.ino, path.slice(1))
          return pack(fs, connection, root, path, entry, first)
        }),
      )
      for (const [number, entry] of few.entries()) {
        const member = packed[number]
        if (!member) continue
        const path = `${directory}/${entry.name}`
        yield counted(member.headers)
        for (const { offset, length } of member.pieces) {
          for await (const piece of contentOf(fs, root + path, member, offset, length)) yield counted(piece)
        }
        const filling = -at & (BLOCK - 1)
        if (filling > 0) yield counted(new Uint8Array(filling))
        if (entry.isDirectory) {
          waiting.push(path)
          progress.directories += 1
        } else if (entry.isSymbolicLink) progress.links += 1
        else progress.files += 1
        progress.bytes += member.size
        onProgress?.({ ...progress, path: root + path })
      }
    }
  }
  const end = Math.ceil((at + 2 * BLOCK) / RECORD) * RECORD
  yield new Uint8Array(end - at)
  return undefined
}

/** Entries that are read together: few enough to hold in memory. */
function fewOf(entries: Entry[], from: number): Entry[] {
  let bytes = 0
  let to = from
  while (to < entries.length && to - from < TOGETHER && bytes < TOGETHER_BYTES)
    bytes += Math.min(entries[to++]!.size, SMALL)
  return entries.slice(from, to)
}

/** What an archive holds of an entry; nothing of what it cannot hold, or of what is gone meanwhile. */
async function pack(
  fs: TarboxFs,
  connection: Link,
  root: string,
  path: string,
  entry: Entry,
  first: string | undefined,
): Promise<Packed | undefined> {
  try {
    const isSmall = entry.isFile && first === undefined && entry.size <= SMALL
    const [{ value: size, bytes }, content] = await Promise.all([
      connection.call(Op.tarHeaders, {
        first: root + path,
        second: path.slice(1),
        ...(first !== undefined && { data: encoder.encode(first) }),
      }),
      isSmall ? fs.readFile(root + path) : undefined,
    ])
    if (size < 0) return undefined
    const count = new Float64Array(bytes.buffer, bytes.byteOffset, 1)[0]!
    const numbers = new Float64Array(bytes.buffer, bytes.byteOffset + 8, 2 * count)
    const pieces = Array.from({ length: count }, (_, at) => ({
      offset: numbers[2 * at]!,
      length: numbers[2 * at + 1]!,
    }))
    return { headers: bytes.subarray(8 + 16 * count), pieces, size, ...(content && { content }) }
  } catch (error) {
    if ((error as TarboxError).code !== 'ENOENT') throw error
    return undefined
  }
}

/** As many bytes as the header has promised, whatever becomes of the file meanwhile. */
async function* contentOf(
  fs: TarboxFs,
  path: string,
  { content }: Packed,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array> {
  for (let done = 0; done < length; ) {
    const most = Math.min(length - done, PIECE)
    const from = offset + done
    const read = content
      ? content.subarray(from, from + most)
      : await fs.readFile(path, { offset: from, length: most }).catch(gone)
    const piece = read.length > 0 ? read : new Uint8Array(most)
    yield piece
    done += piece.length
  }
}

function gone(error: unknown): Uint8Array<ArrayBuffer> {
  if ((error as TarboxError).code !== 'ENOENT') throw error
  return new Uint8Array()
}

/** What the module says after each piece of an archive. */
interface Report extends Imported {
  path: string
  /** How much there is of a file that is not whole. */
  partial: number
  /** Nothing that may still come tells anything. */
  over: boolean
  told: { code: string | null; path: string; message: string }[]
}

/** Unpacks an archive below `root`. Nothing in it can lead out of there. */
export function importTar(
  connection: Link,
  source: ReadableStream<Uint8Array> | Blob,
  root: string,
  options: TransferOptions<TarProgress>,
): Promise<Unpacked> {
  const { onProgress, signal } = options
  const size = source instanceof Blob ? { size: source.size } : {}
  const imported: Imported = { files: 0, directories: 0, links: 0, bytes: 0 }
  const problems: ImportProblem[] = []
  const warnings: string[] = []
  const hear = ({ path, partial, told, over: _, ...counts }: Report, read: number) => {
    Object.assign(imported, counts)
    for (const { code, path, message } of told) {
      if (code) problems.push({ code, path, message })
      else warnings.push(path ? `${path}: ${message}` : message)
    }
    onProgress?.({ ...imported, bytes: imported.bytes + partial, path, read, ...size })
  }
  const run = async (input: Input) => {
    refuseAborted(signal)
    const archive = (await connection.call(Op.openArchive, { first: root.replace(/\/+$/, '') || '/' })).value
    try {
      await unpack(connection, archive, input, signal, hear)
    } finally {
      // Why it failed matters more than that this does, too.
      await connection.call(Op.closeArchive, { numbers: [archive] }).catch(() => undefined)
    }
  }
  return Input.of(source instanceof Blob ? source.stream() : source, signal, run).then(
    () => {
      const [first] = problems
      if (!first) return { ...imported, warnings }
      const { code, path, message } = first
      const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
      const about = path ? `, '${path}'` : ''
      throw new ImportError(
        new TarboxError(code, `${code}: ${message}${about}${more}`, path ? { path } : {}),
        imported,
        problems,
      )
    },
    (error: unknown) => {
      throw new ImportError(error, imported, problems)
    },
  )
}

async function unpack(
  connection: Link,
  archive: number,
  input: Input,
  signal: AbortSignal | undefined,
  hear: (report: Report, read: number) => void,
): Promise<void> {
  for (let at = 0, isOver = false, isLast = false; !isLast; ) {
    const data = isOver ? new Uint8Array() : ((await input.exactly(PIECE)) ?? new Uint8Array())
    refuseAborted(signal)
    isLast = data.length < PIECE
    const length = data.length
    const result = await connection.call(Op.unpack, { numbers: [archive, at, Number(isLast)], data, transfer: true })
    const report = json<Report>(result)
    at += length
    isOver = report.over
    hear(report, at)
    refuseAborted(signal)
  }
}
