import * as fs from 'node:fs'
import * as path from 'node:path'
import { codeOf } from '../code.js'
import { DeviceError } from '../errors.js'
import type { Handle } from '../handle.js'
import type { SlotFiles, SlotStore } from '../slots.js'
import { Descriptors, FileSlot } from './file-slot.js'
import { Layout } from './layout.js'
import { Ownership } from './ownership.js'
import { FileReserve } from './reserve.js'
import { syncDirectory } from './sync-directory.js'

/** Slots without a file that there are at first. */
const FREE = 6

/**
 * The files of a database as native programs have them, as the slots of a pool: a slot's file is made, renamed and removed as its header
 * is written. Whoever has opened it has the database alone.
 */
export class FileSlots implements SlotStore {
  readonly reserve: FileReserve
  /** Whether there was no database yet when it was opened. */
  isNew = false
  readonly #layout: Layout
  readonly #ownership: Ownership
  readonly #descriptors = new Descriptors()
  #count = 0
  #hasMadeBlocks = false

  /** `name` is what the module calls the database. */
  constructor(
    readonly label: string,
    name: string,
  ) {
    this.#layout = new Layout(label, name)
    this.#ownership = new Ownership(this.#layout)
    this.reserve = new FileReserve(this.#layout.blocks)
  }

  async open(): Promise<SlotFiles> {
    const { database, blocks } = this.#layout
    try {
      refuseOther(database)
    } catch (error) {
      // Whoever is making a database has made the directory before.
      if (!fs.existsSync(blocks)) throw error
    }
    this.#hasMadeBlocks = makeDirectory(blocks)
    try {
      await this.#ownership.take()
      // Only now it stays as it is.
      this.isNew = refuseOther(database)
      this.reserve.fill()
      const names: (string | undefined)[] = this.#layout.names()
      return [...names, ...Array<undefined>(FREE)].map((name) => this.#slot(name))
    } catch (error) {
      this.close()
      throw error
    }
  }

  async create(): Promise<[string, Handle]> {
    return this.#slot()
  }

  async room(): Promise<number> {
    const { bavail, bsize } = fs.statfsSync(this.#layout.blocks)
    return bavail * bsize
  }

  #slot(name?: string): [string, Handle] {
    return [`slot ${this.#count++}`, new FileSlot(this.#layout, this.#descriptors, name)]
  }

  async remove(): Promise<void> {}

  async destroy(): Promise<void> {
    for (const name of this.#layout.names()) fs.rmSync(this.#layout.pathOf(name), { force: true })
    syncDirectory(path.dirname(this.#layout.database))
  }

  /** Lets others have the database. */
  close(): void {
    this.#ownership.release()
    if (!this.#hasMadeBlocks || fs.existsSync(this.#layout.database)) return
    // Nothing came of it.
    fs.rmSync(path.join(this.#layout.blocks, 'reserve'), { recursive: true, force: true })
    removeIfEmpty(this.#layout.blocks)
  }
}

const MAGIC = 'SQLite format 3\0'
const APPLICATION = 'TARB'

/** Whether there is no database yet. What is something else is refused, and stays as it is. */
function refuseOther(file: string): boolean {
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  if (stat === undefined || (stat.isFile() && stat.size === 0)) return true
  if (stat.isDirectory()) throw Object.assign(new Error(`${file}: a directory is not a database`), { code: 'EISDIR' })
  if (!stat.isFile()) throw new DeviceError('EINVAL', `${file}: the file is not a Tarbox database`)
  const header = Buffer.alloc(72)
  const descriptor = fs.openSync(file, 'r+')
  try {
    fs.readSync(descriptor, header, 0, header.length, 0)
  } finally {
    fs.closeSync(descriptor)
  }
  const application = header.toString('latin1', 68, 72)
  const isInLog = application === '\0\0\0\0' && (fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
  if (header.toString('latin1', 0, 16) !== MAGIC || (application !== APPLICATION && !isInLog))
    throw new DeviceError('EINVAL', `${file}: the file is not a Tarbox database`)
  return false
}

/** Makes a directory, but not its parents: a mistyped path is better refused than made. Answers whether it did. */
function makeDirectory(directory: string): boolean {
  try {
    fs.mkdirSync(directory)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
  syncDirectory(path.dirname(directory))
  return true
}

function removeIfEmpty(directory: string): void {
  try {
    fs.rmdirSync(directory)
  } catch {
    // Another has begun to use it.
  }
}
