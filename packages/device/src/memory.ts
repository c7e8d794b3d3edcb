import type { Handle } from './handle.js'
import { randomName, type SlotStore } from './slots.js'

/** Bytes of a page: what changes are remembered by. */
export const PAGE = 16_384

/** How much memory all files of a store may take. */
export class Budget {
  #left: number

  constructor(readonly bytes: number) {
    this.#left = bytes
  }

  take(bytes: number): void {
    if (bytes > this.#left) {
      throw new DOMException(
        `files in memory are limited to ${this.bytes >> 20} MiB; delete some`,
        'QuotaExceededError',
      )
    }
    this.#left -= bytes
  }

  give(bytes: number): void {
    this.#left += bytes
  }
}

/** A file in memory, in pages, with a note of those that changed since `takeChanges`. */
export class MemoryHandle implements Handle {
  readonly pages = new Map<number, Uint8Array<ArrayBuffer>>()
  size = 0
  changed = new Set<number>()
  resized = false

  constructor(readonly budget?: Budget) {}

  read(to: Uint8Array, { at }: { at: number }): number {
    const length = Math.max(0, Math.min(to.length, this.size - at))
    this.#each(at, length, (page, within, start, end) => {
      const from = this.pages.get(page)
      if (from) to.set(from.subarray(within, within + end - start), start)
      else to.fill(0, start, end)
    })
    return length
  }

  write(from: Uint8Array, { at }: { at: number }): number {
    let missing = 0
    this.#each(at, from.length, (page) => {
      if (!this.pages.has(page)) missing += PAGE
    })
    this.budget?.take(missing)
    this.#each(at, from.length, (page, within, start, end) => {
      this.#page(page).set(from.subarray(start, end), within)
    })
    if (at + from.length > this.size) {
      this.size = at + from.length
      this.resized = true
    }
    return from.length
  }

  truncate(length: number): void {
    if (length < this.size) {
      for (const page of this.pages.keys()) {
        if (page * PAGE >= length) {
          this.pages.delete(page)
          this.changed.add(page)
          this.budget?.give(PAGE)
        }
      }
      const last = Math.floor(length / PAGE)
      if (this.pages.has(last)) this.#page(last).fill(0, length - last * PAGE)
    }
    this.resized ||= this.size !== length
    this.size = length
  }

  flush(): void {}

  getSize(): number {
    return this.size
  }

  close(): void {}

  #page(number: number): Uint8Array<ArrayBuffer> {
    let page = this.pages.get(number)
    if (!page) this.pages.set(number, (page = new Uint8Array(PAGE)))
    this.changed.add(number)
    return page
  }

  #each(at: number, length: number, act: (page: number, within: number, start: number, end: number) => void): void {
    for (let start = 0; start < length; ) {
      const page = Math.floor((at + start) / PAGE)
      const within = at + start - page * PAGE
      const end = Math.min(length, start + PAGE - within)
      act(page, within, start, end)
      start = end
    }
  }
}

/** Files that are gone with the page. */
export class MemorySlots implements SlotStore {
  readonly label = 'the pool in memory'
  readonly #files = new Map<string, Handle>()

  async open(): Promise<[string, Handle][]> {
    return [...this.#files]
  }

  async create(): Promise<[string, Handle]> {
    const file: [string, Handle] = [randomName(), new MemoryHandle()]
    this.#files.set(...file)
    return file
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name)
  }

  async destroy(): Promise<void> {
    this.#files.clear()
  }
}
