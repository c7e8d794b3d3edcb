import type { Engine, StoredFilter } from '../engine/engine.js'
import type { PropertyFilter } from '../types.js'
import { decodeValues, encodeValue, storedName } from './properties.js'

const BATCH = 1024
const encoder = new TextEncoder()

const Kind = { any: 0, equals: 1, prefix: 2, range: 3, hasMin: 4, hasMax: 8, excludesMin: 16, excludesMax: 32 } as const

/** Ids (one of a node, three of an edge) and the value that matched. */
export type PropertyHit = readonly [ids: Uint32Array, value: unknown]

/** The nodes or edges whose property of that stored name matches, in the order of the values. */
export function* scanStored(
  engine: Engine,
  view: number,
  ofEdges: boolean,
  name: string,
  filter: StoredFilter,
): Generator<PropertyHit, void> {
  const handle = engine.guard(() => {
    const parts = [encoder.encode(name), filter.min ?? new Uint8Array(0), filter.max ?? new Uint8Array(0)] as const
    let at = engine.reserve(parts.reduce((sum, part) => sum + part.length, 4))
    for (const part of parts) {
      engine.memory.bytes.set(part, at)
      at += part.length
    }
    const [n, min, max] = parts
    const result = engine.words(
      engine.x.properties_scan(view, ofEdges ? 1 : 0, filter.kind, n.length, min.length, max.length),
    )
    return result.words[result.at] as number
  })
  const width = ofEdges ? 3 : 1
  try {
    for (;;) {
      const { ids, values } = engine.guard(() => {
        const { words, at, count } = engine.words(engine.x.properties_more(handle, BATCH, 1))
        const ids = words.slice(at, at + count)
        const from = engine.x.bytes() >>> 0
        return { ids, values: decodeValues(engine.memory.bytes.subarray(from), count / width) }
      })
      for (const [index, value] of values.entries()) yield [ids.subarray(index * width, (index + 1) * width), value]
      if (values.length < BATCH) return
    }
  } finally {
    engine.x.scan_free(handle)
  }
}

/** The nodes or edges that match a user's filter. */
export function* scanProperty(
  engine: Engine,
  view: number,
  ofEdges: boolean,
  filter: PropertyFilter,
): Generator<Uint32Array, void> {
  const name = storedName(filter.propertyName)
  if (filter.value !== undefined) {
    const min = encodeValue(JSON.parse(JSON.stringify(filter.value)) as unknown)
    for (const [ids] of scanStored(engine, view, ofEdges, name, { kind: Kind.equals, min })) yield ids
    return
  }
  if (filter.range === undefined) return
  const test = rangeTest(filter.range)
  for (const part of rangeParts(filter.range)) {
    for (const [ids, value] of scanStored(engine, view, ofEdges, name, part)) {
      if (test(value)) yield ids
    }
  }
}

type Range = NonNullable<PropertyFilter['range']>

/** Whether a value is in a range, as users see values. */
export function rangeTest(range: Range): (value: unknown) => boolean {
  const { min, max, includeMin = true, includeMax = true } = range
  return (value) => {
    if (min !== undefined) {
      const order = compareValues(value, min)
      if (order < 0 || (order === 0 && !includeMin)) return false
    }
    if (max !== undefined) {
      const order = compareValues(value, max)
      if (order > 0 || (order === 0 && !includeMax)) return false
    }
    return true
  }
}

/**
 * The parts of the index that can hold values of a range. Between numbers, numbers are found by their order; other values compare as
 * text in the reader's language, which no stored order follows, so those are looked at one by one.
 */
function rangeParts(range: Range): StoredFilter[] {
  const { min, max, includeMin = true, includeMax = true } = range
  const isNumeric = (bound: unknown): boolean => bound === undefined || typeof bound === 'number'
  if (!isNumeric(min) || !isNumeric(max) || (min === undefined && max === undefined)) return [{ kind: Kind.any }]
  const least = min ?? -Infinity
  const most = max ?? Infinity
  const numbers: StoredFilter = {
    kind:
      Kind.range |
      Kind.hasMin |
      Kind.hasMax |
      (includeMin ? 0 : Kind.excludesMin) |
      (includeMax ? 0 : Kind.excludesMax),
    min: encodeValue(least),
    max: encodeValue(most),
  }
  const between = (from: unknown, to: unknown): StoredFilter => ({
    kind: Kind.range | Kind.hasMin | Kind.hasMax,
    min: encodeValue(from),
    max: encodeValue(to),
  })
  const json = Uint8Array.of(4, 0)
  return [
    between(null, null),
    between(false, true),
    numbers,
    { kind: Kind.prefix, min: encodeValue('') },
    { kind: Kind.range | Kind.hasMin, min: json },
  ]
}

/** The order of values: numbers numerically, null below all, anything else as text. */
export function compareValues(a: unknown, b: unknown): number {
  if (a === b) return 0
  if (a === null || a === undefined) return b === null || b === undefined ? 0 : -1
  if (b === null || b === undefined) return 1
  if (typeof a === 'number' && typeof b === 'number') return a - b
  return text(a).localeCompare(text(b))
}

function text(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** All nodes or edges that have a property of that stored name, and its values. */
export function scanAll(engine: Engine, view: number, ofEdges: boolean, name: string): Generator<PropertyHit, void> {
  return scanStored(engine, view, ofEdges, name, { kind: Kind.any })
}
