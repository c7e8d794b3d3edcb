import type { PersistentStore } from '../core/store.js'
import { compareValues, rangeTest } from '../core/property-scan.js'
import { labelsOf, type Properties } from '../core/properties.js'
import type { FactCriteria, FrontierOrientation, PropertyFilter } from '../types.js'

/** Whether a fact, by its ids, stays in a result. */
export type FactTest = (subject: number, predicate: number, object: number) => boolean

/** Makes a test for one view: looks up once what every fact is then held against. */
export type MakeTest = (store: PersistentStore, view: number) => FactTest

/** How `whereProperty` compares. */
export type PropertyOperator = '=' | '>' | '<' | '>=' | '<='

/** The side a query stands on if nothing else is said. */
export function defaultOrientation(criteria: FactCriteria): FrontierOrientation {
  const { subject, predicate, object } = criteria
  if (subject !== undefined) return object !== undefined ? 'both' : 'subject'
  return predicate !== undefined && object !== undefined ? 'subject' : 'object'
}

export function isEmptyCriteria(criteria: FactCriteria): boolean {
  return criteria.subject === undefined && criteria.predicate === undefined && criteria.object === undefined
}

/** `value op target` as a filter of the index. */
export function filterOf(propertyName: string, operator: PropertyOperator, value: unknown): PropertyFilter {
  switch (operator) {
    case '=':
      return { propertyName, value }
    case '>':
      return { propertyName, range: { min: value, includeMin: false } }
    case '>=':
      return { propertyName, range: { min: value } }
    case '<':
      return { propertyName, range: { max: value, includeMax: false } }
    case '<=':
      return { propertyName, range: { max: value } }
    default:
      throw new Error(`unknown operator ${String(operator)}; known are =, >, <, >= and <=`)
  }
}

/** Facts whose nodes are in a set, on a side or on either. */
export function nodeTest(nodes: ReadonlySet<number>, on: FrontierOrientation): FactTest {
  switch (on) {
    case 'subject':
      return (s) => nodes.has(s)
    case 'object':
      return (_s, _p, o) => nodes.has(o)
    default:
      return (s, _p, o) => nodes.has(s) || nodes.has(o)
  }
}

export function nodePropertyTest(filter: PropertyFilter, on: FrontierOrientation): MakeTest {
  return (store, view) => nodeTest(store.nodesWith(view, filter), on)
}

export function edgePropertyTest(filter: PropertyFilter): MakeTest {
  return (store, view) => {
    const edges = new Set<string>()
    if (filter.value !== undefined) {
      for (const ids of store.edgesWith(view, filter)) edges.add(ids.join(':'))
    }
    return (s, p, o) => edges.size > 0 && edges.has(`${s}:${p}:${o}`)
  }
}

export function labelTest(labels: string | readonly string[], mode: 'AND' | 'OR', on: FrontierOrientation): MakeTest {
  return (store, view) => nodeTest(store.getLabelIndex().nodesOf(view, labels, mode), on)
}

/** Whether a set of properties matches a filter, without the index. */
export function matchesFilter(properties: Properties | null | undefined, filter: PropertyFilter): boolean {
  const value = properties?.[filter.propertyName]
  if (value === undefined) return false
  if (filter.value !== undefined) return JSON.stringify(value) === JSON.stringify(filter.value)
  return filter.range !== undefined && rangeTest(filter.range)(value)
}

/** Whether a node's labels include all wanted, or any. */
export function matchesLabels(properties: Properties | null | undefined, labels: readonly string[]): boolean {
  const own = labelsOf(properties)
  return labels.every((label) => own.includes(label))
}

export { compareValues }
