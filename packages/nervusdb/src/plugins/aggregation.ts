import type { PersistentStore } from '../core/store.js'
import type { NervusDB } from '../db.js'
import { AggregationPipeline } from '../query/aggregation.js'
import type { NervusDBPlugin } from './manager.js'

/** Aggregation, and figures about the whole graph. */
export class AggregationPlugin implements NervusDBPlugin {
  readonly name = 'aggregation'
  readonly version = '1.0.0'
  #store!: PersistentStore

  initialize(_db: NervusDB, store: PersistentStore): void {
    this.#store = store
  }

  aggregate(): AggregationPipeline {
    return new AggregationPipeline(this.#store)
  }

  /** Distinct strings, predicates included. */
  countNodes(): number {
    return this.#store.getDictionarySize()
  }

  countEdges(): number {
    return this.#store.count(this.#store.view(), {})
  }

  countByPredicate(): Record<string, number> {
    return this.#texts(this.#tally(1))
  }

  getDegreeDistribution(): { inDegree: Record<string, number>; outDegree: Record<string, number> } {
    return { inDegree: this.#texts(this.#tally(2)), outDegree: this.#texts(this.#tally(0)) }
  }

  getTopNodes(limit = 10, by: 'in' | 'out' | 'total' = 'total'): { node: string; degree: number }[] {
    const degrees = by === 'in' ? new Map<number, number>() : this.#tally(0)
    if (by !== 'out') for (const [node, count] of this.#tally(2)) degrees.set(node, (degrees.get(node) ?? 0) + count)
    const top = [...degrees].sort(([, a], [, b]) => b - a).slice(0, Math.max(0, limit))
    return top.map(([id, degree]) => ({ node: this.#text(id), degree }))
  }

  /** Parts that no edge connects, whichever way it points. */
  countConnectedComponents(): number {
    const parents = new Map<number, number>()
    const root = (node: number): number => {
      let at = node
      for (let parent = parents.get(at) ?? at; parent !== at; parent = parents.get(at) ?? at) {
        parents.set(at, parents.get(parent) ?? parent)
        at = parent
      }
      return at
    }
    let components = 0
    for (const words of this.#store.scan(this.#store.view(), {})) {
      for (let at = 0; at < words.length; at += 3) {
        const ends = [words[at] as number, words[at + 2] as number] as const
        for (const node of ends) {
          if (parents.has(node)) continue
          parents.set(node, node)
          components++
        }
        const [a, b] = [root(ends[0]), root(ends[1])]
        if (a === b) continue
        parents.set(a, b)
        components--
      }
    }
    return components
  }

  getStatsSummary(): {
    nodes: number
    edges: number
    predicates: number
    avgDegree: number
    connectedComponents: number
    topPredicates: { predicate: string; count: number }[]
  } {
    const [nodes, edges] = [this.countNodes(), this.countEdges()]
    const predicates = Object.entries(this.countByPredicate()).sort(([, a], [, b]) => b - a)
    return {
      nodes,
      edges,
      predicates: predicates.length,
      avgDegree: nodes === 0 ? 0 : Number(((2 * edges) / nodes).toFixed(2)),
      connectedComponents: this.countConnectedComponents(),
      topPredicates: predicates.slice(0, 5).map(([predicate, count]) => ({ predicate, count })),
    }
  }

  /** How many facts have each id at a place. */
  #tally(place: number): Map<number, number> {
    const counts = new Map<number, number>()
    for (const words of this.#store.scan(this.#store.view(), {})) {
      for (let at = place; at < words.length; at += 3) {
        const id = words[at] as number
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
    }
    return counts
  }

  #text(id: number): string {
    return this.#store.getNodeValueById(id) ?? ''
  }

  #texts(counts: Map<number, number>): Record<string, number> {
    return Object.fromEntries([...counts].map(([id, count]) => [this.#text(id), count]))
  }
}
