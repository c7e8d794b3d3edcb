/// Names and attributes.
import * as native from '../native.js'
import type { BigIntStats, Entry, Stats } from '../stats.js'
import type { Work } from '../work.js'
import {
  boolean,
  integer,
  type Mode,
  modeOf,
  object,
  optionsOf,
  owner,
  type PathLike,
  pathOf,
  threeBits,
  type Time,
  timeOf,
} from './arguments.js'
import { constants } from './constants.js'
import { Dirent } from './dirent.js'
import { named } from './encoding.js'
import { calling, isCode, plainError, SystemError, systemError } from './errors.js'
import { join } from './paths.js'
import type { Encoded, EncodingOption, Listed, Name } from './types.js'

type Statted<O> = O extends { bigint: true } ? BigIntStats : Stats

export function* stat<const O extends { bigint?: boolean } = object>(path: PathLike, options?: O): Work<Statted<O>> {
  const name = pathOf(path)
  const stats = yield* calling({ syscall: 'stat', path: name }, native.stat(name))
  return (options?.bigint ? stats.toBigInt() : stats) as Statted<O>
}

export function* lstat<const O extends { bigint?: boolean } = object>(path: PathLike, options?: O): Work<Statted<O>> {
  const name = pathOf(path)
  const stats = yield* calling({ syscall: 'lstat', path: name }, native.lstat(name))
  return (options?.bigint ? stats.toBigInt() : stats) as Statted<O>
}

/** Everything may be read and written; executed, what has a bit for that. */
export function* access(path: PathLike, mode?: number): Work<void> {
  const name = pathOf(path)
  const wanted = threeBits(mode)
  const about = { syscall: 'access', path: name }
  const stats = yield* calling(about, native.stat(name))
  if (wanted & constants.X_OK && !stats.isDirectory() && (stats.mode & 0o111) === 0) throw systemError('EACCES', about)
}

/** What cannot be reached for a reason of its path is not there; that the workspace cannot tell is an error. */
export function* exists(path: PathLike): Work<boolean> {
  try {
    yield* stat(path)
    return true
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES', 'EILSEQ') || error instanceof TypeError)
      return false
    throw error
  }
}

export type MakeOptions = Mode | null | { recursive?: boolean | undefined; mode?: Mode | undefined }

/** With `recursive`, the first directory that was made. */
export function* mkdir(path: PathLike, options?: MakeOptions): Work<string | undefined> {
  const given = typeof options === 'number' || typeof options === 'string' ? { mode: options } : options || {}
  const name = pathOf(path)
  const recursive = boolean(given.recursive === undefined ? false : given.recursive, 'options.recursive')
  const mode = modeOf(given.mode, native.DIRECTORY_MODE)
  const made = yield* calling({ syscall: 'mkdir', path: name }, native.mkdir(name, { recursive, mode }))
  return recursive ? made : undefined
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export function* mkdtemp<const O extends Encoded = undefined>(prefix: PathLike, options?: O): Work<Name<O>> {
  const { encoding } = optionsOf<{ encoding?: EncodingOption }>(options, {})
  const start = pathOf(prefix, 'prefix')
  for (;;) {
    const random = crypto.getRandomValues(new Uint8Array(6))
    const path = start + Array.from(random, (byte) => LETTERS[byte % LETTERS.length]).join('')
    try {
      yield* calling({ syscall: 'mkdtemp', path: `${start}XXXXXX` }, native.mkdir(path, { mode: 0o700 }))
      return named(path, encoding) as Name<O>
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    }
  }
}

export type ListOptions =
  | EncodingOption
  | { encoding?: EncodingOption; withFileTypes?: boolean | undefined; recursive?: boolean | undefined }

export function* readdir<const O extends ListOptions = undefined>(path: PathLike, options?: O): Work<Listed<O>> {
  const {
    encoding,
    withFileTypes = false,
    recursive,
  } = optionsOf<Exclude<ListOptions, string | null | undefined>>(options, {})
  const root = pathOf(path)
  const isDeep = boolean(recursive ?? false, 'options.recursive')
  const found = yield* listed(root, isDeep, withFileTypes)
  if (withFileTypes)
    return found.map(({ entry, parent }) => new Dirent(named(entry.name, encoding), parent, entry.type)) as Listed<O>
  return found.map(({ relative }) => named(relative, encoding)) as Listed<O>
}

interface Found {
  entry: Entry
  parent: string
  relative: string
}

/** What is in a directory and, if that is wanted, below it, level by level. Names alone follow links to directories, as Node.js does. */
export function* listed(root: string, isDeep: boolean, withTypes: boolean, syscall = 'scandir'): Work<Found[]> {
  const found: Found[] = []
  const directories = [{ path: root, relative: '' }]
  for (const { path, relative } of directories) {
    for (const entry of yield* calling({ syscall, path }, native.list(path))) {
      const below = relative === '' ? entry.name : `${relative}/${entry.name}`
      found.push({ entry, parent: path, relative: below })
      if (!isDeep) continue
      const there = join(path, entry.name)
      const leads = entry.isDirectory || (!withTypes && entry.isSymbolicLink && (yield* isDirectory(there)))
      if (leads) directories.push({ path: there, relative: below })
    }
  }
  return found
}

function* isDirectory(path: string): Work<boolean> {
  try {
    return (yield* native.stat(path)).isDirectory()
  } catch (error) {
    if (isCode(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES')) return false
    throw error
  }
}

export interface RemoveOptions {
  force?: boolean | undefined
  recursive?: boolean | undefined
  /** Nothing has to be tried again here. */
  maxRetries?: number | undefined
  retryDelay?: number | undefined
}

function removing(options: RemoveOptions | undefined): { force: boolean; recursive: boolean } {
  if (options === undefined) return { force: false, recursive: false }
  object(options, 'options')
  const { force = false, recursive = false, maxRetries = 0, retryDelay = 100 } = options
  boolean(recursive, 'options.recursive')
  integer(retryDelay, 'options.retryDelay', 0, 2 ** 31 - 1)
  integer(maxRetries, 'options.maxRetries', 0, 2 ** 32 - 1)
  return { force, recursive }
}

export function* rm(path: PathLike, options?: RemoveOptions): Work<void> {
  const name = pathOf(path)
  const { force, recursive } = removing(options)
  boolean(force, 'options.force')
  let stats: Stats
  try {
    stats = yield* calling({ syscall: 'lstat', path: name }, native.lstat(name))
  } catch (error) {
    if (force && isCode(error, 'ENOENT')) return
    throw error
  }
  if (stats.isDirectory() && !recursive) {
    throw new SystemError('ERR_FS_EISDIR', 'Path is a directory', {
      code: 'EISDIR',
      message: 'is a directory',
      path: name,
      syscall: 'rm',
      errno: 21,
    })
  }
  yield* remove(name, stats.isDirectory())
}

function* remove(path: string, recursive: boolean): Work<void> {
  yield* calling({ syscall: recursive ? 'rmdir' : 'unlink', path }, native.remove(path, { recursive }))
}

export function* rmdir(path: PathLike, options?: Omit<RemoveOptions, 'force'>): Work<void> {
  const name = pathOf(path)
  if (removing(options).recursive && (yield* stat(name)).isDirectory()) return yield* remove(name, true)
  yield* calling({ syscall: 'rmdir', path: name }, native.rmdir(name))
}

export function* unlink(path: PathLike): Work<void> {
  const name = pathOf(path)
  yield* calling({ syscall: 'unlink', path: name }, native.remove(name))
}

export function* rename(from: PathLike, to: PathLike): Work<void> {
  const [path, dest] = [pathOf(from, 'oldPath'), pathOf(to, 'newPath')]
  yield* calling({ syscall: 'rename', path, dest }, native.rename(path, dest))
}

export function* link(existing: PathLike, path: PathLike): Work<void> {
  const [from, dest] = [pathOf(existing, 'existingPath'), pathOf(path, 'newPath')]
  yield* calling({ syscall: 'link', path: from, dest }, native.link(from, dest))
}

/** The type is for Windows alone, but has to be one. */
export function* symlink(target: PathLike, path: PathLike, type?: string | null): Work<void> {
  const [from, dest] = [pathOf(target, 'target'), pathOf(path)]
  if (typeof type === 'string' && !['dir', 'file', 'junction'].includes(type)) {
    throw plainError(
      'ERR_FS_INVALID_SYMLINK_TYPE',
      `Symlink type must be one of "dir", "file", or "junction". Received "${type}"`,
    )
  }
  const about = { syscall: 'symlink', path: from, dest }
  if (from === '') throw systemError('ENOENT', about)
  yield* calling(about, native.symlink(from, dest))
}

export function* readlink<const O extends Encoded = undefined>(path: PathLike, options?: O): Work<Name<O>> {
  const { encoding } = optionsOf<{ encoding?: EncodingOption }>(options, {})
  const name = pathOf(path, 'oldPath')
  return named(yield* calling({ syscall: 'readlink', path: name }, native.readlink(name)), encoding) as Name<O>
}

export function* realpath<const O extends Encoded = undefined>(path: PathLike, options?: O): Work<Name<O>> {
  const { encoding } = optionsOf<{ encoding?: EncodingOption }>(options, {})
  const name = pathOf(path)
  return named(yield* calling({ syscall: 'realpath', path: name }, native.realpath(name)), encoding) as Name<O>
}

export function* chmod(path: PathLike, mode: Mode): Work<void> {
  const name = pathOf(path)
  const bits = modeOf(mode)
  yield* calling({ syscall: 'chmod', path: name }, native.chmod(name, bits))
}

function* own(syscall: string, path: PathLike, uid: number, gid: number, follow: boolean): Work<void> {
  const name = pathOf(path)
  const [user, group] = [owner(uid, 'uid'), owner(gid, 'gid')]
  yield* calling({ syscall, path: name }, native.chown(name, user, group, { follow }))
}

export function* chown(path: PathLike, uid: number, gid: number): Work<void> {
  yield* own('chown', path, uid, gid, true)
}

export function* lchown(path: PathLike, uid: number, gid: number): Work<void> {
  yield* own('lchown', path, uid, gid, false)
}

function* touch(syscall: string, path: PathLike, atime: Time, mtime: Time, follow: boolean): Work<void> {
  const name = pathOf(path)
  const [accessed, modified] = [timeOf(atime), timeOf(mtime)]
  yield* calling({ syscall, path: name }, native.utimes(name, accessed, modified, { follow }))
}

export function* utimes(path: PathLike, atime: Time, mtime: Time): Work<void> {
  yield* touch('utime', path, atime, mtime, true)
}

export function* lutimes(path: PathLike, atime: Time, mtime: Time): Work<void> {
  yield* touch('lutime', path, atime, mtime, false)
}
