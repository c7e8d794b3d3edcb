import type { Work } from '../work.js'
import { boolean, integer, optionsOf, type PathLike, pathOf } from './arguments.js'
import { Dirent } from './dirent.js'
import { named } from './encoding.js'
import { listed } from './entries.js'
import { plainError } from './errors.js'
import type { EncodingOption, Name } from './types.js'

export interface DirOptions {
  encoding?: EncodingOption
  bufferSize?: number | undefined
  recursive?: boolean | undefined
}

/** A directory that is read an entry at a time. */
export class Dir<Entry = Dirent> {
  #next = 0
  #closed = false

  /** @internal */
  constructor(
    readonly path: string,
    private readonly entries: readonly Entry[],
  ) {}

  readSync(): Entry | null {
    this.#refuseClosed()
    return this.entries[this.#next++] ?? null
  }

  async read(): Promise<Entry | null> {
    return this.readSync()
  }

  closeSync(): void {
    this.#refuseClosed()
    this.#closed = true
  }

  async close(): Promise<void> {
    this.closeSync()
  }

  #refuseClosed(): void {
    if (this.#closed) throw plainError('ERR_DIR_CLOSED', 'Directory handle was closed')
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Entry, void> {
    try {
      for (let entry = await this.read(); entry !== null; entry = await this.read()) yield entry
    } finally {
      await this.close()
    }
  }
}

export function* opendir<const O extends DirOptions = object>(path: PathLike, options?: O): Work<Dir<Dirent<Name<O>>>> {
  const name = pathOf(path)
  const { encoding, recursive, bufferSize } = optionsOf<DirOptions>(options, {})
  integer(bufferSize ?? 32, 'options.bufferSize', 1, 2 ** 32 - 1)
  const found = yield* listed(name, boolean(recursive ?? false, 'options.recursive'), true, 'opendir')
  return new Dir(
    name,
    found.map(({ entry, parent }) => new Dirent(named(entry.name, encoding) as Name<O>, parent, entry.type)),
  )
}
