import type { PersistentStore } from '../core/store.js'
import type { FactRecord, FrontierOrientation } from '../types.js'
import type { MakeTest } from './criteria.js'
import { filter, filterRecords, frontierOf, hop, hops, limit, skip, union, type Facts, type Stage } from './facts.js'

/** What a step works with: the store, and the view it reads. */
export interface Context {
  readonly store: PersistentStore
  readonly view: number
}

/** One link of a chain: how it is told to the user, and what it does. Both kinds of builder are made of these. */
export interface Step {
  readonly plan: { readonly kind: string; readonly [key: string]: unknown }
  apply(input: Stage, context: Context): Stage
  /** The number of facts after the step, where the number before says it. */
  count?(before: number): number
}

export function anchorStep(orientation: FrontierOrientation): Step {
  return {
    plan: { kind: 'ANCHOR', orientation },
    apply: ({ facts }) => ({ facts, orientation }),
    count: (before) => before,
  }
}

export function testStep(plan: Step['plan'], makeTest: MakeTest): Step {
  return {
    plan,
    apply: ({ facts, orientation }, { store, view }) => ({ facts: filter(facts, makeTest(store, view)), orientation }),
  }
}

export function whereStep(accepts: (record: FactRecord) => unknown, withProperties: boolean): Step {
  return {
    plan: { kind: 'UNKNOWN' },
    apply: ({ facts, orientation }, { store, view }) => ({
      facts: filterRecords(store, view, facts, accepts, withProperties),
      orientation,
    }),
  }
}

export function limitStep(n: number): Step {
  return {
    plan: { kind: 'LIMIT', n },
    apply: ({ facts, orientation }) => ({ facts: limit(facts, n), orientation }),
    count: (before) => Math.min(before, n),
  }
}

export function skipStep(n: number): Step {
  return {
    plan: { kind: 'SKIP', n },
    apply: ({ facts, orientation }) => ({ facts: skip(facts, n), orientation }),
    count: (before) => Math.max(0, before - n),
  }
}

export function followStep(predicate: string, reverse: boolean, makeTest?: MakeTest): Step {
  return {
    plan: { kind: 'FOLLOW', predicate, dir: reverse ? 'reverse' : 'forward' },
    apply(input, { store, view }) {
      const facts = followed(input, { store, view }, predicate, (frontier, id) =>
        hop(store, view, frontier, id, reverse),
      )
      const kept = makeTest === undefined ? facts : filter(facts, makeTest(store, view))
      return { facts: kept, orientation: reverse ? 'subject' : 'object' }
    },
  }
}

export function followPathStep(predicate: string, range: { min: number; max: number }, reverse: boolean): Step {
  return {
    plan: { kind: 'FOLLOW_PATH', predicate, ...range, direction: reverse ? 'reverse' : 'forward' },
    apply: (input, context) => ({
      facts: followed(input, context, predicate, (frontier, id) =>
        hops(context.store, context.view, frontier, id, range, reverse),
      ),
      orientation: reverse ? 'subject' : 'object',
    }),
  }
}

/** Facts that a frontier leads to; the frontier is computed when the first of them is asked for. */
function* followed(
  input: Stage,
  { store }: Context,
  predicate: string,
  expand: (frontier: Set<number>, predicateId: number) => Facts,
): Generator<Uint32Array, void> {
  const predicateId = store.idsOf({ predicate })?.predicateId
  if (predicateId === undefined) return
  yield* expand(frontierOf(input), predicateId)
}

/** `other` gives its facts when they are needed, read through the same view. */
export function unionStep(other: (context: Context) => Facts, distinct: boolean): Step {
  return {
    plan: { kind: distinct ? 'UNION' : 'UNION_ALL' },
    apply: ({ facts, orientation }, context) => ({ facts: union(facts, other(context), distinct), orientation }),
  }
}
