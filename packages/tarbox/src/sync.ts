/// The workspace for programs that cannot wait: in a worker of a page that is cross-origin isolated.
import { textOf } from 'tarbox-device'
import { exactText, TarboxError } from './errors.js'
import { openFlags, type OpenMode } from './file.js'
import { json } from './layers.js'
import type { Failure, FromWorker, ToWorker } from './messages.js'
import { initOf, type OpenOptions } from './options.js'
import { Op } from './protocol.js'
import { end, type Remote, workerOf } from './remote.js'
import { HEADER } from './shared.js'
import { entries, type Entry, Stats } from './stats.js'

/** Bytes that a reply has room for at first. */
const ROOM = 1 << 20
const NAMES = new Map<number, string>(Object.entries(Op).map(([name, op]) => [op, name]))

interface Request {
  first?: string
  second?: string
  numbers?: number[]
  data?: Uint8Array
}

/** Functions like those of `node:fs` that end in `Sync`. */
export class TarboxFsSync {
  #buffer = new SharedArrayBuffer(HEADER + ROOM)

  private constructor(private readonly remote: Remote) {}

  static async open(options: OpenOptions = {}): Promise<TarboxFsSync> {
    if (!globalThis.crossOriginIsolated || typeof document !== 'undefined') {
      throw new TarboxError(
        'ENOTSUP',
        'Synchronous calls need a worker in a page that is cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, as `tarbox dev` does.',
      )
    }
    const init = initOf(options)
    const at = workerOf(options.worker)
    await new Promise<void>((resolve, reject) => {
      if ('onerror' in at) at.onerror = (event) => reject(new TarboxError('EIO', `The worker could not start: ${event.message}`))
      at.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if ('ready' in data) resolve()
        else if ('failed' in data) reject(TarboxError.of(data.failed, 'open', init.name))
      }
      at.postMessage({ init } satisfies ToWorker)
    })
    return new TarboxFsSync(at)
  }

  #call(op: Op, { first = '', second = '', numbers = [], data }: Request): { value: number; bytes: Uint8Array<ArrayBuffer> } {
    for (;;) {
      const buffer = this.#buffer
      const words = new Int32Array(buffer, 0, 2)
      words[0] = 0
      const [one = 0, two = 0, three = 0] = numbers
      this.remote.postMessage({ sync: { call: { id: 0, op, first, second, numbers: [one, two, three], ...(data && { data }) }, buffer } } satisfies ToWorker)
      Atomics.wait(words, 0, 0)
      const length = words[1]!
      if (words[0] === 3) {
        // The reply did not fit. Only reading gives that much, and can be done again.
        this.#buffer = new SharedArrayBuffer(HEADER + length)
        continue
      }
      const bytes = new Uint8Array(length)
      bytes.set(new Uint8Array(buffer, HEADER, length))
      if (words[0] === 2) throw TarboxError.of(JSON.parse(new TextDecoder().decode(bytes)) as Failure, NAMES.get(op) ?? '', first)
      return { value: new Float64Array(buffer, 8, 1)[0]!, bytes }
    }
  }

  readFileSync(path: string, encoding: 'utf8'): string
  readFileSync(path: string): Uint8Array<ArrayBuffer>
  readFileSync(path: string, encoding?: 'utf8'): string | Uint8Array {
    const { bytes } = this.#call(Op.readFile, { first: path, numbers: [0, Infinity] })
    return encoding ? textOf(bytes) : bytes
  }

  /** `exclusive` and `ifVersion` are those of `TarboxFs.writeFile`. */
  writeFileSync(path: string, data: string | Uint8Array, { mode = 0o644, exclusive = false, ifVersion = '' } = {}): void {
    this.#call(Op.writeFile, { first: path, second: ifVersion, numbers: [mode, Number(exclusive)], data: encoded(data) })
  }

  appendFileSync(path: string, data: string | Uint8Array, { mode = 0o644 } = {}): void {
    this.#call(Op.appendFile, { first: path, numbers: [mode], data: encoded(data) })
  }

  existsSync(path: string): boolean {
    try {
      this.#call(Op.stat, { first: path })
      return true
    } catch {
      return false
    }
  }

  statSync(path: string): Stats {
    return new Stats(this.#call(Op.stat, { first: path }).bytes)
  }

  lstatSync(path: string): Stats {
    return new Stats(this.#call(Op.lstat, { first: path }).bytes)
  }

  readdirSync(path: string): string[] {
    return this.listDirectorySync(path).map(({ name }) => name)
  }

  listDirectorySync(path: string): Entry[] {
    return entries(this.#call(Op.list, { first: path }).bytes)
  }

  mkdirSync(path: string, { recursive = false, mode = 0o755 } = {}): void {
    this.#call(Op.mkdir, { first: path, numbers: [mode, Number(recursive)] })
  }

  rmSync(path: string, { recursive = false, force = false } = {}): void {
    this.#call(Op.remove, { first: path, numbers: [Number(recursive), Number(force)] })
  }

  unlinkSync(path: string): void {
    this.rmSync(path)
  }

  rmdirSync(path: string): void {
    this.#call(Op.rmdir, { first: path })
  }

  renameSync(from: string, to: string, { replace = true } = {}): void {
    this.#call(Op.rename, { first: from, second: to, numbers: [Number(!replace)] })
  }

  copyFileSync(from: string, to: string): void {
    this.#call(Op.copy, { first: from, second: to })
  }

  /** Also directories, with `recursive`; `errorOnExist` fails with `EEXIST` if there is something at `to`. */
  cpSync(from: string, to: string, { recursive = false, errorOnExist = false } = {}): void {
    this.#call(Op.copy, { first: from, second: to, numbers: [Number(errorOnExist), Number(recursive)] })
  }

  symlinkSync(target: string, path: string): void {
    this.#call(Op.symlink, { first: target, second: path })
  }

  readlinkSync(path: string): string {
    return exactText(this.#call(Op.readlink, { first: path }).bytes, 'readlink', path)
  }

  truncateSync(path: string, length = 0): void {
    this.#call(Op.truncate, { first: path, numbers: [length] })
  }

  utimesSync(path: string, atime: number, mtime: number): void {
    this.#call(Op.utimes, { first: path, numbers: [atime * 1000, mtime * 1000] })
  }

  chmodSync(path: string, mode: number): void {
    this.#call(Op.chmod, { first: path, numbers: [mode] })
  }

  openSync(path: string, mode: OpenMode = 'r', permissions = 0o644): number {
    return this.#call(Op.open, { first: path, numbers: [openFlags(mode), permissions] }).value
  }

  /** Reads into `buffer` from `position` on, and says how many bytes. */
  readSync(file: number, buffer: Uint8Array, position: number): number {
    const { bytes } = this.#call(Op.read, { numbers: [file, position, buffer.length] })
    buffer.set(bytes)
    return bytes.length
  }

  writeSync(file: number, data: Uint8Array | string, position = -1): number {
    return this.#call(Op.write, { numbers: [file, position], data: encoded(data) }).value
  }

  closeSync(file: number): void {
    this.#call(Op.close, { numbers: [file] })
  }

  usageSync(): { bytes: number; inodes: number; layers: number } {
    return json<{ usage: { bytes: number; inodes: number; layers: number } }>(this.#call(Op.usage, {})).usage
  }

  async close(): Promise<void> {
    const failed = await new Promise<Failure | undefined>((resolve) => {
      this.remote.onmessage = ({ data }: MessageEvent<FromWorker>) => 'closed' in data && resolve(data.closed)
      this.remote.postMessage({ close: true } satisfies ToWorker)
    })
    end(this.remote)
    if (failed) throw TarboxError.of(failed, 'close')
  }
}

function encoded(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? new TextEncoder().encode(data) : data
}

export const openSync = TarboxFsSync.open
