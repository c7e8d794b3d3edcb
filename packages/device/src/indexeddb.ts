import { explain } from './errors.js'
import type { Handle } from './handle.js'
import { Budget, MemoryHandle, PAGE } from './memory.js'
import { randomName, type SlotStore } from './slots.js'

/** The one object store: pages at `[file, number]`, and the length of a file at `[file, -1]`. */
const PAGES = 'pages'
const LENGTH = -1
/** Reading IndexedDB takes a turn of the event loop, which a synchronous read cannot wait for: so all pages are in memory. */
const MEMORY = 512 << 20

/**
 * Files in memory whose changed pages go to IndexedDB: for browsers without synchronous handles.
 *
 * `settle` writes everything that has changed in one transaction. So what is stored is always what was there at one
 * moment, and no crash can tear it.
 */
export class IndexedDbSlots implements SlotStore {
  readonly label: string
  #db: IDBDatabase | undefined
  #removed: string[] = []
  #writing: Promise<void> = Promise.resolve()
  readonly #files = new Map<string, MemoryHandle>()
  readonly #budget: Budget

  /** `memory` is how many bytes all files may take. */
  constructor(
    readonly name: string,
    memory = MEMORY,
  ) {
    this.#budget = new Budget(memory)
    this.label = `the pool in the IndexedDB database ${name}`
  }

  /** Whether there is a database of that name. */
  static async exists(name: string): Promise<boolean> {
    if (typeof indexedDB === 'undefined') return false
    return (await indexedDB.databases()).some((database) => database.name === name)
  }

  async open(): Promise<[string, Handle][]> {
    try {
      const opening = indexedDB.open(this.name, 1)
      opening.onupgradeneeded = () => opening.result.createObjectStore(PAGES)
      this.#db = await done(opening)
      await this.#load()
    } catch (error) {
      throw explain(error, `Cannot open ${this.label}`)
    }
    return [...this.#files]
  }

  async #load(): Promise<void> {
    const store = this.#db!.transaction(PAGES).objectStore(PAGES)
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())])
    keys.forEach((key, at) => {
      const [name, number] = key as [string, number]
      const file = this.#file(name)
      if (number === LENGTH) file.size = values[at] as number
      else {
        this.#budget.take(PAGE)
        file.pages.set(number, new Uint8Array(values[at] as ArrayBuffer))
      }
    })
  }

  #file(name: string): MemoryHandle {
    let file = this.#files.get(name)
    if (!file) this.#files.set(name, (file = new MemoryHandle(this.#budget)))
    return file
  }

  async create(): Promise<[string, Handle]> {
    const name = randomName()
    const file = this.#file(name)
    file.resized = true
    return [name, file]
  }

  async remove(name: string): Promise<void> {
    this.#files.get(name)?.truncate(0)
    this.#files.delete(name)
    this.#removed.push(name)
    await this.settle()
  }

  /** One transaction at a time, each with everything that has changed when it begins. */
  settle(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write())
    return this.#writing
  }

  async #write(): Promise<void> {
    const changed = [...this.#files].filter(([, file]) => file.changed.size > 0 || file.resized)
    const removed = this.#removed.splice(0)
    if (changed.length === 0 && removed.length === 0) return
    const taken = changed.map(([, file]) => ({ file, pages: file.changed, resized: file.resized }))
    try {
      const transaction = this.#db!.transaction(PAGES, 'readwrite', { durability: 'strict' })
      const store = transaction.objectStore(PAGES)
      for (const name of removed) store.delete(IDBKeyRange.bound([name, LENGTH], [name, Infinity]))
      for (const [name, file] of changed) {
        for (const number of file.changed) {
          const page = file.pages.get(number)
          if (page) store.put(page.buffer, [name, number])
          else store.delete([name, number])
        }
        store.put(file.size, [name, LENGTH])
        file.changed = new Set()
        file.resized = false
      }
      await committed(transaction)
    } catch (error) {
      // What did not arrive is due again.
      for (const { file, pages, resized } of taken) {
        for (const page of pages) file.changed.add(page)
        file.resized ||= resized
      }
      this.#removed.push(...removed)
      throw explain(error, `Cannot write to ${this.label}`)
    }
  }

  async destroy(): Promise<void> {
    this.#files.clear()
    this.#db?.close()
    await done(indexedDB.deleteDatabase(this.name))
  }

  close(): void {
    this.#db?.close()
  }
}

/** Bytes of a page, for whoever moves pages elsewhere. */
export const INDEXEDDB_PAGE = PAGE

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
}

function committed(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error)
  })
}
