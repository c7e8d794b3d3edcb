import type { Link } from './link.js'
import { TarboxError } from './errors.js'
import { Op } from './protocol.js'

/** Bytes that are written at once. */
const PIECE = 1 << 20

/**
 * Gives a file the content of a blob or stream once all of it is stored: until then, and if anything fails, it is as it
 * was, or not there.
 */
export async function replaceFile(
  connection: Link,
  path: string,
  source: Blob | ReadableStream<Uint8Array>,
  { mode, exclusive, ifVersion }: { mode: number; exclusive: boolean; ifVersion: string },
): Promise<void> {
  const reader = pieces(source instanceof Blob ? source.stream() : source)
  try {
    const { value: file } = await connection.call(Op.stage, {
      first: path,
      second: ifVersion,
      numbers: [Number(exclusive)],
    })
    try {
      let size = 0
      for await (const data of reader) {
        await connection.call(Op.write, { numbers: [file, size], data })
        size += data.length
      }
      await connection.call(Op.replace, { first: path, second: ifVersion, numbers: [file, mode, Number(exclusive)] })
    } finally {
      // It goes by itself with whoever has it.
      await connection.call(Op.close, { numbers: [file] }).catch(() => undefined)
    }
  } catch (error) {
    if (!(error instanceof TarboxError) || error.code !== 'EBADF') throw error
    throw new TarboxError(
      'EAGAIN',
      `EAGAIN: the tab that owned the files was closed before all content had arrived; the file is unchanged: write it again, writeFile '${path}'`,
      {
        path,
        cause: error,
      },
    )
  } finally {
    // Nothing more is wanted of a source that could not be written.
    await reader.return()
  }
}

/** What a stream brings, in pieces that are worth a write. */
async function* pieces(source: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  const reader = source.getReader()
  let gathered: Uint8Array[] = []
  let size = 0
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      const piece: unknown = value
      const bytes = typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
      if (!(bytes instanceof Uint8Array))
        throw new TarboxError('EINVAL', `A stream returned a ${typeof piece}: it must return bytes or text.`)
      gathered.push(bytes)
      size += bytes.length
      if (size < PIECE) continue
      yield joined(gathered, size)
      gathered = []
      size = 0
    }
    if (size > 0) yield joined(gathered, size)
  } finally {
    void reader.cancel().catch(() => undefined)
  }
}

/** Bytes in one piece; a single piece is answered as it is. */
export function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  if (parts.length === 1) return parts[0]!
  const all = new Uint8Array(size)
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
