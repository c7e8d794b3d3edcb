import { failure, TarboxError } from './errors.js'
import type { Data, TarboxFs } from './index.js'
import { Input } from './input.js'

/** The result of an import. */
export interface Imported {
  files: number
  directories: number
  links: number
  bytes: number
}

/** The progress of an import or export. */
export interface Progress extends Imported {
  /** The file being processed. */
  path: string
}

export interface TransferOptions<P extends Progress = Progress> {
  /** Called with the progress, after every few files and every megabyte of a large one. */
  onProgress?: (progress: P) => void
  /** Cancels the operation: it fails with `ECANCELED`, and the signal's reason as the cause. */
  signal?: AbortSignal | undefined
}

/** A file to import. Its path is relative to the target directory. */
export interface Incoming {
  path: string
  data: Data
  mode?: number
  /** A date, or seconds since 1970. */
  mtime?: Date | number
}

/** A part of an archive that is damaged or could not be unpacked. */
export interface ImportProblem {
  code: string
  /** The path of the file; empty if the problem concerns the archive. */
  path: string
  message: string
}

/**
 * An import that did not finish, for the reason given by `code` and `cause`. The files counted in `imported` are complete; of the rest,
 * nothing was written.
 */
export class ImportError extends TarboxError {
  readonly imported: Imported
  /** For an archive: all members that could not be unpacked, or not completely. All others were unpacked. */
  readonly problems: readonly ImportProblem[]

  constructor(error: unknown, imported: Imported, problems: readonly ImportProblem[] = []) {
    const { code, message } = failure(error)
    const isOurs = error instanceof TarboxError
    const cause = isOurs && code === 'ECANCELED' ? error.cause : error
    const what = isOurs ? message : `${code}: ${message}`
    super(
      code,
      `${what} (${imported.files} files were imported ${problems.length > 0 ? 'besides' : 'before'} that, and remain)`,
      { syscall: 'import', path: isOurs ? error.path : undefined, cause },
    )
    this.imported = imported
    this.problems = problems
  }
}

export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new TarboxError('ECANCELED', 'ECANCELED: it was cancelled', { cause: signal.reason })
}

/** Files to this size are read whole, and written together: they share one write to the device. */
export const SMALL = 1 << 18
/** How many of them, and of how many bytes. */
export const TOGETHER = 256
export const TOGETHER_BYTES = 4 << 20
/** Bytes of a piece of a large file. */
const PIECE = 1 << 20

/** The next bytes of a file, at most so many; none at its end. */
export type Source = (most: number) => Promise<Uint8Array | undefined>

/** What is done for one thing, in order, and what it counts for when that is done. */
interface Waiting {
  path: string
  acts: (() => Promise<void>)[]
  /** The size of a file. */
  bytes?: number
}

/** Puts things below a directory, many small ones at once. Nothing leads out of there: names are checked, links not followed. */
class Intake {
  readonly imported: Imported = { files: 0, directories: 0, links: 0, bytes: 0 }
  readonly #base: string
  #waiting: Waiting[] = []
  #bytes = 0
  /** Directories that are there and no links; of those in `#fresh`, everything in them is ours. */
  readonly #known = new Set([''])
  readonly #fresh = new Set<string>()

  constructor(
    private readonly fs: TarboxFs,
    root: string,
    private readonly options: TransferOptions,
  ) {
    this.#base = root.replace(/\/+$/, '')
  }

  /** Makes the directory it all goes to, lets `fill` bring everything, and says what came. */
  static async run(
    fs: TarboxFs,
    root: string,
    options: TransferOptions,
    fill: (intake: Intake) => Promise<void>,
  ): Promise<Imported> {
    const intake = new Intake(fs, root, options)
    try {
      refuseAborted(options.signal)
      await fs.mkdir(intake.#base || '/', { recursive: true })
      await fill(intake)
      await intake.#flush()
      return intake.imported
    } catch (error) {
      throw new ImportError(error, intake.imported)
    }
  }

  /** Takes the bytes away. */
  async file(
    name: string,
    bytes: Uint8Array,
    { mode = 0o644, mtime }: Pick<Incoming, 'mode' | 'mtime'>,
  ): Promise<void> {
    const path = await this.#place(name)
    const size = bytes.length
    const acts = [
      () => this.fs.rm(path, { force: true }),
      () => this.fs.writeFile(path, bytes, { mode, exclusive: true, transfer: true }),
    ]
    if (mtime !== undefined) acts.push(() => this.fs.utimes(path, mtime, mtime))
    await this.#add({ bytes: size, path, acts })
  }

  /** Under another name until it is whole. */
  async largeFile(
    name: string,
    source: Source,
    { mode = 0o644, mtime }: Pick<Incoming, 'mode' | 'mtime'>,
  ): Promise<void> {
    const path = await this.#place(name)
    await this.#flush()
    const unfinished = `${path.slice(0, path.lastIndexOf('/'))}/.${crypto.randomUUID()}.unfinished`
    const file = await this.fs.open(unfinished, 'wx', mode)
    const before = this.imported.bytes
    try {
      try {
        for (let piece = await source(PIECE); piece; piece = await source(PIECE)) {
          await file.write(piece, this.imported.bytes - before)
          this.imported.bytes += piece.length
          this.#tell(path)
          refuseAborted(this.options.signal)
        }
      } finally {
        await file.close()
      }
      if (mtime !== undefined) await this.fs.utimes(unfinished, mtime, mtime)
      await this.fs.rename(unfinished, path)
      this.imported.files += 1
    } catch (error) {
      this.imported.bytes = before
      // Why it failed matters more than that this does, too.
      await this.fs.rm(unfinished, { force: true }).catch(() => undefined)
      throw error
    }
    this.#tell(path)
  }

  /** Where a name is, with the directories that lead there. */
  async #place(name: string): Promise<string> {
    if (name === '') throw new TarboxError('EINVAL', 'EINVAL: a file without a name')
    await this.#directory(name.slice(0, Math.max(0, name.lastIndexOf('/'))))
    return `${this.#base}/${name}`
  }

  /** A link among the parents could lead out of the tree, so each is looked at once. */
  async #directory(name: string): Promise<void> {
    if (this.#known.has(name)) return
    const parent = name.slice(0, Math.max(0, name.lastIndexOf('/')))
    await this.#directory(parent)
    const path = `${this.#base}/${name}`
    const stats = this.#fresh.has(parent) ? undefined : await this.fs.lstat(path).catch(absent)
    if (stats && !stats.isDirectory())
      throw new TarboxError('EINVAL', `EINVAL: ${path} is not a directory, so nothing can be put into it`, { path })
    if (!stats) {
      this.#waiting.push({ path, acts: [() => this.fs.mkdir(path)] })
      this.#fresh.add(name)
    }
    this.#known.add(name)
  }

  async #add(waiting: Waiting): Promise<void> {
    refuseAborted(this.options.signal)
    this.#waiting.push(waiting)
    this.#bytes += waiting.bytes ?? 0
    if (this.#waiting.length >= TOGETHER || this.#bytes >= TOGETHER_BYTES) await this.#flush()
  }

  /** Does what waits, all in one turn, so that it travels together. */
  async #flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    if (waiting.length === 0) return
    const results = await Promise.allSettled(waiting.map(({ acts }) => Promise.all(acts.map((act) => act()))))
    results.forEach(({ status }, at) => {
      const { bytes } = waiting[at]!
      if (status === 'rejected' || bytes === undefined) return
      this.imported.files += 1
      this.imported.bytes += bytes
    })
    const failed = results.find((result) => result.status === 'rejected')
    if (failed) throw failed.reason
    this.#tell(waiting.at(-1)!.path)
  }

  #tell(path: string): void {
    this.options.onProgress?.({ ...this.imported, path })
  }
}

function absent(error: unknown): undefined {
  if ((error as TarboxError).code !== 'ENOENT') throw error
}

/** The names of a path without those that lead nowhere; those that lead out are refused. */
function inside(path: string): string {
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  if (names.includes('..')) throw new TarboxError('EINVAL', `EINVAL: the name ${path} leads out of the tree`)
  return names.join('/')
}

/** Writes files below a directory, and makes the directories in between. What has their names is replaced. */
export function importFiles(
  fs: TarboxFs,
  files: Iterable<Incoming> | AsyncIterable<Incoming>,
  root: string,
  options: TransferOptions,
): Promise<Imported> {
  return Intake.run(fs, root, options, async (intake) => {
    for await (const { path, data, ...attributes } of files) {
      refuseAborted(options.signal)
      const name = inside(path)
      const blob = data instanceof ReadableStream || data instanceof Blob ? data : new Blob([data as BlobPart])
      if (blob instanceof Blob && blob.size <= SMALL)
        await intake.file(name, new Uint8Array(await blob.arrayBuffer()), attributes)
      else
        await Input.of(blob instanceof Blob ? blob.stream() : blob, options.signal, (input) =>
          intake.largeFile(name, (most) => input.some(most), attributes),
        )
    }
  })
}
