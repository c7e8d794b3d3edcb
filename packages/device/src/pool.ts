import { DeviceError } from './errors.js'
import { emptyMetrics, type Metrics } from './host.js'
import type { Module } from './module.js'
import type { Damaged, SlotFiles, SlotStore } from './slots.js'

/** A file of a pool that holds something which cannot be named. */
export interface SetAside extends Damaged {
  readonly slot: number
}

let pools = 0

/** A `SahPool` of a module, and the files it is made of. */
export class SlotPool {
  readonly id = pools++
  readonly metrics: Metrics = emptyMetrics()
  readonly #slots = new Map<number, string>()
  #growing: Promise<void> | undefined
  #resuming: Promise<void> | undefined
  #paused = false

  private constructor(
    readonly module: Module,
    readonly store: SlotStore,
  ) {}

  /** `files` are the store's, where it has been opened already. */
  static async open(module: Module, store: SlotStore, files?: SlotFiles): Promise<SlotPool> {
    const pool = new SlotPool(module, store)
    pool.#acquire(files ?? (await store.open()))
    return pool
  }

  #acquire(files: SlotFiles): void {
    const host = this.module.host
    for (const [name, handle] of files) {
      this.#slots.set(host.add(handle, name, this.metrics), name)
    }
    try {
      this.module.put(new Uint8Array(Uint32Array.from(this.#slots.keys()).buffer))
      this.module.checked(this.module.exports['pool_open'](this.id))
    } catch (error) {
      this.#release()
      throw error
    }
    this.#paused = false
  }

  #release(): void {
    for (const slot of this.#slots.keys()) this.module.host.remove(slot)?.handle.close()
    this.#slots.clear()
  }

  get capacity(): number {
    return this.#call('pool_capacity')
  }

  get free(): number {
    return this.#call('pool_free_slots')
  }

  /** Bytes of all its files. */
  get size(): number {
    let size = 0
    for (const slot of this.#slots.keys()) size += this.module.host.handle(slot).getSize()
    return size
  }

  names(): string[] {
    this.#call('pool_list')
    return this.module.texts()
  }

  setAside(): SetAside[] {
    const count = this.#call('pool_set_aside')
    const texts = this.module.texts()
    return Array.from({ length: count }, (_, at) => {
      const [slot, size, file, reason, path] = texts.slice(at * 5, at * 5 + 5) as [
        string,
        string,
        string,
        string,
        string,
      ]
      return { slot: Number(slot), size: Number(size), file, reason, path }
    })
  }

  adopt(slot: number, name: string): void {
    this.#named('pool_adopt', name, slot)
  }

  discard(slot: number): void {
    this.#call('pool_discard', slot)
  }

  /** The number of the handle that holds a file. */
  slotOf(name: string): number {
    return this.#named('pool_slot_of', name)
  }

  create(name: string): number {
    return this.#named('pool_create', name)
  }

  delete(name: string): void {
    this.#named('pool_delete', name)
  }

  /** Gives a file another name, which no other may have. */
  rename(from: string, to: string): void {
    this.#named('pool_rename', `${from}\0${to}`)
  }

  async addCapacity(count: number): Promise<number> {
    for (const [name, handle] of await Promise.all(Array.from({ length: count }, () => this.store.create()))) {
      if (this.#paused) {
        handle.close()
        continue
      }
      const slot = this.module.host.add(handle, name, this.metrics)
      this.#slots.set(slot, name)
      this.#call('pool_add_slot', slot)
    }
    return this.#paused ? 0 : this.capacity
  }

  async reduceCapacity(count: number): Promise<number> {
    let removed = 0
    for (; removed < count; removed++) {
      const slot = this.#call('pool_remove_slot', undefined, -1)
      if (slot < 0) break
      const { handle, name } = this.module.host.remove(slot)!
      handle.close()
      this.#slots.delete(slot)
      await this.store.remove(name)
    }
    return removed
  }

  /** Adds files while fewer than `wanted` are free. Concurrent calls share one growth. */
  growAhead(wanted: number): Promise<void> | undefined {
    if (this.#paused || this.free >= wanted) return this.#growing
    this.#growing ??= this.addCapacity(wanted)
      .then(() => undefined)
      .finally(() => {
        this.#growing = undefined
      })
    return this.#growing
  }

  /** Ends when no file is being added. */
  get growing(): Promise<void> {
    return this.#growing?.catch(() => undefined) ?? Promise.resolve()
  }

  /** Gives its files away as they are, and is no more. */
  leave(): SlotFiles {
    const files = [...this.#slots].map(([slot, name]): SlotFiles[number] => [
      name,
      this.module.host.remove(slot)!.handle,
    ])
    this.#slots.clear()
    this.#paused = true
    return files
  }

  /** Lets go of all files; the pool is as it was once `resume` has them again. */
  async pause(): Promise<void> {
    await this.#growing
    if (this.#paused) return
    this.#call('pool_close')
    this.letGo()
  }

  /** Lets go of all files at once, whatever the module has open; those that are being added are closed when they come. */
  letGo(): void {
    this.#release()
    this.#paused = true
  }

  get isPaused(): boolean {
    return this.#paused
  }

  /** Concurrent calls share one opening of the files. */
  async resume(): Promise<void> {
    if (!this.#paused) return
    this.#resuming ??= this.store
      .open()
      .then((files) => this.#acquire(files))
      .finally(() => {
        this.#resuming = undefined
      })
    return this.#resuming
  }

  /** Forgets the pool and removes its files. */
  async destroy(): Promise<void> {
    await this.pause()
    await this.store.destroy()
  }

  #named(name: string, text: string, ...values: number[]): number {
    this.module.putText(text)
    return this.#call(name, values[0])
  }

  /** Calls an export of the pool; a result below `least` is an error. */
  #call(name: string, value?: number, least = 0): number {
    if (this.#paused) throw new DeviceError('EBUSY', `${this.store.label} is paused: resume it first.`)
    const call = this.module.exports[name]
    const result: number = value === undefined ? call(this.id) : call(this.id, value)
    return result >= least ? result : this.module.checked(result)
  }
}
