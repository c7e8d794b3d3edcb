/**
 * NervusDB in browsers: in memory anywhere, durable in dedicated workers.
 * @module
 */
import { browserPlatform } from './core/browser-platform.js'
import { PersistentStore } from './core/store.js'
import { NervusDB as Database } from './db.js'
import { typedFactory } from './typed.js'
import type { NervusDBOpenOptions } from './types.js'

export * from './exports.js'

/** A database of facts: subject, predicate, object, with properties. */
export class NervusDB extends Database {
  /** Opens the database at a path of the browser's private file system, and creates it if it is missing; or `':memory:'`. */
  static async open(path: string, options?: NervusDBOpenOptions): Promise<NervusDB> {
    return (await this.openOn(browserPlatform, path, options)) as NervusDB
  }
}

PersistentStore.open = (path, options = {}) => PersistentStore.openOn(browserPlatform, path, options)

export { NervusDB as CoreNervusDB, NervusDB as ExtendedNervusDB }

/** Opens or wraps databases with types. */
export const TypedNervusDB = typedFactory((path, options) => NervusDB.open(path, options))
