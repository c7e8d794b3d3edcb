import { NervusDBError, codeOf } from '../errors.js'
import { FsStorage, type FileSystemSync } from '../storage/fs.js'
import { FsLock } from './fs-lock.js'
import { readHeader, writeHeader, type Header } from './header.js'
import type { PlaceOptions } from './platform.js'
import { SolePlace } from './sole-place.js'

/** A database among the files of a workspace: `<path>` and `<path>.pages`, as in Node.js. Whoever has it open keeps all others out. */
export class FsPlace extends SolePlace<FsStorage> {
  private constructor(
    private readonly fs: FileSystemSync,
    private readonly path: string,
    private readonly header: Header,
    storage: FsStorage,
    /** Undefined in a past layer, which nobody writes. */
    private readonly lock: FsLock | undefined,
  ) {
    super(storage)
  }

  static async locate(
    fs: FileSystemSync,
    path: string,
    options: PlaceOptions,
  ): Promise<{ place: FsPlace; isNew: boolean }> {
    if (typeof fs?.openSync !== 'function') {
      throw new NervusDBError(
        'INVALID_ARGUMENT',
        'the option fs must be a file system that does not wait, such as await openSync({ name }) of tarbox/sync',
      )
    }
    const known = headerOf(fs, path)
    if (known === undefined && options.mustExist)
      throw new NervusDBError('NOT_FOUND', `there is no database at ${path}`)
    const chosen = known === undefined ? options.indexDirectory : known.directory
    const directory = chosen === undefined ? `${path}.pages` : resolve(path, chosen)
    if (!fs.existsSync(directory)) {
      if (known !== undefined) {
        throw new NervusDBError(
          'NO_MANIFEST',
          `the data of ${path} is missing: restore the directory ${directory}, or delete ${path} to start over`,
        )
      }
      fs.mkdirSync(directory)
    }
    const lock = await lockOf(fs, directory)
    try {
      // Another may have made it before the lock was free.
      const isNew = headerOf(fs, path) === undefined
      const header = chosen === undefined ? {} : { directory: chosen }
      return { place: new FsPlace(fs, path, header, new FsStorage(fs, directory), lock), isNew }
    } catch (error) {
      lock?.release()
      throw error
    }
  }

  writer(): string {
    return 'this worker'
  }

  #isOpen = false

  override lockWriter(): boolean {
    if (this.lock === undefined && this.#isOpen) {
      throw new NervusDBError(
        'EROFS',
        `${this.path} is in a past layer, which is read-only; switch back to head to write`,
      )
    }
    this.#isOpen = true
    return this.lock !== undefined
  }

  override created(): void {
    const file = this.fs.openSync(this.path, 'wx')
    try {
      const bytes = writeHeader(this.header)
      this.fs.writeSync(file, bytes, 0, bytes.length, 0)
      this.fs.fsyncSync(file)
    } finally {
      this.fs.closeSync(file)
    }
  }

  override dispose(): void {
    super.dispose()
    this.lock?.release()
  }
}

async function lockOf(fs: FileSystemSync, directory: string): Promise<FsLock | undefined> {
  try {
    return await FsLock.take(fs, `${directory}/writer`)
  } catch (error) {
    if (codeOf(error) === 'EROFS') return undefined
    throw error
  }
}

function headerOf(fs: FileSystemSync, path: string): Header | undefined {
  let bytes: Uint8Array
  try {
    bytes = fs.readFileSync(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
  return readHeader(path, bytes)
}

function resolve(path: string, directory: string): string {
  if (directory.startsWith('/')) return directory
  return path.slice(0, path.lastIndexOf('/') + 1) + directory
}
