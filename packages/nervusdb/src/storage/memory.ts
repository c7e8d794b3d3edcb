import { OpenFlags, posixError, type Storage } from './storage.js'

class MemoryFile {
  bytes = new Uint8Array(0)
  length = 0

  reserve(length: number): void {
    if (length > this.bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.bytes.length * 2, 4096))
      grown.set(this.bytes.subarray(0, this.length))
      this.bytes = grown
    }
  }
}

/** Files in memory, gone with the object. */
export class MemoryStorage implements Storage {
  readonly #files = new Map<string, MemoryFile>()
  readonly #open = new Map<number, MemoryFile>()
  #next = 1

  open(name: string, flags: number): number {
    let file = this.#files.get(name)
    if (file === undefined) {
      if ((flags & OpenFlags.create) === 0) throw posixError('ENOENT', `no such file: ${name}`)
      file = new MemoryFile()
      this.#files.set(name, file)
    } else if ((flags & OpenFlags.createNew) !== 0) {
      throw posixError('EEXIST', `the file exists: ${name}`)
    }
    const number = this.#next++
    this.#open.set(number, file)
    return number
  }

  close(file: number): void {
    this.#open.delete(file)
  }

  read(file: number, target: Uint8Array, offset: number): number {
    const { bytes, length } = this.#file(file)
    const end = Math.min(length, offset + target.length)
    if (end <= offset) return 0
    target.set(bytes.subarray(offset, end))
    return end - offset
  }

  write(file: number, source: Uint8Array, offset: number): void {
    const target = this.#file(file)
    const end = offset + source.length
    target.reserve(end)
    target.bytes.set(source, offset)
    target.length = Math.max(target.length, end)
  }

  truncate(file: number, length: number): void {
    const target = this.#file(file)
    target.reserve(length)
    if (length < target.length) target.bytes.fill(0, length, target.length)
    target.length = length
  }

  sync(): void {}

  length(file: number): number {
    return this.#file(file).length
  }

  exists(name: string): boolean {
    return this.#files.has(name)
  }

  delete(name: string): void {
    if (!this.#files.delete(name)) throw posixError('ENOENT', `no such file: ${name}`)
  }

  list(prefix: string): string[] {
    return [...this.#files.keys()].filter((name) => name.startsWith(prefix))
  }

  syncNames(): void {}

  dispose(): void {
    this.#files.clear()
    this.#open.clear()
  }

  #file(number: number): MemoryFile {
    const file = this.#open.get(number)
    if (file === undefined) throw posixError('EBADF', `no open file has the number ${number}`)
    return file
  }
}
