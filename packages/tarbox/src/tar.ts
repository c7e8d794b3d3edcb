/// Trees as tar archives, out of a workspace and into it.
import { TarboxError } from './errors.js'
import { type Imported, inside, Intake, type Progress, refuseAborted, SMALL, TOGETHER, TOGETHER_BYTES, type TransferOptions } from './import.js'
import type { TarboxFs } from './index.js'
import { Input } from './input.js'
import type { Entry } from './stats.js'
import { BLOCK, damaged, HEADER_MAX, headers, type Member, padding, parse, records, text } from './tar-format.js'

/** How far an archive is unpacked. */
export interface TarProgress extends Progress {
  /** Bytes of the archive that were read. */
  read: number
  /** Bytes of the whole archive, where that is known: it is of a blob. */
  size?: number
}

/** A tree as a tar archive (POSIX pax), a piece at a time. Names are relative to `root`. */
export function exportTar(fs: TarboxFs, root: string, options: TransferOptions): ReadableStream<Uint8Array> {
  const pieces = archive(fs, root.replace(/\/+$/, ''), options)
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

async function* archive(fs: TarboxFs, root: string, { onProgress }: TransferOptions): AsyncGenerator<Uint8Array, undefined> {
  const progress: Progress = { files: 0, directories: 0, links: 0, bytes: 0, path: root || '/' }
  const waiting = ['']
  while (waiting.length > 0) {
    const directory = waiting.pop()!
    const entries = await fs.listDirectory(root + directory || '/')
    for (let at = 0; at < entries.length; ) {
      const few = fewOf(entries, at)
      at += few.length
      const contents = await Promise.all(few.map((entry) => contentOf(fs, `${root}${directory}/${entry.name}`, entry)))
      for (const [number, { name, mode, mtimeMs, size, isDirectory, isSymbolicLink }] of few.entries()) {
        const content = contents[number]
        if (content === undefined) continue
        const path = `${directory}/${name}`
        const member: Member = { name: path.slice(1), mode, size: 0, mtime: mtimeMs / 1000, kind: '0', target: '' }
        if (isDirectory) {
          yield* headers({ ...member, name: `${member.name}/`, kind: '5' })
          waiting.push(path)
          progress.directories += 1
        } else if (isSymbolicLink) {
          yield* headers({ ...member, kind: '2', target: content as string })
          progress.links += 1
        } else {
          const bytes = content as Uint8Array | 'large'
          const length = bytes === 'large' ? size : bytes.length
          yield* headers({ ...member, size: length })
          if (bytes === 'large') yield* large(fs, root + path, size)
          else yield bytes
          yield padding(length)
          progress.files += 1
          progress.bytes += length
        }
        onProgress?.({ ...progress, path: root + path })
      }
    }
  }
  yield new Uint8Array(2 * BLOCK)
  return undefined
}

/** Entries that are read together: few enough to hold in memory. */
function fewOf(entries: Entry[], from: number): Entry[] {
  let bytes = 0
  let to = from
  while (to < entries.length && to - from < TOGETHER && bytes < TOGETHER_BYTES) bytes += Math.min(entries[to++]!.size, SMALL)
  return entries.slice(from, to)
}

/** A file's bytes unless it is large, a link's target; nothing for what an archive does not hold, or is gone meanwhile. */
async function contentOf(fs: TarboxFs, path: string, { isDirectory, isSymbolicLink, isFile, size }: Entry): Promise<Uint8Array | string | undefined> {
  try {
    if (isDirectory) return ''
    if (isSymbolicLink) return await fs.readlink(path)
    if (isFile) return size > SMALL ? 'large' : await fs.readFile(path)
  } catch (error) {
    if ((error as TarboxError).code !== 'ENOENT') throw error
  }
  return undefined
}

/** As many bytes as the header has promised, whatever becomes of the file meanwhile. */
async function* large(fs: TarboxFs, path: string, size: number): AsyncGenerator<Uint8Array> {
  let done = 0
  for await (const piece of (await fs.createReadStream(path)) as unknown as AsyncIterable<Uint8Array>) {
    yield piece.subarray(0, size - done)
    done += piece.length
    if (done >= size) return
  }
  for (; done < size; done += SMALL) yield new Uint8Array(Math.min(SMALL, size - done))
}

/** Unpacks an archive below `root`. Nothing in it can lead out of there. */
export function importTar(fs: TarboxFs, source: ReadableStream<Uint8Array> | Blob, root: string, options: TransferOptions<TarProgress>): Promise<Imported> {
  const { onProgress, signal } = options
  const size = source instanceof Blob ? { size: source.size } : {}
  return Input.of(source instanceof Blob ? source.stream() : source, signal, (input) => {
    const heard = onProgress && ((progress: Progress) => onProgress({ ...progress, read: input.taken, ...size }))
    return Intake.run(fs, root, { signal, ...(heard && { onProgress: heard }) }, (intake) => unpack(input, intake))
  })
}

async function unpack(input: Input, intake: Intake): Promise<void> {
  for (let member = await next(input); member; member = await next(input)) {
    const { mode, size, mtime, kind, target } = member
    const name = inside(member.name)
    const attributes = { mode, ...(Number.isFinite(mtime) && { mtime }) }
    let left = size
    if (kind === '5') await intake.directory(name, mode)
    else if (kind === '2') await intake.symlink(name, target)
    else if (kind === '1') await intake.link(name, inside(target))
    else if (kind === '0' || kind === '\0' || kind === '7') {
      left = 0
      if (size <= SMALL) await intake.file(name, await body(input, size), attributes)
      else {
        let done = 0
        const source = async (most: number) => {
          if (done === size) return undefined
          const piece = await input.some(Math.min(most, size - done))
          if (!piece) throw early()
          done += piece.length
          return piece
        }
        await intake.largeFile(name, source, attributes)
      }
    }
    if (!(await input.skip(left + (-size & (BLOCK - 1))))) throw early()
  }
}

/** The next thing in an archive, with what extended headers in front of it say; none at its end. */
async function next(input: Input): Promise<Member | undefined> {
  const extended = new Map<string, string>()
  for (;;) {
    const block = await input.exactly(BLOCK)
    if (!block || block.every((byte) => byte === 0)) return undefined
    if (block.length < BLOCK) throw early()
    const member = parse(block)
    const { kind } = member
    if (!'xgLK'.includes(kind)) {
      const { name, target, size, mtime } = member
      return {
        ...member,
        name: extended.get('path') ?? name,
        target: extended.get('linkpath') ?? target,
        size: whole(Number(extended.get('size') ?? size)),
        mtime: Number(extended.get('mtime') ?? mtime),
      }
    }
    if (whole(member.size) > HEADER_MAX) throw damaged('a header that is too long')
    const bytes = await body(input, member.size)
    if (!(await input.skip(-member.size & (BLOCK - 1)))) throw early()
    if (kind === 'x') for (const [key, value] of records(bytes)) extended.set(key, value)
    else if (kind === 'L') extended.set('path', text(bytes))
    else if (kind === 'K') extended.set('linkpath', text(bytes))
  }
}

async function body(input: Input, size: number): Promise<Uint8Array> {
  const bytes = size === 0 ? new Uint8Array() : await input.exactly(size)
  if (bytes?.length !== size) throw early()
  return bytes
}

function whole(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw damaged('a size that is none')
  return size
}

function early(): TarboxError {
  return damaged('it ends in the middle')
}
