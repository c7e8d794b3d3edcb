import type { PersistentStore } from '../core/store.js'
import type { Pin } from '../core/views.js'
import type { FactRecord } from '../types.js'
import { hop } from './facts.js'

/** What may not come twice in a path: a node (its start included), a fact, or nothing. */
export type Uniqueness = 'NODE' | 'EDGE' | 'NONE'

/** How far and which way a path goes. */
export interface VariablePathOptions {
  min?: number
  max: number
  uniqueness?: Uniqueness
  direction?: 'forward' | 'reverse'
}

export interface StreamPathOptions {
  direction?: 'forward' | 'reverse'
  uniqueness?: Uniqueness
  /** Only paths that end at this node. */
  target?: number
}

export interface PathEdge {
  record: FactRecord
  direction: 'forward' | 'reverse'
}

export interface PathResult {
  edges: PathEdge[]
  length: number
  startId: number
  endId: number
}

/** A path on its way: one more fact than the path before. */
interface Trail {
  readonly start: number
  readonly end: number
  readonly before: Trail | undefined
  readonly fact: Uint32Array | undefined
}

/** Paths of a variable number of hops over one predicate, shorter ones first. */
export class VariablePathBuilder {
  readonly #store: PersistentStore
  readonly #frontier: () => Iterable<number>
  readonly #pin: Pin | undefined
  readonly #predicate: string
  readonly #options: VariablePathOptions

  constructor(
    store: PersistentStore,
    frontier: () => Iterable<number>,
    pin: Pin | undefined,
    predicate: string,
    options: VariablePathOptions,
  ) {
    this.#store = store
    this.#frontier = frontier
    this.#pin = pin
    this.#predicate = predicate
    this.#options = options
  }

  /** All paths, or those that end at a node. */
  all(targetId?: number): PathResult[] {
    return [...this.#walk(targetId)]
  }

  /** A shortest path to a node. */
  shortest(targetId: number): PathResult | null {
    for (const path of this.#walk(targetId)) return path
    return null
  }

  #walk(target: number | undefined): Generator<PathResult, void> {
    const view = this.#store.viewOf(this.#pin)
    return walk(this.#store, view, this.#frontier(), this.#predicate, this.#options, target)
  }
}

/** The same paths as they are found, all of one moment. */
export async function* streamPaths(
  store: PersistentStore,
  frontier: () => Iterable<number>,
  predicate: string,
  range: { min?: number; max: number },
  { target, ...options }: StreamPathOptions,
): AsyncGenerator<PathResult, void> {
  const pin = store.pin()
  try {
    yield* walk(store, pin.handle, frontier(), predicate, { ...range, ...options }, target)
  } finally {
    store.unpin(pin)
  }
}

function* walk(
  store: PersistentStore,
  view: number,
  frontier: Iterable<number>,
  predicate: string,
  options: VariablePathOptions,
  target: number | undefined,
): Generator<PathResult, void> {
  const { uniqueness = 'NODE', direction = 'forward' } = options
  const min = Math.max(1, options.min ?? 1)
  const max = Math.max(min, options.max)
  const predicateId = store.idsOf({ predicate })?.predicateId
  if (predicateId === undefined) return
  const reverse = direction === 'reverse'
  let trails: Trail[] = Array.from(frontier, (start) => ({ start, end: start, before: undefined, fact: undefined }))
  for (let depth = 1; depth <= max && trails.length > 0; depth++) {
    const next: Trail[] = []
    for (const before of trails) {
      for (const words of hop(store, view, [before.end], predicateId, reverse)) {
        for (let at = 0; at < words.length; at += 3) {
          const fact = words.slice(at, at + 3)
          const end = fact[reverse ? 0 : 2] as number
          if (repeats(before, end, fact, uniqueness)) continue
          const trail: Trail = { start: before.start, end, before, fact }
          if (depth < max) next.push(trail)
          if (depth >= min && (target === undefined || end === target)) yield result(store, view, trail, direction)
        }
      }
    }
    trails = next
  }
}

function repeats(trail: Trail, node: number, fact: Uint32Array, uniqueness: Uniqueness): boolean {
  if (uniqueness === 'NONE') return false
  for (let at: Trail | undefined = trail; at !== undefined; at = at.before) {
    if (uniqueness === 'NODE' ? at.end === node : at.fact?.every((id, index) => id === fact[index]) === true)
      return true
  }
  return false
}

function result(store: PersistentStore, view: number, trail: Trail, direction: 'forward' | 'reverse'): PathResult {
  const facts: Uint32Array[] = []
  for (let at: Trail | undefined = trail; at?.fact !== undefined; at = at.before) facts.unshift(at.fact)
  const words = new Uint32Array(facts.length * 3)
  facts.forEach((fact, index) => words.set(fact, index * 3))
  const edges = store.records.read(view, words, true).map((record) => ({ record, direction }))
  return { edges, length: edges.length, startId: words[0] as number, endId: trail.end }
}
