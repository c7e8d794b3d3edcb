import type { PersistentStore } from '../core/store.js'
import type { NervusDB } from '../db.js'
import { NervusDBError } from '../errors.js'

/** What a plugin is. */
export interface NervusDBPlugin {
  readonly name: string
  readonly version: string
  initialize(db: NervusDB, store: PersistentStore): void | Promise<void>
  cleanup?(): void | Promise<void>
}

/** Plugins by name, initialised in the order they were registered. */
export class PluginManager {
  readonly #db: NervusDB
  readonly #store: PersistentStore
  readonly #plugins = new Map<string, NervusDBPlugin>()
  #isInitialized = false

  constructor(db: NervusDB, store: PersistentStore) {
    this.#db = db
    this.#store = store
  }

  register(plugin: NervusDBPlugin): void {
    if (this.#isInitialized) {
      throw new NervusDBError(
        'INVALID_ARGUMENT',
        `the plugin ${plugin.name} comes too late: plugins are already initialised`,
      )
    }
    if (this.#plugins.has(plugin.name)) {
      throw new NervusDBError('INVALID_ARGUMENT', `a plugin named ${plugin.name} is already registered`)
    }
    this.#plugins.set(plugin.name, plugin)
  }

  /** In order, once. */
  async initialize(): Promise<void> {
    if (this.#isInitialized) return
    this.#isInitialized = true
    for (const plugin of this.#plugins.values()) await plugin.initialize(this.#db, this.#store)
  }

  get<T extends NervusDBPlugin>(name: string): T | undefined {
    return this.#plugins.get(name) as T | undefined
  }

  has(name: string): boolean {
    return this.#plugins.has(name)
  }

  list(): { name: string; version: string }[] {
    return [...this.#plugins.values()].map(({ name, version }) => ({ name, version }))
  }

  /** All at once; one that fails keeps none of the others from it. */
  async cleanup(): Promise<void> {
    await Promise.allSettled([...this.#plugins.values()].map(async (plugin) => plugin.cleanup?.()))
  }
}
