/// The workspace in the shape of `node:fs/promises`, for programs that expect that.
import { type OpenOptions, Stats, TarboxError, TarboxFs } from './index.js'
import type { OpenMode, TarboxFile } from './file.js'
import type { Entry } from './stats.js'

type Text = 'utf8' | 'utf-8'
type Encoding = Text | 'buffer' | null
type ReadOptions = Encoding | { encoding?: Encoding; flag?: string }

interface ReadFile {
  (path: string | URL, options: Text | { encoding: Text; flag?: string }): Promise<string>
  (path: string | URL, options?: 'buffer' | null | { encoding?: 'buffer' | null; flag?: string }): Promise<Uint8Array<ArrayBuffer>>
  (path: string | URL, options?: ReadOptions): Promise<string | Uint8Array<ArrayBuffer>>
}

interface ReadDirectory {
  (path: string | URL, options: { withFileTypes: true; recursive?: boolean }): Promise<Dirent[]>
  (path: string | URL, options?: { withFileTypes?: false; recursive?: boolean } | Encoding): Promise<string[]>
}

type WriteOptions = string | null | { encoding?: string | null; mode?: number; flag?: string }
type Time = Date | number | string

/** An entry, as `readdir` with `withFileTypes` gives it. */
export class Dirent {
  constructor(
    readonly name: string,
    readonly parentPath: string,
    private readonly entry: Entry,
  ) {}

  isDirectory(): boolean {
    return this.entry.isDirectory
  }

  isFile(): boolean {
    return (this.entry.mode & 0o170000) === 0o100000
  }

  isSymbolicLink(): boolean {
    return this.entry.isSymbolicLink
  }
}

/** The functions of `node:fs/promises`, on a workspace. */
export function promisesOf(open: () => Promise<TarboxFs>) {
  const name = (path: string | URL): string => (typeof path === 'string' ? path : decodeURIComponent(path.pathname))
  const encoding = (options: ReadOptions | undefined) => (typeof options === 'object' && options !== null ? options.encoding : options)
  const seconds = (time: Time): Date | number => (typeof time === 'string' ? Number(time) : time)

  const promises = {
    readFile: (async (path: string | URL, options?: ReadOptions) => {
      const bytes = await (await open()).readFile(name(path))
      const wanted = encoding(options)
      return wanted && wanted !== 'buffer' ? new TextDecoder().decode(bytes) : bytes
    }) as ReadFile,
    async writeFile(path: string | URL, data: string | Uint8Array | ArrayBuffer, options?: WriteOptions): Promise<void> {
      const { mode = 0o666, flag = 'w' } = typeof options === 'object' && options !== null ? options : {}
      const fs = await open()
      if (flag.startsWith('a')) return fs.appendFile(name(path), data, { mode })
      return fs.writeFile(name(path), data, { mode, exclusive: flag.includes('x') })
    },
    async appendFile(path: string | URL, data: string | Uint8Array, options?: { mode?: number }): Promise<void> {
      return (await open()).appendFile(name(path), data, options)
    },
    readdir: (async (path: string | URL, options?: { withFileTypes?: boolean; recursive?: boolean } | Encoding) => {
      const { withFileTypes = false, recursive = false } = typeof options === 'object' && options !== null ? options : {}
      const fs = await open()
      const root = name(path)
      const found: (string | Dirent)[] = []
      const visit = async (below: string): Promise<void> => {
        const parent = below === '' ? root : `${root}/${below}`
        for (const entry of await fs.listDirectory(parent)) {
          const relative = below === '' ? entry.name : `${below}/${entry.name}`
          found.push(withFileTypes ? new Dirent(entry.name, parent, entry) : relative)
          if (recursive && entry.isDirectory) await visit(relative)
        }
      }
      await visit('')
      return found
    }) as ReadDirectory,
    stat: async (path: string | URL): Promise<Stats> => (await open()).stat(name(path)),
    lstat: async (path: string | URL): Promise<Stats> => (await open()).lstat(name(path)),
    async access(path: string | URL): Promise<void> {
      await (await open()).stat(name(path))
    },
    async mkdir(path: string | URL, options?: number | { recursive?: boolean; mode?: number }): Promise<string | undefined> {
      await (await open()).mkdir(name(path), typeof options === 'number' ? { mode: options } : options)
      return undefined
    },
    rmdir: async (path: string | URL): Promise<void> => (await open()).rmdir(name(path)),
    rm: async (path: string | URL, options?: { recursive?: boolean; force?: boolean }): Promise<void> => (await open()).rm(name(path), options),
    unlink: async (path: string | URL): Promise<void> => (await open()).rm(name(path)),
    rename: async (from: string | URL, to: string | URL): Promise<void> => (await open()).rename(name(from), name(to)),
    copyFile: async (from: string | URL, to: string | URL, mode = 0): Promise<void> =>
      (await open()).copy(name(from), name(to), { exclusive: (mode & 1) !== 0 }),
    cp: async (from: string | URL, to: string | URL, { recursive = false, errorOnExist = false }: { recursive?: boolean; errorOnExist?: boolean } = {}): Promise<void> =>
      (await open()).copy(name(from), name(to), { recursive, exclusive: errorOnExist }),
    symlink: async (target: string, path: string | URL): Promise<void> => (await open()).symlink(target, name(path)),
    link: async (existing: string | URL, path: string | URL): Promise<void> => (await open()).link(name(existing), name(path)),
    readlink: async (path: string | URL): Promise<string> => (await open()).readlink(name(path)),
    realpath: async (path: string | URL): Promise<string> => (await open()).realpath(name(path)),
    truncate: async (path: string | URL, length = 0): Promise<void> => (await open()).truncate(name(path), length),
    utimes: async (path: string | URL, atime: Time, mtime: Time): Promise<void> => (await open()).utimes(name(path), seconds(atime), seconds(mtime)),
    lutimes: async (path: string | URL, atime: Time, mtime: Time): Promise<void> => (await open()).lutimes(name(path), seconds(atime), seconds(mtime)),
    chmod: async (path: string | URL, mode: number): Promise<void> => (await open()).chmod(name(path), mode),
    chown: async (path: string | URL, uid: number, gid: number): Promise<void> => (await open()).chown(name(path), uid, gid),
    open: async (path: string | URL, flags: OpenMode = 'r', mode = 0o666): Promise<TarboxFile> => (await open()).open(name(path), flags, mode),
    async *watch(path: string | URL, options?: { signal?: AbortSignal }): AsyncGenerator<{ eventType: 'rename' | 'change'; filename: string }> {
      const root = name(path).replace(/\/$/, '')
      for await (const { kind, path: changed } of (await open()).watch(root || '/', options)) {
        yield { eventType: kind === 'modify' ? 'change' : 'rename', filename: changed.slice(root.length + 1) }
      }
    },
  }
  return promises
}

export type Promises = ReturnType<typeof promisesOf>

/** A file system in the shape libraries ask for: `fs.promises.readFile` and so on, and the same without `promises`. */
export function createFs(workspace: TarboxFs | OpenOptions = {}): { promises: Promises } & Promises {
  let opened: Promise<TarboxFs> | undefined
  const open = () => (opened ??= workspace instanceof TarboxFs ? Promise.resolve(workspace) : TarboxFs.open(workspace))
  const promises = promisesOf(open)
  return { promises, ...promises }
}

/** The workspace `default` of this site, opened by the first call. */
export const fs = createFs()
export default fs
export { Stats, TarboxError }
