import * as fs from 'node:fs'
import * as path from 'node:path'
import { codeOf } from '../code.js'
import type { Handle } from '../handle.js'
import type { Layout } from './layout.js'
import { syncDirectory } from './sync-directory.js'

/** Where contents begin in a slot, how much of what is before them means something, and the parts of that: `sahpool/header.rs`. */
const DATA = 4096
const HEADER = 524
const FLAGS = 512
/** The flags of a file without a digest. */
const MAIN_DB = 0x100

/** Files that are open at the same time. */
const OPEN = 200

/** The descriptors of slots: a database has many segments, and a process few descriptors. */
export class Descriptors {
  readonly #open = new Map<FileSlot, number>()

  get(slot: FileSlot): number | undefined {
    return this.#open.get(slot)
  }

  add(slot: FileSlot, descriptor: number): number {
    this.close(slot)
    if (this.#open.size >= OPEN) {
      for (const other of this.#open.keys()) {
        if (!other.isIdle) continue
        this.close(other)
        break
      }
    }
    this.#open.set(slot, descriptor)
    return descriptor
  }

  close(slot: FileSlot): void {
    const descriptor = this.#open.get(slot)
    if (descriptor === undefined) return
    this.#open.delete(slot)
    fs.closeSync(descriptor)
  }
}

/** A slot whose contents are a file of its own, which has the name that the slot's header says. The header itself is stored nowhere. */
export class FileSlot implements Handle {
  readonly #header = new Uint8Array(HEADER)
  #name: string | undefined
  /** Whether something was written that may not be on the device. */
  #isDirty = false
  /** Directories whose entries may not be. */
  readonly #changed = new Set<string>()

  constructor(
    private readonly layout: Layout,
    private readonly descriptors: Descriptors,
    name?: string,
  ) {
    if (name === undefined) return
    this.#header.set(new TextEncoder().encode(`/${name}`))
    new DataView(this.#header.buffer).setUint32(FLAGS, MAIN_DB)
    this.#name = name
    // Whoever made it may not have come to make its name durable.
    this.#changed.add(path.dirname(layout.pathOf(name)))
  }

  /** Whether its file can be closed, and opened again by its name. */
  get isIdle(): boolean {
    return this.#name !== undefined && !this.#isDirty
  }

  read(to: Uint8Array, { at }: { at: number }): number {
    if (at < DATA) {
      const part = this.#header.subarray(at, at + to.length)
      to.set(part)
      return part.length
    }
    const file = this.#file()
    if (file === undefined) return 0
    let done = 0
    while (done < to.length) {
      const count = fs.readSync(file, to, done, to.length - done, at - DATA + done)
      if (count === 0) break
      done += count
    }
    return done
  }

  write(from: Uint8Array, { at }: { at: number }): number {
    if (at < DATA) {
      this.#header.set(from, at)
      this.#follow()
      return from.length
    }
    this.#isDirty = true
    return fs.writeSync(this.#there(), from, 0, from.length, at - DATA)
  }

  truncate(length: number): void {
    if (this.#name === undefined && length <= DATA) {
      this.#isDirty = false
      return this.descriptors.close(this)
    }
    this.#isDirty = true
    fs.ftruncateSync(this.#there(), Math.max(0, length - DATA))
  }

  flush(): void {
    if (this.#isDirty) {
      const file = this.#file()
      if (file !== undefined) fs.fdatasyncSync(file)
      this.#isDirty = false
    }
    for (const directory of this.#changed) {
      try {
        syncDirectory(directory)
      } catch (error) {
        // It went with its last file.
        if (codeOf(error) !== 'ENOENT') throw error
      }
      this.#changed.delete(directory)
    }
  }

  getSize(): number {
    const file = this.#file()
    return file === undefined ? DATA : DATA + fs.fstatSync(file).size
  }

  close(): void {
    this.descriptors.close(this)
  }

  #there(): number {
    const file = this.#file()
    if (file === undefined) throw new DOMException('the slot holds no file', 'InvalidStateError')
    return file
  }

  #file(): number | undefined {
    const open = this.descriptors.get(this)
    if (open !== undefined || this.#name === undefined) return open
    return this.descriptors.add(this, fs.openSync(this.layout.pathOf(this.#name), 'r+'))
  }

  /** Does to the file what was done to the header. */
  #follow(): void {
    const name = this.#nameInHeader()
    if (name === this.#name) return
    if (name === undefined) return this.#remove()
    try {
      if (this.#name === undefined) this.#make(name)
      else fs.renameSync(this.layout.pathOf(this.#name), this.#place(name))
    } catch (error) {
      if (this.#name === undefined) this.#header.fill(0)
      throw error
    }
    this.#name = name
  }

  #nameInHeader(): string | undefined {
    const end = this.#header.indexOf(0)
    if (end === 0) return undefined
    return new TextDecoder().decode(this.#header.subarray(0, end < 0 ? FLAGS : Math.min(end, FLAGS))).replace(/^\//, '')
  }

  #make(name: string): void {
    const file = fs.openSync(this.#place(name), 'wx+', 0o644)
    this.descriptors.add(this, file)
    this.#isDirty = true
  }

  /** The path of a new name, whose directory is made if it has none. */
  #place(name: string): string {
    const place = this.layout.pathOf(name)
    const directory = path.dirname(place)
    if (!fs.existsSync(directory)) {
      fs.mkdirSync(directory)
      this.#changed.add(path.dirname(directory))
    }
    this.#changed.add(directory)
    return place
  }

  /** Who has it open goes on with the file that has no name. */
  #remove(): void {
    this.#file()
    const place = this.layout.pathOf(this.#name!)
    fs.unlinkSync(place)
    this.#name = undefined
    const directory = path.dirname(place)
    this.#changed.add(directory)
    if (path.dirname(directory) !== this.layout.blocks) return
    try {
      fs.rmdirSync(directory)
      this.#changed.delete(directory)
      this.#changed.add(this.layout.blocks)
    } catch {
      // Others are in it.
    }
  }
}
