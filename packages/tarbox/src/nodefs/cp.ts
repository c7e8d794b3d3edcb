/// `cp`, step by step as Node.js does it.
import { copy } from '../native.js'
import type { Stats } from '../stats.js'
import { isPromise, wait, type Work } from '../work.js'
import { boolean, callable, integer, object, type PathLike, pathOf } from './arguments.js'
import { copyFile } from './content.js'
import { chmod, listed, lstat, mkdir, readlink, stat, symlink, unlink, utimes } from './entries.js'
import { calling, isCode, plainError, SystemError } from './errors.js'
import { dirname, isAbsolute, join, resolve } from './paths.js'

export interface CopyOptions {
  dereference?: boolean
  errorOnExist?: boolean
  filter?: (source: string, destination: string) => boolean | PromiseLike<boolean>
  force?: boolean
  mode?: number
  preserveTimestamps?: boolean
  recursive?: boolean
  verbatimSymlinks?: boolean
}

type Options = Required<Omit<CopyOptions, 'filter' | 'mode'>> & Pick<CopyOptions, 'filter' | 'mode'>

function validated(options: CopyOptions | undefined): Options {
  if (options !== undefined) object(options, 'options')
  const all = {
    dereference: false,
    errorOnExist: false,
    force: true,
    preserveTimestamps: false,
    recursive: false,
    verbatimSymlinks: false,
    ...options,
  }
  const { dereference, errorOnExist, force, preserveTimestamps, recursive, verbatimSymlinks } = all
  for (const [name, value] of Object.entries({
    dereference,
    errorOnExist,
    force,
    preserveTimestamps,
    recursive,
    verbatimSymlinks,
  })) {
    boolean(value, `options.${name}`)
  }
  if (all.mode !== undefined && all.mode !== null) integer(all.mode, 'mode', 0, 7)
  if (dereference && verbatimSymlinks) {
    throw plainError(
      'ERR_INCOMPATIBLE_OPTION_PAIR',
      'Option "dereference" cannot be used in combination with option "verbatimSymlinks"',
      TypeError,
    )
  }
  if (all.filter !== undefined) callable(all.filter, 'options.filter')
  return all
}

const REFUSALS = {
  ERR_FS_CP_DIR_TO_NON_DIR: ['Cannot overwrite non-directory with directory', 'EISDIR', 21],
  ERR_FS_CP_EEXIST: ['Target already exists', 'EEXIST', 17],
  ERR_FS_CP_EINVAL: ['Invalid src or dest', 'EINVAL', 22],
  ERR_FS_CP_FIFO_PIPE: ['Cannot copy a FIFO pipe', 'EINVAL', 22],
  ERR_FS_CP_NON_DIR_TO_DIR: ['Cannot overwrite directory with non-directory', 'ENOTDIR', 20],
  ERR_FS_CP_SOCKET: ['Cannot copy a socket file', 'EINVAL', 22],
  ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY: ['Cannot overwrite symlink in subdirectory of self', 'EINVAL', 22],
  ERR_FS_CP_UNKNOWN: ['Cannot copy an unknown file type', 'EINVAL', 22],
  ERR_FS_EISDIR: ['Path is a directory', 'EISDIR', 21],
} as const

function refuse(code: keyof typeof REFUSALS, message: string, path: string): never {
  const [title, posix, errno] = REFUSALS[code]
  throw new SystemError(code, title, { message, path, syscall: 'cp', errno, code: posix })
}

/** A copy, with what is asked for. */
export function* cp(source: PathLike, destination: PathLike, options?: CopyOptions): Work<void> {
  const copier = new Copier(validated(options))
  yield* copier.start(pathOf(source, 'src'), pathOf(destination, 'dest'))
}

class Copier {
  constructor(private readonly options: Options) {}

  *start(src: string, dest: string): Work<void> {
    const found = yield* this.#check(src, dest)
    if (!found) return
    yield* refuseBelow(found.source, src, dest)
    const parent = dirname(dest)
    if (!(yield* isThere(parent))) yield* mkdir(parent, { recursive: true })
    yield* this.#copy(found.target, src, dest)
  }

  #stat(path: string): Work<Stats> {
    return this.options.dereference ? stat(path) : lstat(path)
  }

  /** What is to be copied and what is there; nothing if it is to be left out. */
  *#check(src: string, dest: string): Work<{ source: Stats; target: Stats | undefined } | undefined> {
    const { filter } = this.options
    if (filter) {
      const wanted = filter(src, dest)
      if (!(isPromise(wanted) ? yield* wait(wanted) : wanted)) return undefined
    }
    const source = yield* this.#stat(src)
    const target = yield* found(this.#stat(dest))
    if (target) {
      if (isSame(source, target)) refuse('ERR_FS_CP_EINVAL', 'src and dest cannot be the same', dest)
      if (source.isDirectory() && !target.isDirectory()) {
        refuse('ERR_FS_CP_DIR_TO_NON_DIR', `cannot overwrite non-directory ${dest} with directory ${src}`, dest)
      }
      if (!source.isDirectory() && target.isDirectory()) {
        refuse('ERR_FS_CP_NON_DIR_TO_DIR', `cannot overwrite directory ${dest} with non-directory ${src}`, dest)
      }
    }
    if (source.isDirectory() && isBelow(src, dest))
      refuse('ERR_FS_CP_EINVAL', `cannot copy ${src} to a subdirectory of self ${dest}`, dest)
    return { source, target }
  }

  *#copy(target: Stats | undefined, src: string, dest: string): Work<void> {
    const source = yield* this.#stat(src)
    if (source.isDirectory()) {
      if (!this.options.recursive) refuse('ERR_FS_EISDIR', `${src} is a directory (not copied)`, src)
      yield* this.#directory(source, target, src, dest)
    } else if (source.isFile() || source.isCharacterDevice() || source.isBlockDevice())
      yield* this.#file(source, target, src, dest)
    else if (source.isSymbolicLink()) yield* this.#link(target, src, dest)
    else if (source.isSocket()) refuse('ERR_FS_CP_SOCKET', `cannot copy a socket file: ${dest}`, dest)
    else if (source.isFIFO()) refuse('ERR_FS_CP_FIFO_PIPE', `cannot copy a FIFO pipe: ${dest}`, dest)
    else refuse('ERR_FS_CP_UNKNOWN', `cannot copy an unknown file type: ${dest}`, dest)
  }

  *#file(source: Stats, target: Stats | undefined, src: string, dest: string): Work<void> {
    const { force, errorOnExist, mode, preserveTimestamps } = this.options
    if (target && !force) {
      if (errorOnExist) refuse('ERR_FS_CP_EEXIST', `${dest} already exists`, dest)
      return
    }
    if (target) yield* unlink(dest)
    yield* copyFile(src, dest, mode)
    if (preserveTimestamps) {
      // Reading it may have changed the first of them.
      const { atime, mtime } = yield* stat(src)
      yield* utimes(dest, atime, mtime)
      yield* chmod(dest, source.mode)
    }
    // Otherwise the copy has the mode already.
  }

  *#directory(source: Stats, target: Stats | undefined, src: string, dest: string): Work<void> {
    if (!target) yield* mkdir(dest)
    if (!target && (yield* this.#whole(source, src, dest))) return
    for (const { entry } of yield* listed(src, false, true, 'opendir')) {
      const [from, to] = [join(src, entry.name), join(dest, entry.name)]
      const there = yield* this.#check(from, to)
      if (there) yield* this.#copy(there.target, from, to)
    }
    if (!target) yield* chmod(dest, source.mode)
  }

  /**
   * What is in a directory to one that was just made, in one operation, and then what Node.js does otherwise than that: modes
   * are kept whole, and links lead to where they did. Says whether it could be done so.
   */
  *#whole(source: Stats, src: string, dest: string): Work<boolean> {
    const { dereference, filter, mode, preserveTimestamps, verbatimSymlinks } = this.options
    if (dereference || filter || mode || preserveTimestamps) return false
    const all = yield* listed(src, true, true, 'opendir')
    if (!all.every(({ entry }) => entry.isFile || entry.isDirectory || entry.isSymbolicLink)) return false
    yield* calling({ syscall: 'cp', path: src, dest }, copy(src, dest, { recursive: true }))
    for (const { entry, parent, relative } of [...all].reverse()) {
      const [from, to] = [join(parent, entry.name), join(dest, relative)]
      if (!entry.isSymbolicLink) yield* keepMode(to, entry.mode)
      else if (!verbatimSymlinks) yield* this.#leadOn(from, to)
    }
    yield* chmod(dest, source.mode)
    return true
  }

  /** Makes a link that was relative lead to where it did. */
  *#leadOn(from: string, to: string): Work<void> {
    const leads = yield* readlink(from)
    if (isAbsolute(leads)) return
    yield* unlink(to)
    yield* symlink(resolve(dirname(from), leads), to)
  }

  *#link(target: Stats | undefined, src: string, dest: string): Work<void> {
    let leads = yield* readlink(src)
    if (!this.options.verbatimSymlinks && !isAbsolute(leads)) leads = resolve(dirname(src), leads)
    if (!target) return yield* symlink(leads, dest)
    let old: string
    try {
      old = yield* readlink(dest)
    } catch (error) {
      if (isCode(error, 'EINVAL')) return yield* symlink(leads, dest)
      throw error
    }
    if (!isAbsolute(old)) old = resolve(dirname(dest), old)
    if (isBelow(leads, old)) refuse('ERR_FS_CP_EINVAL', `cannot copy ${leads} to a subdirectory of self ${old}`, dest)
    // To unlink a directory that the source is in would remove the source.
    if ((yield* stat(src)).isDirectory() && isBelow(old, leads)) {
      refuse('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', `cannot overwrite ${old} with ${leads}`, dest)
    }
    yield* unlink(dest)
    yield* symlink(leads, dest)
  }
}

/** A copied tree has what the umask leaves of each mode. */
function* keepMode(path: string, mode: number): Work<void> {
  if ((mode & 0o7777) !== (mode & 0o755)) yield* chmod(path, mode)
}

function isSame(one: Stats, other: Stats): boolean {
  return one.ino === other.ino && one.dev === other.dev
}

/** By the texts alone. */
function isBelow(path: string, other: string): boolean {
  const [above, below] = [path, other].map((text) => resolve(text).split('/').filter(Boolean)) as [string[], string[]]
  return above.every((part, at) => below[at] === part)
}

/** Nothing where there is nothing. */
function* found(work: Work<Stats>): Work<Stats | undefined> {
  try {
    return yield* work
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined
    throw error
  }
}

function* isThere(path: string): Work<boolean> {
  return (yield* found(stat(path))) !== undefined
}

/** Refuses a copy into itself, also where links lead there. */
function* refuseBelow(source: Stats, src: string, dest: string): Work<void> {
  const from = resolve(dirname(src))
  for (
    let above = resolve(dirname(dest)), at = dest;
    above !== from && above !== '/';
    at = above, above = dirname(above)
  ) {
    const there = yield* found(stat(above))
    if (!there) return
    if (isSame(source, there)) refuse('ERR_FS_CP_EINVAL', `cannot copy ${src} to a subdirectory of self ${at}`, at)
  }
}
