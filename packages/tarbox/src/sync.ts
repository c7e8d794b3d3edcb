/// The workspace for programs that cannot wait: in a worker of a page that is cross-origin isolated, and in Node.js.
import { refusalOfSync } from '#platform'
import { Connection } from './connection.js'
import { TarboxError } from './errors.js'
import { OpenFile } from './file.js'
import type { Result } from './link.js'
import * as native from './native.js'
import type { Mode, PathLike } from './nodefs/arguments.js'
import { constants } from './nodefs/constants.js'
import * as content from './nodefs/content.js'
import { cp } from './nodefs/cp.js'
import * as descriptors from './nodefs/descriptors.js'
import type { PartOptions, Position } from './nodefs/descriptors.js'
import { opendir } from './nodefs/dir.js'
import * as entries from './nodefs/entries.js'
import { isCode } from './nodefs/errors.js'
import { Files } from './nodefs/files.js'
import type { Content } from './nodefs/types.js'
import { initOf, type OpenOptions } from './options.js'
import { workerOf } from './remote.js'
import { Waiter } from './shared.js'
import type { BigIntStats, Entry, Stats } from './stats.js'
import { doAtOnce, type Work } from './work.js'

type StatOptions = { bigint?: boolean; throwIfNoEntry?: boolean }
type Statted<O> =
  | (O extends { bigint: true } ? BigIntStats : Stats)
  | (O extends { throwIfNoEntry: false } ? undefined : never)

/** Options of `writeFileSync` in addition to those of Node.js, as for `TarboxFs.writeFile`. */
export interface Bound {
  exclusive?: boolean
  ifVersion?: string
}

/** The functions of `node:fs` that end in `Sync`. */
export class TarboxFsSync {
  readonly constants = constants
  readonly #files = new Files()
  readonly #waiter: Waiter

  private constructor(private readonly connection: Connection) {
    this.#waiter = new Waiter(connection)
  }

  static async open(options: OpenOptions = {}): Promise<TarboxFsSync> {
    const refusal = refusalOfSync()
    if (refusal) throw new TarboxError('ENOTSUP', refusal)
    const init = initOf(options)
    return new TarboxFsSync(await Connection.open(workerOf(options.worker), init))
  }

  readonly #run = <T>(work: Work<T>): T => doAtOnce((asked): Result => this.#waiter.call(asked), work)

  readonly #sync =
    <Arguments extends unknown[], T>(call: (...given: Arguments) => Work<T>) =>
    (...given: Arguments): T =>
      this.#run(call(...given))

  /** What takes a number of an open file. */
  readonly #of =
    <Rest extends unknown[], T>(call: (file: OpenFile, ...given: Rest) => Work<T>) =>
    (fd: number, ...given: Rest): T =>
      this.#run(call(this.#files.get(fd), ...given))

  #target(target: PathLike | number): content.Target {
    return typeof target === 'number' ? this.#files.get(target) : target
  }

  accessSync = this.#sync(entries.access)
  chmodSync = this.#sync(entries.chmod)
  chownSync = this.#sync(entries.chown)
  copyFileSync = this.#sync(content.copyFile)
  cpSync = this.#sync(cp)
  existsSync = this.#sync(entries.exists)
  fchmodSync = this.#of(descriptors.fchmod)
  fchownSync = this.#of(descriptors.fchown)
  fdatasyncSync = this.#of((file) => descriptors.fsync(file, 'fdatasync'))
  fstatSync = <const O extends { bigint?: boolean } = object>(fd: number, options?: O) =>
    this.#run(descriptors.fstat(this.#files.get(fd), options))
  fsyncSync = this.#of((file) => descriptors.fsync(file))
  ftruncateSync = this.#of(content.ftruncate)
  futimesSync = this.#of(descriptors.futimes)
  lchownSync = this.#sync(entries.lchown)
  linkSync = this.#sync(entries.link)
  lutimesSync = this.#sync(entries.lutimes)
  mkdirSync = this.#sync(entries.mkdir)
  mkdtempSync = this.#sync(entries.mkdtemp)
  opendirSync = this.#sync(opendir)
  readdirSync = this.#sync(entries.readdir)
  readlinkSync = this.#sync(entries.readlink)
  readvSync = this.#of(descriptors.readv)
  realpathSync = Object.assign(this.#sync(entries.realpath), { native: this.#sync(entries.realpath) })
  rmSync = this.#sync(entries.rm)
  rmdirSync = this.#sync(entries.rmdir)
  symlinkSync = this.#sync(entries.symlink)
  truncateSync = this.#sync(content.truncate)
  unlinkSync = this.#sync(entries.unlink)
  utimesSync = this.#sync(entries.utimes)
  writevSync = this.#of(descriptors.writev)

  readFileSync<const O extends content.ReadOptions = undefined>(target: PathLike | number, options?: O): Content<O> {
    return this.#run(content.readFile(this.#target(target), options))
  }

  /** `exclusive` and `ifVersion` are those of `TarboxFs.writeFile`. */
  writeFileSync(
    target: PathLike | number,
    data: content.Data,
    options?: content.WriteOptions | (Bound & { mode?: number }),
  ): void {
    if (typeof options === 'object' && options !== null && ('exclusive' in options || 'ifVersion' in options)) {
      return this.#run(native.writeFile(String(target), native.bytesOf(data), options as native.Written))
    }
    this.#run(content.writeFile(this.#target(target), data, options as content.WriteOptions))
  }

  appendFileSync(target: PathLike | number, data: content.Data, options?: content.WriteOptions): void {
    this.#run(content.appendFile(this.#target(target), data, options))
  }

  statSync<const O extends StatOptions = object>(path: PathLike, options?: O): Statted<O> {
    return this.#unlessMissing(entries.stat(path, options), options) as Statted<O>
  }

  lstatSync<const O extends StatOptions = object>(path: PathLike, options?: O): Statted<O> {
    return this.#unlessMissing(entries.lstat(path, options), options) as Statted<O>
  }

  #unlessMissing<T>(work: Work<T>, options: StatOptions | undefined): T | undefined {
    try {
      return this.#run(work)
    } catch (error) {
      if (options?.throwIfNoEntry === false && isCode(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /** With `replace: false`, it fails with `EEXIST` if `to` exists. */
  renameSync(from: PathLike, to: PathLike, { replace = true }: { replace?: boolean } = {}): void {
    this.#run(replace ? entries.rename(from, to) : native.rename(String(from), String(to), { replace }))
  }

  openSync(path: PathLike, flags?: content.Flag | null, mode?: Mode | null): number {
    return this.#files.add(this.#run(descriptors.open(path, flags, mode)))
  }

  closeSync(fd: number): void {
    const file = this.#files.get(fd)
    this.#files.remove(fd)
    this.#run(descriptors.close(file))
  }

  /** Reads into a buffer, or a part of it, at a position or where the last call stopped, and returns the number of bytes. */
  readSync(fd: number, buffer: ArrayBufferView, offset: number, length: number, position?: Position): number
  readSync(fd: number, buffer: ArrayBufferView, options?: PartOptions | null): number
  readSync(fd: number, buffer: ArrayBufferView, ...given: (number | PartOptions | Position)[]): number {
    const file = this.#files.get(fd)
    const part = descriptors.partToReadAtOnce(buffer, given)
    return part ? this.#run(descriptors.read(file, part)) : 0
  }

  writeSync(
    fd: number,
    buffer: ArrayBufferView,
    offset?: number | PartOptions | null,
    length?: number | null,
    position?: number | null,
  ): number
  writeSync(fd: number, text: string, position?: number | null, encoding?: string | null): number
  writeSync(
    fd: number,
    data: ArrayBufferView | string,
    second?: number | PartOptions | null,
    third?: number | string | null,
    position?: number | null,
  ): number {
    const part = ArrayBuffer.isView(data)
      ? descriptors.partToWrite(data, descriptors.partOptions(second, third, position))
      : descriptors.textToWrite(data, second, third)
    return this.#run(descriptors.write(this.#files.get(fd), part))
  }

  /** The entries of a directory, sorted by name. */
  listDirectorySync(path: string): Entry[] {
    return this.#run(native.list(path))
  }

  usageSync(): native.Used {
    return this.#run(native.usage())
  }

  close(): Promise<void> {
    return this.connection.close()
  }
}

export const openSync = TarboxFsSync.open
