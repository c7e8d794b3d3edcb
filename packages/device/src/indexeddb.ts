import { DeviceError, explain } from './errors.js'
import type { Handle } from './handle.js'
import { Budget, MemoryHandle, PAGE } from './memory.js'
import { type Damaged, randomName, type SlotStore } from './slots.js'
import { textOf } from './text.js'

/** The one object store: pages at `[file, number]`, and what there is of a file at `[file, -1]`. */
const PAGES = 'pages'
const EXTENT = -1

/** The length of a file, and how many of its pages are stored: what was never written is not. */
interface Extent {
  size: number
  pages: number
}

/**
 * Chromium writes a database to a log. After a crash it goes on behind the half of a record that the crash may have left,
 * and after another crash finds that half in the middle: then it deletes the database. Logs that hold this much are left
 * behind, so that much is written, under the name of no file, before anything else is.
 */
const LOG = 5 << 20
const NOBODY = ''
/** Where it says whose the database is: whoever opened it last. */
const OWNER: IDBValidKey = [NOBODY, 'owner']

/** Bytes of a path in the header of a pool's file. */
const PATH = 512
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
  readonly damaged: Damaged[] = []
  #db: IDBDatabase | undefined
  #removed: string[] = []
  #writing: Promise<void> = Promise.resolve()
  readonly #files = new Map<string, MemoryHandle>()
  readonly #budget: Budget
  /** Who this is to others who open the database. */
  #token: unknown = randomName()

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
    try {
      return (await indexedDB.databases()).some((database) => database.name === name)
    } catch (error) {
      throw explain(error, 'Cannot list the IndexedDB databases')
    }
  }

  async open(): Promise<[string, Handle][]> {
    try {
      const opening = indexedDB.open(this.name, 1)
      opening.onupgradeneeded = () => opening.result.createObjectStore(PAGES)
      this.#db = await done(opening)
      await this.#claim()
      await this.#load()
      if (this.#files.size + this.damaged.length > 0 && navigator.userAgent.includes('Chrome/')) await this.#leaveLog()
    } catch (error) {
      throw explain(error, `Cannot open ${this.label}`)
    }
    return [...this.#files]
  }

  /** From here on whoever had the database before writes nothing any more. */
  async #claim(): Promise<void> {
    const claiming = this.#db!.transaction(PAGES, 'readwrite', { durability: 'strict' })
    claiming.objectStore(PAGES).put(this.#token, OWNER)
    // Without room for that it is whose it was.
    await committed(claiming).catch(async () => {
      this.#token = await done(this.#db!.transaction(PAGES).objectStore(PAGES).get(OWNER))
    })
  }

  async #load(): Promise<void> {
    const store = this.#db!.transaction(PAGES).objectStore(PAGES)
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())])
    const extents = new Map<string, unknown>()
    keys.forEach((key, at) => {
      const [name, number] = key as [string, number]
      if (name === NOBODY) return
      const file = this.#file(name)
      if (number === EXTENT) extents.set(name, values[at])
      else file.pages.set(number, new Uint8Array(values[at] as ArrayBuffer))
    })
    for (const [name, file] of this.#files) {
      const extent = extents.get(name) as Extent | undefined
      const reason = faultOf(file, extent)
      if (reason === undefined) {
        file.size = extent!.size
        this.#budget.take(file.pages.size * PAGE)
        continue
      }
      // Its pages stay where they are, under its name.
      this.#files.delete(name)
      const held = [...file.pages.values()].reduce((sum, page) => sum + page.length, 0)
      this.damaged.push({ file: name, size: held, reason, path: pathIn(file) })
    }
  }

  /** Twice: the second log is begun when nothing of the first is needed any more. */
  async #leaveLog(): Promise<void> {
    for (let log = 0; log < 2; log++) {
      const filling = this.#db!.transaction(PAGES, 'readwrite')
      const store = filling.objectStore(PAGES)
      for (let number = 0; number * PAGE < LOG; number++) store.put(new ArrayBuffer(PAGE), [NOBODY, number])
      // Without room for it the database is as good as it was.
      await committed(filling).catch(() => undefined)
      const clearing = this.#db!.transaction(PAGES, 'readwrite')
      clearing.objectStore(PAGES).delete(pagesOf(NOBODY))
      await committed(clearing)
    }
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

  #changed(): [string, MemoryHandle][] {
    return [...this.#files].filter(([, file]) => file.changed.size > 0 || file.resized)
  }

  async #write(): Promise<void> {
    if (this.#changed().length === 0 && this.#removed.length === 0) return
    let removed: string[] = []
    let taken: { file: MemoryHandle; pages: Set<number>; resized: boolean }[] = []
    try {
      const transaction = this.#db!.transaction(PAGES, 'readwrite', { durability: 'strict' })
      const store = transaction.objectStore(PAGES)
      if ((await done(store.get(OWNER))) !== this.#token) {
        throw new DeviceError('EBUSY', `${this.label} was opened by another tab or worker, which now owns it`)
      }
      // All of this moment: nothing may be waited for from here on.
      const changed = this.#changed()
      removed = this.#removed.splice(0)
      taken = changed.map(([, file]) => ({ file, pages: file.changed, resized: file.resized }))
      for (const name of removed) store.delete(pagesOf(name))
      for (const [name, file] of changed) {
        for (const number of file.changed) {
          const page = file.pages.get(number)
          if (page) store.put(page.buffer, [name, number])
          else store.delete([name, number])
        }
        store.put({ size: file.size, pages: file.pages.size } satisfies Extent, [name, EXTENT])
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

function pagesOf(name: string): IDBKeyRange {
  return IDBKeyRange.bound([name, EXTENT], [name, Infinity])
}

/** What is wrong with a stored file. */
function faultOf({ pages }: MemoryHandle, extent: Extent | undefined): string | undefined {
  if (!Number.isSafeInteger(extent?.size) || !Number.isSafeInteger(extent?.pages)) return 'its length is not stored'
  const { size, pages: count } = extent!
  if (pages.size !== count) return `it has ${pages.size} of ${count} pages`
  for (const [number, page] of pages) {
    if (page.length !== PAGE || !Number.isSafeInteger(number) || number < 0 || number * PAGE >= size)
      return `it has an unexpected page ${number}`
  }
  return undefined
}

/** The path in the header of a pool's file. */
function pathIn({ pages }: MemoryHandle): string {
  const text = textOf(pages.get(0)?.subarray(0, PATH) ?? new Uint8Array())
  return text.slice(0, Math.max(0, text.indexOf('\0')))
}

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
