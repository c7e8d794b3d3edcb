import type { ModuleSource } from 'tarbox-device'
import { NervusDBError, codeOf } from '../errors.js'
import { OpfsStorage } from '../storage/opfs.js'
import type { PlaceOptions } from './platform.js'
import { SolePlace } from './sole-place.js'

/** A database in the browser's private file system: the directory `<path>.pages`, whose handles let one worker have it at a time. */
export class OpfsPlace extends SolePlace<OpfsStorage> {
  /** `pool` is the module that finds files in the handles of the directory. */
  static async locate(
    path: string,
    options: PlaceOptions,
    pool: () => Promise<ModuleSource>,
  ): Promise<{ place: OpfsPlace; isNew: boolean }> {
    const parts = await findDirectory(path, options)
    const storage = await opened(parts.join('/'), pool)
    try {
      const isNew = !['graph/manifest-0', 'graph/manifest-1'].some((name) => storage.exists(name))
      if (isNew) refuseDamage(storage, parts)
      return { place: new OpfsPlace(storage), isNew }
    } catch (error) {
      storage.dispose()
      throw error
    }
  }

  writer(): string {
    return 'this worker'
  }

  maintain(): Promise<void> {
    return this.storage.maintain()
  }
}

/** The names of the directory, which is there afterwards; its parents have to be. */
async function findDirectory(path: string, options: PlaceOptions): Promise<string[]> {
  const storage = (globalThis.navigator as Navigator | undefined)?.storage
  if (typeof storage?.getDirectory !== 'function') {
    throw new NervusDBError('UNSUPPORTED', 'this browser has no private file system; open :memory: instead')
  }
  const parts = `${options.indexDirectory ?? `${path}.pages`}`.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..'))
    throw new NervusDBError('INVALID_ARGUMENT', `the path ${path} leads out of the private file system`)
  let directory = await storage.getDirectory()
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1
    try {
      directory = await directory.getDirectoryHandle(part, { create: isLast && !options.mustExist })
    } catch (cause) {
      const code = isLast ? 'NOT_FOUND' : 'ENOENT'
      throw new NervusDBError(
        code,
        `there is no ${isLast ? 'database' : 'directory'} at ${parts.slice(0, index + 1).join('/')}`,
        { cause },
      )
    }
  }
  for await (const name of (directory as unknown as { keys(): AsyncIterable<string> }).keys()) {
    if (!/^slot-\d+$/.test(name)) continue
    const where = parts.join('/')
    throw new NervusDBError(
      'VERSION',
      `${where} has files of an early version of this package, which only that version can read; export the facts with it, or remove ${where}`,
    )
  }
  return parts
}

async function opened(directory: string, pool: () => Promise<ModuleSource>): Promise<OpfsStorage> {
  try {
    return await OpfsStorage.open(directory, await pool())
  } catch (cause) {
    const message = (cause as Error).message
    switch (codeOf(cause)) {
      case 'EBUSY':
        throw new NervusDBError(
          'LOCKED',
          `the database is in use: another tab or worker has it open; close it there (exclusive lock). ${message}`,
          { cause },
        )
      case 'ENOTSUP':
        throw new NervusDBError('UNSUPPORTED', `${message} Or open :memory: here.`, { cause })
      default:
        throw cause
    }
  }
}

/** A new database must not be made over what may be one. */
function refuseDamage(storage: OpfsStorage, parts: readonly string[]): void {
  const damaged = storage.damaged()
  if (damaged.length === 0) return
  const files = damaged
    .map(({ file, reason, path }) => `${file}${path === '' ? '' : ` (${path})`}: ${reason}`)
    .join('; ')
  const where = parts.join('/')
  throw new NervusDBError(
    'CORRUPT',
    `the database in ${where} has no manifest, and files that are damaged: ${files}; restore ${where}, or remove it to start over`,
  )
}
