import { Host, Module, OpfsSlots, SlotPool, type Handle, type ModuleSource } from 'tarbox-device'
import { OpenFlags, posixError, type Storage } from './storage.js'

/** Bytes of a slot before the contents of its file; `crates/pool` says what is in them. */
const HEADER = 4096
/** Slots kept ready: files are made while the engine runs, and handles can only be got between its calls. */
const SPARE = 32

/** A slot whose header does not say which file it holds. */
export interface Damage {
  readonly file: string
  readonly reason: string
  readonly path: string
}

/**
 * Files in OPFS, in the slots of a pool; works in dedicated workers. The handles exclude every other tab and worker.
 *
 * Names and headers are the business of the pool's module; contents go between the engine's memory and the handles directly.
 */
export class OpfsStorage implements Storage {
  readonly #pool: SlotPool
  readonly #open = new Map<number, Handle>()

  private constructor(pool: SlotPool) {
    this.#pool = pool
  }

  /** Opens the files of a directory of the private file system, which is made if it is missing. */
  static async open(path: string, module: ModuleSource): Promise<OpfsStorage> {
    const storage = new OpfsStorage(await SlotPool.open(await Module.load(module, new Host()), new OpfsSlots(path)))
    try {
      await storage.maintain()
      return storage
    } catch (error) {
      storage.dispose()
      throw error
    }
  }

  /** Slots with contents that no file can be told of. They are kept as they are. */
  damaged(): Damage[] {
    return this.#pool.setAside()
  }

  /** Fills the stock of slots. */
  async maintain(): Promise<void> {
    await this.#pool.growAhead(SPARE)
  }

  open(name: string, flags: number): number {
    if ((flags & OpenFlags.create) !== 0 && this.#pool.free === 0 && !this.exists(name)) {
      throw posixError('EMFILE', 'no file handle is left; await flush() between large batches, which makes more')
    }
    const file = this.#named('file_open', name, flags & (OpenFlags.create | OpenFlags.createNew))
    this.#open.set(file, this.#pool.module.host.handle(this.#pool.slotOf(name)))
    return file
  }

  close(file: number): void {
    if (this.#open.delete(file)) this.#call('file_close', file)
  }

  read(file: number, target: Uint8Array, offset: number): number {
    const count = this.#handle(file).read(target, { at: HEADER + offset })
    if (!(count >= 0 && count <= target.length))
      throw posixError('EIO', `the browser read ${count} of ${target.length} bytes`)
    return count
  }

  write(file: number, source: Uint8Array, offset: number): void {
    const handle = this.#handle(file)
    for (let written = 0; written < source.length; ) {
      const left = source.length - written
      const count = handle.write(source.subarray(written), { at: HEADER + offset + written })
      if (!(count > 0 && count <= left)) throw posixError('ENOSPC', `the browser wrote ${count} of ${left} bytes`)
      written += count
    }
  }

  truncate(file: number, length: number): void {
    this.#handle(file).truncate(HEADER + length)
  }

  sync(file: number): void {
    this.#handle(file)
    this.#call('file_sync', file)
  }

  length(file: number): number {
    return Math.max(0, this.#handle(file).getSize() - HEADER)
  }

  exists(name: string): boolean {
    return this.#named('file_exists', name) === 1
  }

  delete(name: string): void {
    this.#named('file_delete', name)
  }

  list(prefix: string): string[] {
    return this.#pool.names().filter((name) => name.startsWith(prefix))
  }

  syncNames(): void {
    this.#call('file_sync_names')
  }

  /** The module goes with its pool; nothing that was not synced is. */
  dispose(): void {
    this.#open.clear()
    for (const [, handle] of this.#pool.leave()) handle.close()
  }

  #handle(file: number): Handle {
    const open = this.#open.get(file)
    if (open === undefined) throw posixError('EBADF', `no open file has the number ${file}`)
    return open
  }

  #named(name: string, text: string, value?: number): number {
    this.#pool.module.putText(text)
    return this.#call(name, value)
  }

  #call(name: string, value?: number): number {
    const { exports } = this.#pool.module
    const call = exports[name] as (pool: number, value?: number) => number
    return this.#pool.module.checked(call(this.#pool.id, value))
  }
}
