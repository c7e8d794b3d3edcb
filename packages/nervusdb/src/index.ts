/**
 * NervusDB: a durable embedded triple store. This is the entry point for Node.js; there is another one for browsers.
 * @module
 */
import { nodePlatform } from './core/node-platform.js'
import { PersistentStore } from './core/store.js'
import { NervusDB as Database } from './db.js'
import { typedFactory } from './typed.js'
import type { NervusDBOpenOptions } from './types.js'

export * from './exports.js'

/** A database of facts: subject, predicate, object, with properties. */
export class NervusDB extends Database {
  /**
   * Opens the database at a path, and creates it if it does not exist; `':memory:'` opens a new one that exists until {@link close}.
   */
  static async open(path: string, options?: NervusDBOpenOptions): Promise<NervusDB> {
    return (await this.openOn(nodePlatform, path, options)) as NervusDB
  }
}

PersistentStore.open = (path, options = {}) => PersistentStore.openOn(nodePlatform, path, options)

export { NervusDB as CoreNervusDB, NervusDB as ExtendedNervusDB }

/** Opens or wraps databases with types. */
export const TypedNervusDB = typedFactory((path, options) => NervusDB.open(path, options))
