import type { PersistentStore } from '../core/store.js'
import type { FactCriteria } from '../types.js'
import type { Step } from './steps.js'

/** What a plan will cost, roughly. */
export interface Estimate {
  order: string
  /** No more facts than this match the pattern and the filters that an index serves. */
  upperBound?: number
  pagesForPrimary: number
  estimatedOutput?: number
  stages?: { type: 'FOLLOW'; factor: number; output: number; order: string }[]
}

/** Blocks hold about so many facts. */
const FACTS_PER_BLOCK = 1024

/** The index in which all matches of a pattern are neighbours. */
function orderOf(criteria: FactCriteria): string {
  const { subject, predicate, object } = criteria
  if (subject !== undefined && predicate === undefined && object !== undefined) return 'OSP'
  if (subject !== undefined) return 'SPO'
  if (predicate !== undefined) return 'POS'
  return object !== undefined ? 'OSP' : 'SPO'
}

/** Counts from the indexes; only filters by label and edge property read entries of theirs. */
export function estimateOf(store: PersistentStore, criteria: FactCriteria, steps: readonly Step[]): Estimate {
  const view = store.view()
  const pattern = store.idsOf(criteria)
  const found = pattern === undefined ? 0 : store.count(view, pattern)
  const estimate: Estimate = {
    order: orderOf(criteria),
    upperBound: found,
    pagesForPrimary: Math.ceil(found / FACTS_PER_BLOCK),
    estimatedOutput: found,
  }
  const stages: NonNullable<Estimate['stages']> = []
  let output = found
  for (const { plan } of steps) {
    if (plan.kind === 'LIMIT') output = Math.min(output, plan['n'] as number)
    else if (plan.kind === 'SKIP') output = Math.max(0, output - (plan['n'] as number))
    else if (plan.kind === 'WHERE_LABEL') {
      output = Math.min(
        output,
        labelled(store, view, plan['labels'] as string[], plan['mode'] as 'AND' | 'OR', estimate),
      )
    } else if (plan.kind === 'WHERE_PROP' && plan['target'] === 'edge') {
      output = Math.min(output, withEdgeProperty(store, view, plan, estimate))
    } else if (plan.kind === 'FOLLOW') {
      const predicateId = store.idsOf({ predicate: plan['predicate'] as string })?.predicateId
      const edges = predicateId === undefined ? 0 : store.count(view, { predicateId })
      const factor = Math.max(1, edges / Math.max(1, store.getDictionarySize()))
      output = Math.max(output, Math.ceil(output * factor))
      stages.push({ type: 'FOLLOW', factor, output, order: plan['dir'] === 'reverse' ? 'POS' : 'SPO' })
    }
  }
  estimate.estimatedOutput = output
  if (stages.length > 0) {
    estimate.stages = stages
    if (!steps.some(({ plan }) => plan.kind === 'LIMIT'))
      estimate.estimatedOutput = Math.max(output, estimate.upperBound ?? 0)
  }
  return estimate
}

function labelled(
  store: PersistentStore,
  view: number,
  labels: string[],
  mode: 'AND' | 'OR',
  estimate: Estimate,
): number {
  let bound = 0
  for (const node of store.getLabelIndex().nodesOf(view, labels, mode)) {
    bound += store.count(view, { subjectId: node }) + store.count(view, { objectId: node })
  }
  estimate.upperBound = Math.min(estimate.upperBound ?? Infinity, bound)
  return bound
}

function withEdgeProperty(store: PersistentStore, view: number, plan: Step['plan'], estimate: Estimate): number {
  let bound = 0
  const filter = { propertyName: plan['propertyName'] as string, value: plan['value'] }
  for (const _ of store.edgesWith(view, filter)) bound++
  estimate.upperBound = Math.min(estimate.upperBound ?? Infinity, bound)
  return bound
}
