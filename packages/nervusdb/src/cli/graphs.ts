import type { PersistentStore } from '../core/store.js'
import type { Properties } from '../core/properties.js'
import type { FactInput } from '../types.js'

/** A fact, and the graph it is stated in; without one, the default graph. */
export interface Quad {
  readonly fact: FactInput
  readonly graph: string | undefined
}

/** The property of a fact that names its graphs: one, or a list in which null is the default graph. Without it, the fact is in that alone. */
const PROPERTY = 'graph'

/** The graphs of a fact, by its properties; undefined is the default graph. */
export function graphsOf(properties: Properties | undefined): (string | undefined)[] {
  const value = properties !== undefined && Object.hasOwn(properties, PROPERTY) ? properties[PROPERTY] : undefined
  const names = (Array.isArray(value) ? value : [value]).filter((name) => typeof name === 'string' || name === null)
  return names.length === 0 ? [undefined] : names.map((name: string | null) => name ?? undefined)
}

function withGraphs(properties: Properties, graphs: ReadonlySet<string | undefined>): Properties {
  const { [PROPERTY]: _, ...others } = properties
  const names = [...graphs].map((graph) => graph ?? null)
  if (names.length === 1) return names[0] === null ? others : { ...others, [PROPERTY]: names[0] }
  return { ...others, [PROPERTY]: names }
}

/** Adds quads, all or none; a fact that is there already keeps its graphs. */
export function addQuads(store: PersistentStore, quads: readonly Quad[]): void {
  // Without any properties every fact is in the default graph.
  if (!store.core.hasData && quads.every(({ graph }) => graph === undefined)) {
    store.addFacts(quads.map(({ fact }) => fact))
    return
  }
  store.beginBatch()
  try {
    store.addFacts(quads.map(({ fact }) => fact))
    setGraphs(store, quads)
    store.commitBatch()
  } catch (error) {
    store.abortBatch()
    throw error
  }
}

function setGraphs(store: PersistentStore, quads: readonly Quad[]): void {
  const view = store.view()
  const stated = new Map<string, { ids: [number, number, number]; graphs: Set<string | undefined> }>()
  for (const { fact, graph } of quads) {
    const { subjectId = 0, predicateId = 0, objectId = 0 } = store.idsOf(fact) ?? {}
    const key = `${subjectId} ${predicateId} ${objectId}`
    const known = stated.get(key)
    if (known === undefined) stated.set(key, { ids: [subjectId, predicateId, objectId], graphs: new Set([graph]) })
    else known.graphs.add(graph)
  }
  const facts = [...stated.values()]
  const properties = store.records.sets(
    view,
    true,
    facts.flatMap(({ ids }) => ids),
  )
  facts.forEach(({ ids, graphs }, index) => {
    const before = properties[index] ?? {}
    const [subjectId, predicateId, objectId] = ids
    // Of a fact that was deleted, the properties have stayed.
    const known = store.contains(view, ...ids) ? graphsOf(before) : []
    const wanted = new Set([...known, ...graphs])
    if (wanted.size === known.length) return
    const isPlain = known.length === 0 && wanted.size === 1 && wanted.has(undefined) && !Object.hasOwn(before, PROPERTY)
    if (!isPlain) store.setEdgeProperties({ subjectId, predicateId, objectId }, withGraphs(before, wanted))
  })
}
