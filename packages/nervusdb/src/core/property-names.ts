import type { Engine } from '../engine/engine.js'

/** The stored names of all properties of nodes, or of edges. */
export function propertyNames(engine: Engine, view: number, ofEdges: boolean): string[] {
  return engine.guard(() => {
    const { words, at, count } = engine.words(engine.x.properties_names(view, ofEdges ? 1 : 0))
    const names = engine.memory.texts(engine.x.bytes() >>> 0, words.subarray(at, at + count))
    return names.filter((name) => name !== undefined)
  })
}
