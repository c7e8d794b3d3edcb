import { randomUUID } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { fileLock, type FileLock, forget, releaseOnExit, syncDirectory } from 'tarbox-device/node'
import { NervusDBError, codeOf } from '../errors.js'
import { NodeStorage } from '../storage/node.js'
import { readHeader, writeHeader, type Header } from './header.js'
import type { Place, PlaceOptions } from './platform.js'

const RETRY_AFTER_MS = [100, 200, 400]
/** Readers announced longer ago do not count. */
export const READER_FRESH_MS = 30_000

/** A database in files: `<path>`, a small file that says what it is, and a directory with everything else. */
export class NodePlace implements Place {
  readonly storage: NodeStorage
  readonly #path: string
  readonly #directory: string
  /** As it was given, if it was. */
  readonly #chosen: string | undefined
  readonly #writer: FileLock
  #exclusive: FileLock | undefined

  readonly #signature = randomUUID()
  #wasLastWriter = false

  /** Until it can be found by its path. */
  #isNew: boolean

  private constructor(file: string, directory: string, chosen: string | undefined, isNew: boolean) {
    this.#isNew = isNew
    this.#path = file
    this.#directory = directory
    this.#chosen = chosen
    this.storage = new NodeStorage(directory)
    this.#writer = fileLock(path.join(directory, 'writer'))
  }

  static async locate(file: string, options: PlaceOptions): Promise<{ place: NodePlace; isNew: boolean }> {
    const where = path.resolve(file)
    const header = headerOf(where)
    const isNew = header === undefined
    if (isNew && options.mustExist) {
      throw new NervusDBError('NOT_FOUND', `there is no database at ${file}`)
    }
    const chosen = isNew ? options.indexDirectory : header.directory
    const directory = chosen === undefined ? `${where}.pages` : path.resolve(path.dirname(where), chosen)
    if (!isNew && !fs.existsSync(directory)) {
      throw new NervusDBError(
        'NO_MANIFEST',
        `the data of ${file} is missing: restore the directory ${directory}, or delete ${file} to start over`,
      )
    }
    if (isNew) checkParent(where)
    const place = new NodePlace(where, directory, chosen, isNew)
    if (options.enableLock) await place.#lockExclusively(file)
    return { place, isNew }
  }

  async #lockExclusively(file: string): Promise<void> {
    const lock = fileLock(`${this.#path}.lock`)
    for (const wait of [...RETRY_AFTER_MS, undefined]) {
      if (lock.take()) {
        this.#exclusive = lock
        releaseOnExit(lock)
        return
      }
      if (wait !== undefined) await new Promise((resolve) => setTimeout(resolve, wait))
    }
    throw new NervusDBError(
      'LOCKED',
      `the database ${file} is in use: ${lock.holder()} holds the lock ${this.#path}.lock; close it there, or delete the lock if no such process is running on any machine that uses these files`,
    )
  }

  identity(): string | undefined {
    try {
      const { dev, ino } = fs.statSync(this.#path)
      return `${dev}:${ino}`
    } catch {
      return undefined
    }
  }

  epoch(): string {
    return ['manifest-0', 'manifest-1'].map((name) => contentOf(path.join(this.#directory, name))).join('|')
  }

  lockWriter(): boolean {
    if (this.#isNew && !fs.existsSync(this.#directory)) {
      fs.mkdirSync(this.#directory)
      syncDirectory(path.dirname(this.#directory))
    }
    if (!this.#writer.take()) return false
    try {
      this.#signAsLast()
    } catch (error) {
      this.#writer.release()
      throw error
    }
    return true
  }

  get wasLastWriter(): boolean {
    return this.#wasLastWriter
  }

  /** Leaves a name that the one before finds when it comes back. */
  #signAsLast(): void {
    const file = path.join(this.#directory, 'last-writer')
    this.#wasLastWriter = contentOf(file) === this.#signature
    if (this.#wasLastWriter) return
    try {
      fs.writeFileSync(file, this.#signature)
    } catch {
      // On a full device, no name is as good as one of another.
      fs.rmSync(file, { force: true })
    }
  }

  unlockWriter(): void {
    this.#writer.release()
  }

  writer(): string {
    return this.#writer.holder()
  }

  created(): void {
    const directory = this.#chosen === undefined ? undefined : path.relative(path.dirname(this.#path), this.#directory)
    const file = fs.openSync(this.#path, 'wx', 0o666)
    try {
      fs.writeSync(file, writeHeader(directory === undefined ? {} : { directory }))
      fs.fsyncSync(file)
    } finally {
      fs.closeSync(file)
    }
    syncDirectory(path.dirname(this.#path))
    this.#isNew = false
  }

  registerReader(): () => void {
    const name = path.join(
      this.#directory,
      'readers',
      `${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2, 8)}.reader`,
    )
    try {
      fs.mkdirSync(path.dirname(name), { recursive: true })
      fs.writeFileSync(name, '')
    } catch {
      // Whoever may only read cannot announce it either.
      return () => {}
    }
    return () => fs.rmSync(name, { force: true })
  }

  dispose(): void {
    this.storage.dispose()
    this.#writer.release()
    if (this.#exclusive !== undefined) {
      this.#exclusive.release()
      forget(this.#exclusive)
    }
    if (this.#isNew) removeIfEmpty(this.#directory)
  }
}

/** After a creation that failed, nothing is left behind. */
function removeIfEmpty(directory: string): void {
  try {
    fs.rmdirSync(directory)
  } catch {
    // It holds something, or was never made.
  }
}

/** What the file at the path says; undefined if there is none. */
function headerOf(file: string): Header | undefined {
  let bytes: Buffer
  try {
    bytes = fs.readFileSync(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new NervusDBError(codeOf(error) ?? 'EIO', `cannot open ${file} as a database: ${(error as Error).message}`, {
      cause: error,
    })
  }
  return readHeader(file, bytes)
}

function checkParent(file: string): void {
  const parent = path.dirname(file)
  try {
    fs.accessSync(parent, fs.constants.W_OK)
  } catch (error) {
    throw new NervusDBError(codeOf(error) ?? 'EIO', `cannot create ${file}: ${(error as Error).message}`, {
      cause: error,
    })
  }
}

function contentOf(file: string): string {
  try {
    return fs.readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
