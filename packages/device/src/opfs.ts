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
      ? 'This browser has no synchronous access to private files (Chromium 108, Firefox 111 and Safari 16.4 have), or the page is not served securely.'
      : 'Private files can be accessed synchronously only in a dedicated worker: run this there.',
  )
}

declare const WorkerGlobalScope: { new (): object } | undefined

/** Files of a directory in the origin's private file system. */
export class OpfsSlots implements SlotStore {
  readonly label: string
  reserve?: Reserve & { close(): void }
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
    const reserve = this.reserved > 0 ? [directory.getFileHandle(RESERVE, { create: true }).then((file) => (file as AccessibleFile).createSyncAccessHandle())] : []
    const opened = await Promise.allSettled([...files.map(([, file]) => file.createSyncAccessHandle()), ...reserve])
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed) {
      for (const result of opened) if (result.status === 'fulfilled') result.value.close()
      throw failed.reason
    }
    const handles = opened.map((result) => (result as PromiseFulfilledResult<Handle>).value)
    if (this.reserved > 0) this.#keep(handles.pop()!)
    return handles.map((handle, at) => [files[at]![0], handle])
  }

  #keep(handle: Handle): void {
    const restore = () => {
      try {
        if (handle.getSize() < this.reserved) handle.truncate(this.reserved)
      } catch {
        // Without room there is nothing to keep; the next deletion makes some.
      }
    }
    restore()
    this.reserve = { spend: () => handle.truncate(0), restore, close: () => handle.close() }
  }

  close(): void {
    this.reserve?.close()
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
