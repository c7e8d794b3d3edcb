import type { PersistentStore } from '../core/store.js'
import type { FactRecord, FrontierOrientation } from '../types.js'
import type { FactTest } from './criteria.js'

/** Facts, packed, in batches; made anew by each walk. */
export type Facts = Iterable<Uint32Array>

/** Facts, and the side the next hop starts from. */
export interface Stage {
  readonly facts: Facts
  readonly orientation: FrontierOrientation
}

/** All batches as one. */
export function concat(facts: Facts): Uint32Array {
  const batches = [...facts]
  if (batches.length === 1) return batches[0] as Uint32Array
  const all = new Uint32Array(batches.reduce((sum, batch) => sum + batch.length, 0))
  let at = 0
  for (const batch of batches) {
    all.set(batch, at)
    at += batch.length
  }
  return all
}

/** The facts that pass a test. */
export function* filter(facts: Facts, test: FactTest): Generator<Uint32Array, void> {
  for (const words of facts) {
    const kept = new Uint32Array(words.length)
    let length = 0
    for (let at = 0; at < words.length; at += 3) {
      const s = words[at] as number
      const p = words[at + 1] as number
      const o = words[at + 2] as number
      if (!test(s, p, o)) continue
      kept[length] = s
      kept[length + 1] = p
      kept[length + 2] = o
      length += 3
    }
    if (length > 0) yield kept.subarray(0, length)
  }
}

/** The facts whose records a user's function accepts; one that throws does not. */
export function* filterRecords(
  store: PersistentStore,
  view: number,
  facts: Facts,
  accepts: (record: FactRecord) => unknown,
  withProperties: boolean,
): Generator<Uint32Array, void> {
  for (const words of facts) {
    const verdicts = store.records.read(view, words, withProperties).map((record) => {
      try {
        return Boolean(accepts(record))
      } catch {
        return false
      }
    })
    let index = 0
    yield* filter([words], () => verdicts[index++] as boolean)
  }
}

export function* limit(facts: Facts, count: number): Generator<Uint32Array, void> {
  let left = count * 3
  if (left <= 0) return
  for (const words of facts) {
    if (words.length >= left) {
      yield words.subarray(0, left)
      return
    }
    left -= words.length
    yield words
  }
}

export function* skip(facts: Facts, count: number): Generator<Uint32Array, void> {
  let left = count * 3
  for (const words of facts) {
    if (left >= words.length) left -= words.length
    else {
      yield left === 0 ? words : words.subarray(left)
      left = 0
    }
  }
}

/** The nodes on a side, in order of first appearance. */
export function frontierOf({ facts, orientation }: Stage): Set<number> {
  const nodes = new Set<number>()
  for (const words of facts) {
    for (let at = 0; at < words.length; at += 3) {
      if (orientation !== 'object') nodes.add(words[at] as number)
      if (orientation !== 'subject') nodes.add(words[at + 2] as number)
    }
  }
  return nodes
}

/** One hop over a predicate from each node of a frontier. Distinct nodes give distinct facts. */
export function* hop(
  store: PersistentStore,
  view: number,
  frontier: Iterable<number>,
  predicateId: number,
  reverse: boolean,
): Generator<Uint32Array, void> {
  for (const node of frontier) {
    yield* store.scan(view, reverse ? { predicateId, objectId: node } : { subjectId: node, predicateId })
  }
}

/** Breadth first over a predicate, each node expanded once: the facts at depths `min` to `max`, each once. */
export function* hops(
  store: PersistentStore,
  view: number,
  frontier: Iterable<number>,
  predicateId: number,
  range: { min: number; max: number },
  reverse: boolean,
): Generator<Uint32Array, void> {
  const side = reverse ? 0 : 2
  let level = [...frontier]
  const expanded = new Set(level)
  for (let depth = 1; depth <= range.max && level.length > 0; depth++) {
    const next: number[] = []
    for (const words of hop(store, view, level, predicateId, reverse)) {
      for (let at = 0; at < words.length; at += 3) {
        const node = words[at + side] as number
        if (expanded.has(node)) continue
        expanded.add(node)
        next.push(node)
      }
      if (depth >= range.min) yield words
    }
    level = next
  }
}

/** The facts of both, the left ones first; `distinct` drops repetitions. */
export function* union(left: Facts, right: Facts, distinct: boolean): Generator<Uint32Array, void> {
  if (!distinct) {
    yield* left
    yield* right
    return
  }
  const seen = new Set<string>()
  for (const facts of [left, right]) {
    yield* filter(facts, (s, p, o) => {
      const key = `${s}:${p}:${o}`
      return !seen.has(key) && seen.add(key) !== undefined
    })
  }
}
