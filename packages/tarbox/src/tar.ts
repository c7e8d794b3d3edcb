import type { TarboxFs } from './index.js'
import { TarboxError } from './errors.js'
import type { Stats } from './stats.js'

const BLOCK = 512
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A tree as a tar archive (POSIX pax), a piece at a time. Names are relative to `root`. */
export function exportTar(fs: TarboxFs, root: string): ReadableStream<Uint8Array> {
  const pieces = archive(fs, root.replace(/\/+$/, ''))
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await pieces.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await pieces.return(undefined)
    },
  })
}

async function* archive(fs: TarboxFs, root: string): AsyncGenerator<Uint8Array, undefined> {
  const waiting = ['']
  while (waiting.length > 0) {
    const directory = waiting.pop()!
    for (const { name } of await fs.listDirectory(root + directory || '/')) {
      const path = `${directory}/${name}`
      const stats = await fs.lstat(root + path)
      if (stats.isDirectory()) waiting.push(path)
      else if (!stats.isFile() && !stats.isSymbolicLink()) continue
      const target = stats.isSymbolicLink() ? await fs.readlink(root + path) : ''
      yield* headers(path.slice(1) + (stats.isDirectory() ? '/' : ''), stats, target)
      if (!stats.isFile()) continue
      let size = 0
      for await (const piece of (await fs.createReadStream(root + path)) as unknown as AsyncIterable<Uint8Array>) {
        yield piece.subarray(0, stats.size - size)
        size += piece.length
      }
      // What shrank meanwhile is filled up: the header has promised its length.
      if (size < stats.size) yield new Uint8Array(stats.size - size)
      yield new Uint8Array(-stats.size & (BLOCK - 1))
    }
  }
  yield new Uint8Array(2 * BLOCK)
  return undefined
}

function* headers(name: string, stats: Stats, target: string): Generator<Uint8Array> {
  const records = [`mtime=${(stats.mtimeMs / 1000).toFixed(9)}`]
  if (encoder.encode(name).length > 100) records.push(`path=${name}`)
  if (encoder.encode(target).length > 100) records.push(`linkpath=${target}`)
  if (stats.size > 0o77777777777) records.push(`size=${stats.size}`)
  const pax = encoder.encode(records.map(record).join(''))
  yield header('PaxHeader', 0o644, pax.length, stats.mtimeMs, 'x', '')
  yield pax
  yield new Uint8Array(-pax.length & (BLOCK - 1))
  const [kind, size] = stats.isDirectory() ? ['5', 0] : stats.isSymbolicLink() ? ['2', 0] : ['0', stats.size]
  yield header(name, stats.mode & 0o7777, size, stats.mtimeMs, kind as string, target)
}

/** A pax record: its own length in front. */
function record(text: string): string {
  const rest = encoder.encode(` ${text}\n`).length
  let length = rest + String(rest).length
  if (String(length).length > String(rest).length) length = rest + String(length).length
  return `${length} ${text}\n`
}

function header(name: string, mode: number, size: number, mtimeMs: number, kind: string, target: string): Uint8Array {
  const block = new Uint8Array(BLOCK)
  const put = (at: number, text: string, room: number) => encoder.encodeInto(text, block.subarray(at, at + room))
  const octal = (at: number, value: number, room: number) => put(at, value.toString(8).padStart(room - 1, '0').slice(-(room - 1)), room)
  put(0, name, 100)
  octal(100, mode, 8)
  octal(108, 0, 8)
  octal(116, 0, 8)
  octal(124, Math.min(size, 0o77777777777), 12)
  octal(136, Math.max(0, Math.floor(mtimeMs / 1000)), 12)
  put(148, '        ', 8)
  put(156, kind, 1)
  put(157, target, 100)
  put(257, 'ustar', 6)
  put(263, '00', 2)
  octal(148, sum(block), 7)
  return block
}

function sum(block: Uint8Array): number {
  return block.reduce((total, byte) => total + byte, 0)
}

/** What an archive brought. */
export interface Imported {
  files: number
  directories: number
  links: number
  bytes: number
}

/** Unpacks an archive below `root`. Nothing in it can lead out of there. */
export async function importTar(fs: TarboxFs, source: ReadableStream<Uint8Array>, root: string): Promise<Imported> {
  const base = root.replace(/\/+$/, '')
  const input = new Input(source)
  const imported = { files: 0, directories: 0, links: 0, bytes: 0 }
  let extended = new Map<string, string>()
  await fs.mkdir(base || '/', { recursive: true })
  for (;;) {
    const block = await input.exactly(BLOCK)
    if (!block || block.every((byte) => byte === 0)) break
    const entry = parse(block)
    const size = Number(extended.get('size') ?? entry.size)
    if (entry.kind === 'x' || entry.kind === 'g' || entry.kind === 'L' || entry.kind === 'K') {
      if (size > 1 << 20) throw damaged('a header that is too long')
      const body = (await input.exactly(size)) ?? fail()
      await input.skip(-size & (BLOCK - 1))
      if (entry.kind === 'x') extended = new Map([...extended, ...records(body)])
      else if (entry.kind === 'L') extended.set('path', text(body))
      else if (entry.kind === 'K') extended.set('linkpath', text(body))
      continue
    }
    const name = inside(extended.get('path') ?? entry.name)
    const target = extended.get('linkpath') ?? entry.target
    const mtime = Number(extended.get('mtime') ?? entry.mtime)
    extended = new Map()
    const path = `${base}/${name}`
    if (name !== '') await refuseLinks(fs, base, name)
    if (entry.kind === '5') {
      if (name !== '') await fs.mkdir(path, { recursive: true })
      imported.directories += 1
    } else if (entry.kind === '2') {
      await fs.rm(path, { force: true })
      await parents(fs, path)
      await fs.symlink(target, path)
      imported.links += 1
    } else if (entry.kind === '1') {
      await fs.rm(path, { force: true })
      await fs.copy(`${base}/${inside(target)}`, path)
      imported.links += 1
    } else if (entry.kind === '0' || entry.kind === '\0' || entry.kind === '7') {
      await parents(fs, path)
      await fs.rm(path, { force: true })
      const file = await fs.open(path, 'wx', entry.mode)
      try {
        for (let done = 0; done < size; ) {
          const piece = (await input.some(Math.min(size - done, 1 << 20))) ?? fail()
          await file.write(piece, done)
          done += piece.length
        }
      } finally {
        await file.close()
      }
      await input.skip(-size & (BLOCK - 1))
      if (Number.isFinite(mtime)) await fs.utimes(path, mtime, mtime)
      imported.files += 1
      imported.bytes += size
      continue
    }
    await input.skip(size + (-size & (BLOCK - 1)))
  }
  return imported
}

async function parents(fs: TarboxFs, path: string): Promise<void> {
  const parent = path.slice(0, path.lastIndexOf('/'))
  if (parent !== '') await fs.mkdir(parent, { recursive: true })
}

/** A link among the parents could lead out of the tree. */
async function refuseLinks(fs: TarboxFs, base: string, name: string): Promise<void> {
  const parts = name.split('/')
  for (let depth = 1; depth < parts.length; depth++) {
    const path = `${base}/${parts.slice(0, depth).join('/')}`
    const stats = await fs.lstat(path).catch(() => undefined)
    if (!stats) return
    if (!stats.isDirectory()) throw damaged(`${name} goes through ${path}, which is no directory`)
  }
}

function inside(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw damaged(`the name ${name} leads out of the tree`)
  return parts.join('/')
}

function parse(block: Uint8Array) {
  const stored = octal(block, 148, 8)
  const blanked = block.slice()
  blanked.fill(32, 148, 156)
  if (sum(blanked) !== stored) throw damaged('a header with a wrong checksum')
  const prefix = text(block.subarray(257, 262)) === 'ustar' && block[263] === 48 ? text(block.subarray(345, 500)) : ''
  const name = text(block.subarray(0, 100))
  return {
    name: prefix ? `${prefix}/${name}` : name,
    mode: octal(block, 100, 8) & 0o7777,
    size: octal(block, 124, 12),
    mtime: octal(block, 136, 12),
    kind: String.fromCharCode(block[156]!),
    target: text(block.subarray(157, 257)),
  }
}

/** A number in octal, or in binary where the first bit says so. */
function octal(block: Uint8Array, at: number, room: number): number {
  if (block[at]! & 0x80) return block.subarray(at + 1, at + room).reduce((value, byte) => value * 256 + byte, 0)
  const value = Number.parseInt(text(block.subarray(at, at + room)).trim() || '0', 8)
  if (!Number.isSafeInteger(value)) throw damaged('a number that is none')
  return value
}

function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

function records(body: Uint8Array): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at)
    const length = Number(decoder.decode(body.subarray(at, space)))
    if (space < 0 || !(length > space - at) || at + length > body.length) throw damaged('an extended header that is none')
    const [key, ...value] = decoder.decode(body.subarray(space + 1, at + length - 1)).split('=')
    found.set(key!, value.join('='))
    at += length
  }
  return found
}

function damaged(what: string): TarboxError {
  return new TarboxError('EINVAL', `This is no tar archive we can unpack: ${what}.`)
}

function fail(): never {
  throw damaged('it ends in the middle')
}

/** Takes bytes from a stream in the portions asked for. */
class Input {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  #rest = new Uint8Array()

  constructor(source: ReadableStream<Uint8Array>) {
    this.#reader = source.getReader()
  }

  /** At least one byte and at most `most`; nothing at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#reader.read()
      if (done) return undefined
      this.#rest = value as Uint8Array<ArrayBuffer>
    }
    const piece = this.#rest.slice(0, most)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  async exactly(length: number): Promise<Uint8Array | undefined> {
    const all = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const piece = await this.some(length - done)
      if (!piece) return done === 0 ? undefined : fail()
      all.set(piece, done)
      done += piece.length
    }
    return all
  }

  async skip(length: number): Promise<void> {
    for (let done = 0; done < length; ) done += ((await this.some(Math.min(length - done, 1 << 20))) ?? fail()).length
  }
}
