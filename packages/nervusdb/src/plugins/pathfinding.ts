import type { PersistentStore } from '../core/store.js'
import type { NervusDB } from '../db.js'
import {
  shortestPath,
  shortestPathBidirectional,
  shortestPathWeighted,
  type ShortestPathOptions,
  type WeightedPathOptions,
} from '../query/shortest.js'
import type { FactRecord } from '../types.js'
import type { NervusDBPlugin } from './manager.js'

/** Shortest paths. */
export class PathfindingPlugin implements NervusDBPlugin {
  readonly name = 'pathfinding'
  readonly version = '1.0.0'
  #store!: PersistentStore

  initialize(_db: NervusDB, store: PersistentStore): void {
    this.#store = store
  }

  shortestPath(from: string, to: string, options?: ShortestPathOptions): FactRecord[] | null {
    return shortestPath(this.#store, from, to, options)
  }

  shortestPathBidirectional(
    from: string,
    to: string,
    options?: Omit<ShortestPathOptions, 'direction'>,
  ): FactRecord[] | null {
    return shortestPathBidirectional(this.#store, from, to, options)
  }

  shortestPathWeighted(from: string, to: string, options?: WeightedPathOptions): FactRecord[] | null {
    return shortestPathWeighted(this.#store, from, to, options)
  }
}
