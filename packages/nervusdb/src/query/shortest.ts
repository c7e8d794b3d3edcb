import type { PersistentStore } from '../core/store.js'
import type { FactRecord } from '../types.js'

/** How {@link shortestPath} searches. */
export interface ShortestPathOptions {
  /** Any of these; all if not given. */
  predicates?: string[]
  /** Default 8. */
  maxHops?: number
  direction?: 'forward' | 'reverse' | 'both'
}

/** How {@link shortestPathWeighted} searches. */
export interface WeightedPathOptions {
  predicate?: string
  /** The edge property that holds the cost. Default `weight`. */
  weightProperty?: string
}

type Fact = readonly [subject: number, predicate: number, object: number]

/** How a node was reached. */
interface Arrival {
  readonly from: number
  readonly fact: Fact
}

/** The ids of both ends, of the predicates, and the view; undefined if something is unknown. */
interface Search {
  readonly store: PersistentStore
  readonly view: number
  readonly from: number
  readonly to: number
  readonly predicateIds: readonly (number | undefined)[]
}

function prepare(
  store: PersistentStore,
  from: string,
  to: string,
  predicates: string[] | undefined,
): Search | undefined {
  const view = store.view()
  const [start, end] = [store.getNodeIdByValue(from), store.getNodeIdByValue(to)]
  if (start === undefined || end === undefined) return undefined
  const known = predicates?.map((predicate) => store.idsOf({ predicate })?.predicateId).filter((id) => id !== undefined)
  return { store, view, from: start, to: end, predicateIds: known ?? [undefined] }
}

/** The facts that leave a node, or lead to it, with the node at the other end. */
function* neighbours(search: Search, node: number, reverse: boolean): Generator<readonly [number, Fact], void> {
  for (const predicateId of search.predicateIds) {
    const pattern = reverse ? { predicateId, objectId: node } : { subjectId: node, predicateId }
    for (const words of search.store.scan(search.view, pattern)) {
      for (let at = 0; at < words.length; at += 3) {
        const fact = [words[at], words[at + 1], words[at + 2]] as unknown as Fact
        yield [fact[reverse ? 0 : 2], fact]
      }
    }
  }
}

/** One more hop from a level of nodes. */
function widen(
  search: Search,
  level: readonly number[],
  reached: Map<number, Arrival | undefined>,
  ways: readonly boolean[],
): number[] {
  const next: number[] = []
  for (const from of level) {
    for (const reverse of ways) {
      for (const [node, fact] of neighbours(search, from, reverse)) {
        if (reached.has(node)) continue
        reached.set(node, { from, fact })
        next.push(node)
      }
    }
  }
  return next
}

/** The facts from where the search began to a node. */
function trace(reached: Map<number, Arrival | undefined>, end: number): Fact[] {
  const facts: Fact[] = []
  for (let arrival = reached.get(end); arrival !== undefined; arrival = reached.get(arrival.from))
    facts.unshift(arrival.fact)
  return facts
}

function records({ store, view }: Search, facts: readonly Fact[]): FactRecord[] {
  return store.records.read(view, Uint32Array.from(facts.flat()), true)
}

/** A path with the fewest hops. */
export function shortestPath(
  store: PersistentStore,
  from: string,
  to: string,
  options: ShortestPathOptions = {},
): FactRecord[] | null {
  const { maxHops = 8, direction = 'forward' } = options
  const search = prepare(store, from, to, options.predicates)
  if (search === undefined) return null
  if (search.from === search.to) return []
  const ways = direction === 'both' ? [false, true] : [direction === 'reverse']
  const reached = new Map<number, Arrival | undefined>([[search.from, undefined]])
  let level = [search.from]
  for (let hop = 0; hop < maxHops && level.length > 0; hop++) {
    level = widen(search, level, reached, ways)
    if (reached.has(search.to)) return records(search, trace(reached, search.to))
  }
  return null
}

/** The same length, searching from both ends: far fewer nodes are looked at in wide graphs. */
export function shortestPathBidirectional(
  store: PersistentStore,
  from: string,
  to: string,
  options: Omit<ShortestPathOptions, 'direction'> = {},
): FactRecord[] | null {
  const { maxHops = 8 } = options
  const search = prepare(store, from, to, options.predicates)
  if (search === undefined) return null
  if (search.from === search.to) return []
  const ahead = new Map<number, Arrival | undefined>([[search.from, undefined]])
  const back = new Map<number, Arrival | undefined>([[search.to, undefined]])
  let [front, rear] = [[search.from], [search.to]]
  for (let hop = 0; hop < maxHops && front.length > 0 && rear.length > 0; hop++) {
    const isFront = front.length <= rear.length
    const level = isFront ? widen(search, front, ahead, [false]) : widen(search, rear, back, [true])
    if (isFront) front = level
    else rear = level
    const meeting = level.find((node) => (isFront ? back : ahead).has(node))
    if (meeting !== undefined) return records(search, [...trace(ahead, meeting), ...trace(back, meeting).reverse()])
  }
  return null
}

/** A path of the least sum of weights (Dijkstra). Missing weights count as 1. */
export function shortestPathWeighted(
  store: PersistentStore,
  from: string,
  to: string,
  options: WeightedPathOptions = {},
): FactRecord[] | null {
  const search = prepare(store, from, to, options.predicate === undefined ? undefined : [options.predicate])
  if (search === undefined) return null
  if (search.from === search.to) return []
  const weight = weights(search, options.weightProperty ?? 'weight')
  const reached = new Map<number, Arrival | undefined>([[search.from, undefined]])
  const costs = new Map<number, number>([[search.from, 0]])
  const queue = new Heap()
  queue.push(0, search.from)
  for (let entry = queue.pop(); entry !== undefined; entry = queue.pop()) {
    const [cost, node] = entry
    if (node === search.to) return records(search, trace(reached, node))
    if (cost > (costs.get(node) ?? Infinity)) continue
    const around = [...neighbours(search, node, false)]
    const weightOf = weight(around.map(([, fact]) => fact))
    around.forEach(([next, fact], index) => {
      const total = cost + (weightOf[index] as number)
      if (total >= (costs.get(next) ?? Infinity)) return
      costs.set(next, total)
      reached.set(next, { from: node, fact })
      queue.push(total, next)
    })
  }
  return null
}

function weights({ store, view }: Search, property: string): (facts: readonly Fact[]) => number[] {
  return (facts) => {
    if (!store.core.hasData) return facts.map(() => 1)
    return store.records.sets(view, true, facts.flat()).map((properties) => {
      const value = properties?.[property]
      const weight = value === undefined || value === null ? 1 : Number(value)
      return Number.isFinite(weight) ? Math.max(0, weight) : 1
    })
  }
}

/** Nodes by cost, the cheapest first. */
class Heap {
  readonly #entries: [cost: number, node: number][] = []

  push(cost: number, node: number): void {
    const entries = this.#entries
    let at = entries.push([cost, node]) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#cost(parent) <= cost) break
      this.#swap(at, parent)
      at = parent
    }
  }

  pop(): [cost: number, node: number] | undefined {
    const entries = this.#entries
    const [first, last] = [entries[0], entries.pop()]
    if (entries.length === 0 || last === undefined) return first
    entries[0] = last
    for (let at = 0; ; ) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let least = at
      if (left < entries.length && this.#cost(left) < this.#cost(least)) least = left
      if (right < entries.length && this.#cost(right) < this.#cost(least)) least = right
      if (least === at) return first
      this.#swap(at, least)
      at = least
    }
  }

  #cost(at: number): number {
    return (this.#entries[at] as [number, number])[0]
  }

  #swap(a: number, b: number): void {
    const entries = this.#entries
    ;[entries[a], entries[b]] = [entries[b] as [number, number], entries[a] as [number, number]]
  }
}
