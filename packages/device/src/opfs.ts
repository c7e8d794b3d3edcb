import { DeviceError, explain } from './errors.js'
import type { Handle } from './handle.js'
import { randomName, type Reserve, type SlotStore } from './slots.js'

interface AccessibleFile extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<Handle>
}

/** The directory of a pool's files within its own; the name is the official pool's. */
const OPAQUE = '.opaque'
/** The file beside it that only takes room. */
const RESERVE = 'reserve'

/** Whether this browser, in this kind of worker, has synchronous access to its private files. */
export function supportsOpfs(): boolean {
  return (
    typeof navigator !== 'undefined' &&
    typeof navigator.storage?.getDirectory === 'function' &&
    typeof FileSystemFileHandle !== 'undefined' &&
    'createSyncAccessHandle' in FileSystemFileHandle.prototype
  )
}

/** Says what is missing, before anything starts. */
export function requireOpfs(): void {
  if (supportsOpfs()) return
  const inWorker = typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope
  throw new DeviceError(
    'ENOTSUP',
    inWorker
      ? 'This browser has no synchronous access to private files (Chromium 108, Firefox 111 and Safari 16.4 have), or the page is not in a secure context.'
      : 'Private files can only be accessed synchronously in a dedicated worker: run this in one.',
  )
}

declare const WorkerGlobalScope: { new (): object } | undefined

/** Files of a directory in the origin's private file system. */
export class OpfsSlots implements SlotStore {
  readonly label: string
  reserve?: Reserve
  #opaque: FileSystemDirectoryHandle | undefined

  /**
   * @param path Names of directories with `/` between them.
   * @param waitMs How long to wait for another tab or worker that has the files open.
   * @param reserved Bytes to keep for what makes room.
   */
  constructor(
    readonly path: string,
    readonly waitMs = 0,
    readonly reserved = 0,
  ) {
    this.label = `the pool in ${path}`
    requireOpfs()
  }

  async open(): Promise<[string, Handle][]> {
    const deadline = performance.now() + this.waitMs
    for (;;) {
      try {
        return await this.#openAll()
      } catch (error) {
        const busy = error instanceof Error && error.name === 'NoModificationAllowedError'
        if (!busy || performance.now() >= deadline) throw explain(error, `Cannot open ${this.label}`)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }

  async #openAll(): Promise<[string, Handle][]> {
    let directory = await navigator.storage.getDirectory()
    for (const name of this.path.split('/')) {
      if (name) directory = await directory.getDirectoryHandle(name, { create: true })
    }
    this.#opaque = await directory.getDirectoryHandle(OPAQUE, { create: true })
    const files: [string, AccessibleFile][] = []
    for await (const [name, entry] of this.#opaque.entries()) {
      if (entry.kind === 'file') files.push([name, entry as AccessibleFile])
    }
    const opened = await Promise.allSettled(files.map(([, file]) => file.createSyncAccessHandle()))
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed) {
      for (const result of opened) if (result.status === 'fulfilled') result.value.close()
      throw failed.reason
    }
    if (this.reserved > 0) this.reserve = new ReserveFile(directory, this.reserved)
    void this.reserve?.restore()
    return opened.map((result, at) => [files[at]![0], (result as PromiseFulfilledResult<Handle>).value])
  }

  /** By the browser's estimate. */
  async room(): Promise<number | undefined> {
    const { quota, usage } = await navigator.storage.estimate()
    return quota === undefined || usage === undefined ? undefined : Math.max(0, quota - usage)
  }

  async create(): Promise<[string, Handle]> {
    try {
      const name = randomName()
      const file = (await this.#opaque!.getFileHandle(name, { create: true })) as AccessibleFile
      return [name, await file.createSyncAccessHandle()]
    } catch (error) {
      throw explain(error, `Cannot add a file to ${this.label}`)
    }
  }

  async remove(name: string): Promise<void> {
    await this.#opaque!.removeEntry(name)
  }

  async destroy(): Promise<void> {
    const names = this.path.split('/').filter(Boolean)
    const last = names.pop()!
    let directory = await navigator.storage.getDirectory()
    for (const name of names) directory = await directory.getDirectoryHandle(name)
    await directory.removeEntry(last, { recursive: true })
  }
}

/** A file that only takes room. It is not open in between: Chromium counts the room of an open file, however short it gets. */
class ReserveFile implements Reserve {
  #restoring: Promise<void> = Promise.resolve()

  constructor(
    readonly directory: FileSystemDirectoryHandle,
    readonly size: number,
  ) {}

  async spend(): Promise<void> {
    await this.#restoring
    await this.directory.removeEntry(RESERVE).catch(() => undefined)
  }

  /** Takes as much as there is room for. */
  restore(): Promise<void> {
    return (this.#restoring = this.#restore())
  }

  async #restore(): Promise<void> {
    try {
      const file = (await this.directory.getFileHandle(RESERVE, { create: true })) as AccessibleFile
      if ((await file.getFile()).size >= this.size) return
      const handle = await file.createSyncAccessHandle()
      extend(handle, this.size)
      handle.close()
    } catch {
      // Without any room there is nothing to keep: the next deletion makes some.
    }
  }
}

function extend(handle: Handle, wanted: number): void {
  for (let size = wanted; size > handle.getSize(); size = Math.floor(size / 2)) {
    try {
      return handle.truncate(size)
    } catch {
      // Half of it may do.
    }
  }
}
