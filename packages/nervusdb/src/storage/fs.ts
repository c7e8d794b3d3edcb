import { OpenFlags, type Storage } from './storage.js'

/** What a database needs of a file system: the part of `node:fs` that ends in `Sync`, as `TarboxFsSync` of the package tarbox has it. */
export interface FileSystemSync {
  openSync(path: string, flags: string): number
  closeSync(fd: number): void
  readSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number
  writeSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number
  ftruncateSync(fd: number, length: number): void
  fsyncSync(fd: number): void
  fstatSync(fd: number): { size: number }
  existsSync(path: string): boolean
  readFileSync(path: string): Uint8Array
  unlinkSync(path: string): void
  readdirSync(path: string): string[]
  mkdirSync(path: string): unknown
  renameSync(from: string, to: string): void
  rmdirSync(path: string): void
}

/** The files of one directory of a file system that makes names durable with the contents of a file, as a workspace does. */
export class FsStorage implements Storage {
  readonly #open = new Set<number>()

  constructor(
    private readonly fs: FileSystemSync,
    private readonly directory: string,
  ) {}

  open(name: string, flags: number): number {
    const where = this.#path(name)
    const file = this.fs.openSync(where, this.#flags(where, flags))
    this.#open.add(file)
    return file
  }

  #flags(where: string, flags: number): string {
    if ((flags & OpenFlags.readOnly) !== 0) return 'r'
    if ((flags & OpenFlags.createNew) !== 0) return 'wx+'
    // The one writer of the directory has looked: nobody else makes the file in between.
    return (flags & OpenFlags.create) !== 0 && !this.fs.existsSync(where) ? 'wx+' : 'r+'
  }

  close(file: number): void {
    if (this.#open.delete(file)) this.fs.closeSync(file)
  }

  read(file: number, target: Uint8Array, offset: number): number {
    let filled = 0
    while (filled < target.length) {
      const count = this.fs.readSync(file, target, filled, target.length - filled, offset + filled)
      if (count === 0) break
      filled += count
    }
    return filled
  }

  write(file: number, source: Uint8Array, offset: number): void {
    for (let written = 0; written < source.length; )
      written += this.fs.writeSync(file, source, written, source.length - written, offset + written)
  }

  truncate(file: number, length: number): void {
    this.fs.ftruncateSync(file, length)
  }

  sync(file: number): void {
    this.fs.fsyncSync(file)
  }

  length(file: number): number {
    return this.fs.fstatSync(file).size
  }

  exists(name: string): boolean {
    return this.fs.existsSync(this.#path(name))
  }

  delete(name: string): void {
    this.fs.unlinkSync(this.#path(name))
  }

  /** What else is in the directory has no name that the engine would take for its own. */
  list(prefix: string): string[] {
    const root = prefix.slice(0, prefix.indexOf('/') + 1)
    if (!this.fs.existsSync(this.directory)) return []
    return this.fs
      .readdirSync(this.directory)
      .map((name) => root + name)
      .filter((name) => name.startsWith(prefix))
  }

  /** Names become durable with the next sync of a file, and none of them is needed before. */
  syncNames(): void {}

  dispose(): void {
    for (const file of [...this.#open]) this.close(file)
  }

  /** The engine's names begin with a directory of its own; here the whole directory is its own. */
  #path(name: string): string {
    return `${this.directory}/${name.slice(name.indexOf('/') + 1)}`
  }
}
