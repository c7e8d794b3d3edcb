/// The workspace in the shape of `node:fs/promises`, for programs that expect that.
import type { OpenFile } from './file.js'
import { type OpenOptions, Stats, TarboxError, TarboxFs } from './index.js'
import type { Mode, PathLike } from './nodefs/arguments.js'
import { constants } from './nodefs/constants.js'
import * as content from './nodefs/content.js'
import { cp } from './nodefs/cp.js'
import * as descriptors from './nodefs/descriptors.js'
import { opendir } from './nodefs/dir.js'
import * as entries from './nodefs/entries.js'
import { Files } from './nodefs/files.js'
import { FileHandle } from './nodefs/handle.js'
import { watch, type WatchOptions } from './nodefs/watch.js'
import type { Work } from './work.js'

export { constants } from './nodefs/constants.js'
export type { CopyOptions } from './nodefs/cp.js'
export { Dir } from './nodefs/dir.js'
export { Dirent } from './nodefs/dirent.js'
export { FileHandle } from './nodefs/handle.js'
export { BigIntStats } from './stats.js'

/** The functions of `node:fs/promises`, on a workspace. */
export function promisesOf(open: () => Promise<TarboxFs>) {
  const files = new Files()
  const run = async <T>(work: Work<T>): Promise<T> => (await open()).do(work)
  const promised =
    <Arguments extends unknown[], T>(call: (...given: Arguments) => Work<T>) =>
    (...given: Arguments): Promise<T> =>
      run(call(...given))
  /** What takes a path takes a handle in its place. */
  const handled =
    <Rest extends unknown[], T>(syscall: string, call: (target: content.Target, ...given: Rest) => Work<T>) =>
    (target: PathLike | FileHandle, ...given: Rest): Promise<T> =>
      target instanceof FileHandle ? target.do(syscall, (file) => call(file, ...given)) : run(call(target, ...given))

  return {
    constants,
    access: promised(entries.access),
    appendFile: handled('writeFile', content.appendFileFrom),
    chmod: promised(entries.chmod),
    chown: promised(entries.chown),
    copyFile: promised(content.copyFile),
    cp: promised(cp),
    lchown: promised(entries.lchown),
    link: promised(entries.link),
    lstat: promised(entries.lstat),
    lutimes: promised(entries.lutimes),
    mkdir: promised(entries.mkdir),
    mkdtemp: promised(entries.mkdtemp),
    async open(path: PathLike, flags?: content.Flag | null, mode?: Mode | null): Promise<FileHandle> {
      const file: OpenFile = await run(descriptors.open(path, flags, mode))
      return new FileHandle(run, file, files.add(file), (fd) => files.remove(fd))
    },
    opendir: promised(opendir),
    readFile: <const O extends content.ReadOptions = undefined>(target: PathLike | FileHandle, options?: O) =>
      target instanceof FileHandle ? target.readFile(options) : run(content.readFile(target, options)),
    readdir: promised(entries.readdir),
    readlink: promised(entries.readlink),
    realpath: promised(entries.realpath),
    rename: promised(entries.rename),
    rm: promised(entries.rm),
    rmdir: promised(entries.rmdir),
    stat: promised(entries.stat),
    symlink: promised(entries.symlink),
    truncate: promised(content.truncate),
    unlink: promised(entries.unlink),
    utimes: promised(entries.utimes),
    watch: <const O extends WatchOptions = object>(path: PathLike, options?: O) => watch(open, path, options),
    writeFile: handled('writeFile', content.writeFileFrom),
  }
}

export type Promises = ReturnType<typeof promisesOf>

/** A file system in the form that libraries expect: `fs.promises.readFile` and so on, and the same without `promises`. */
export function createFs(workspace: TarboxFs | OpenOptions = {}): { promises: Promises } & Promises {
  let opened: Promise<TarboxFs> | undefined
  const open = () => (opened ??= workspace instanceof TarboxFs ? Promise.resolve(workspace) : TarboxFs.open(workspace))
  const promises = promisesOf(open)
  return { promises, ...promises }
}

/** The workspace `default` of this site, which is opened by the first call. */
export const fs = createFs()
export default fs
export { Stats, TarboxError }
