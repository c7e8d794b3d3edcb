import { userName } from './properties.js'
import { scanAll } from './property-scan.js'
import type { PersistentStore } from './store.js'
import { propertyNames } from './property-names.js'

/** Nodes and edges by their properties. It always shows the newest committed state, or the snapshot it is used in. */
export class PropertyIndex {
  readonly #store: PersistentStore

  constructor(store: PersistentStore) {
    this.#store = store
  }

  queryNodesByProperty(propertyName: string, value: unknown): Set<number> {
    return this.#store.nodesWith(this.#store.view(), { propertyName, value })
  }

  queryEdgesByProperty(propertyName: string, value: unknown): Set<string> {
    const found = new Set<string>()
    for (const ids of this.#store.edgesWith(this.#store.view(), { propertyName, value })) found.add(ids.join(':'))
    return found
  }

  queryNodesByRange(
    propertyName: string,
    min?: unknown,
    max?: unknown,
    includeMin = true,
    includeMax = true,
  ): Set<number> {
    const range = { min, max, includeMin, includeMax }
    return this.#store.nodesWith(this.#store.view(), { propertyName, range })
  }

  getNodePropertyNames(): string[] {
    return this.#names(false).map(([, name]) => name)
  }

  getEdgePropertyNames(): string[] {
    return this.#names(true).map(([, name]) => name)
  }

  /** How many names there are, and how many owners have each. */
  getStats(): { nodePropertyCount: number; edgePropertyCount: number; nodeEntries: number; edgeEntries: number } {
    const [nodes, edges] = [this.#names(false), this.#names(true)]
    const entries = (ofEdges: boolean, names: [string, string][]): number => {
      let count = 0
      for (const [stored] of names) {
        for (const _ of scanAll(this.#store.engine, this.#store.view(), ofEdges, stored)) count++
      }
      return count
    }
    return {
      nodePropertyCount: nodes.length,
      edgePropertyCount: edges.length,
      nodeEntries: entries(false, nodes),
      edgeEntries: entries(true, edges),
    }
  }

  /** Stored names and those users know them by. */
  #names(ofEdges: boolean): [string, string][] {
    const stored = propertyNames(this.#store.engine, this.#store.view(), ofEdges)
    return stored.flatMap((name) => {
      const known = userName(name)
      return known === undefined ? [] : [[name, known] as [string, string]]
    })
  }
}
