import { NONE, type Engine } from '../engine/engine.js'

const FIRST = 512
const NEXT = 8192

/** A scan the engine holds open for us. */
interface OpenScan {
  readonly engine: Engine
  readonly handle: number
}

const abandoned = new FinalizationRegistry<OpenScan>(({ engine, handle }) => {
  engine.x.scan_free(handle)
})

/** A pattern of ids; undefined is unbound. */
export interface IdPattern {
  readonly subjectId?: number | undefined
  readonly predicateId?: number | undefined
  readonly objectId?: number | undefined
}

/** The facts that match as packed batches of three words each; the first batch is small. */
export function* scanFacts(engine: Engine, view: number, pattern: IdPattern): Generator<Uint32Array, void> {
  const { subjectId: s = NONE, predicateId: p = NONE, objectId: o = NONE } = pattern
  if (s !== NONE && p !== NONE && o !== NONE) {
    if (contains(engine, view, s, p, o)) yield Uint32Array.of(s, p, o)
    return
  }
  const [handle, first] = engine.guard(() => {
    const { words, at, count } = engine.words(engine.x.facts_scan(view, s, p, o, FIRST))
    return [words[at] as number, words.slice(at + 1, at + count)] as const
  })
  if (handle === 0) {
    if (first.length > 0) yield first
    return
  }
  // Lives as long as this generator, which may be dropped half-way.
  const token = {}
  abandoned.register(token, { engine, handle }, token)
  try {
    yield first
    for (;;) {
      const more = engine.guard(() => {
        const { words, at, count } = engine.words(engine.x.facts_more(handle, NEXT))
        return words.slice(at, at + count)
      })
      if (more.length > 0) yield more
      if (more.length < NEXT * 3) return
    }
  } finally {
    abandoned.unregister(token)
    engine.x.scan_free(handle)
  }
}

/** Whether a fact is there. */
export function contains(engine: Engine, view: number, s: number, p: number, o: number): boolean {
  const found = engine.guard(() => engine.x.facts_contains(view, s, p, o))
  if (found < 0) throw engine.failure()
  return found === 1
}

/** How many facts match. */
export function countFacts(engine: Engine, view: number, pattern: IdPattern): number {
  const { subjectId = NONE, predicateId = NONE, objectId = NONE } = pattern
  const count = engine.guard(() => engine.x.facts_count(view, subjectId, predicateId, objectId))
  if (count < 0) throw engine.failure()
  return count
}
