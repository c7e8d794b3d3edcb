import * as fs from 'node:fs'
import * as path from 'node:path'
import { syncDirectory } from 'tarbox-device/node'
import { OpenFlags, type Storage } from './storage.js'

/** Files of one directory, which is made with the first of them. */
export class NodeStorage implements Storage {
  readonly #directory: string
  readonly #open = new Set<number>()
  /** Files whose names may not be durable yet. */
  readonly #fresh = new Set<number>()

  constructor(directory: string) {
    this.#directory = path.resolve(directory)
  }

  open(name: string, flags: number): number {
    const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL } = fs.constants
    const where = this.#path(name)
    const access = (flags & OpenFlags.readOnly) !== 0 ? O_RDONLY : O_RDWR
    let file: number
    try {
      file = fs.openSync(where, access)
      if ((flags & OpenFlags.createNew) !== 0) {
        fs.closeSync(file)
        throw Object.assign(new Error(`EEXIST: the file exists: ${where}`), { code: 'EEXIST' })
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || (flags & OpenFlags.create) === 0) throw error
      this.#makeDirectory(path.dirname(where))
      file = fs.openSync(where, access | O_CREAT | ((flags & OpenFlags.createNew) !== 0 ? O_EXCL : 0), 0o666)
      this.#fresh.add(file)
    }
    this.#open.add(file)
    return file
  }

  close(file: number): void {
    if (!this.#open.delete(file)) return
    this.#fresh.delete(file)
    fs.closeSync(file)
  }

  read(file: number, target: Uint8Array, offset: number): number {
    let filled = 0
    while (filled < target.length) {
      const count = fs.readSync(file, target, filled, target.length - filled, offset + filled)
      if (count === 0) break
      filled += count
    }
    return filled
  }

  write(file: number, source: Uint8Array, offset: number): void {
    let written = 0
    while (written < source.length) {
      written += fs.writeSync(file, source, written, source.length - written, offset + written)
    }
  }

  truncate(file: number, length: number): void {
    fs.ftruncateSync(file, length)
  }

  sync(file: number): void {
    fs.fdatasyncSync(file)
    if (this.#fresh.delete(file)) this.syncNames()
  }

  length(file: number): number {
    return fs.fstatSync(file).size
  }

  exists(name: string): boolean {
    return fs.existsSync(this.#path(name))
  }

  delete(name: string): void {
    fs.unlinkSync(this.#path(name))
  }

  list(prefix: string): string[] {
    const root = prefix.slice(0, prefix.indexOf('/') + 1)
    return filesIn(this.#directory)
      .map((name) => root + name)
      .filter((name) => name.startsWith(prefix))
  }

  syncNames(): void {
    syncDirectory(this.#directory)
  }

  dispose(): void {
    for (const file of [...this.#open]) this.close(file)
  }

  /** The engine's names begin with a directory of its own; here the whole directory is its own. */
  #path(name: string): string {
    return path.join(this.#directory, name.slice(name.indexOf('/') + 1))
  }

  #makeDirectory(directory: string): void {
    if (fs.existsSync(directory)) return
    // Not its parents: a mistyped path is better refused than made.
    fs.mkdirSync(directory)
    syncDirectory(path.dirname(directory))
  }
}

/** The files in and below a directory, by `/`-separated names. What goes away meanwhile, locks above all, is as good as gone before. */
function filesIn(directory: string): string[] {
  let entries: fs.Dirent[]
  try {
    entries = fs.readdirSync(directory, { withFileTypes: true })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
  return entries.flatMap((entry) => {
    if (entry.isDirectory()) return filesIn(path.join(directory, entry.name)).map((name) => `${entry.name}/${name}`)
    return entry.isFile() ? [entry.name] : []
  })
}
