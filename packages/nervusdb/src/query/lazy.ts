import type { PersistentStore } from '../core/store.js'
import type { Pin } from '../core/views.js'
import type { FactCriteria, FactRecord, FrontierOrientation } from '../types.js'
import { QueryBuilder } from './builder.js'
import { isEmptyCriteria } from './criteria.js'
import { estimateOf } from './estimate.js'
import { concat, type Facts, type Stage } from './facts.js'
import { streamPaths, type PathResult, type StreamPathOptions } from './paths.js'
import type { Step } from './steps.js'
import { settings, trace } from './warnings.js'

const NOTHING = new Uint32Array(0)

/** A query that is a plan: it touches no data until results are asked for, and runs anew each time. */
export class LazyQueryBuilder extends QueryBuilder {
  readonly #criteria: FactCriteria
  readonly #start: FrontierOrientation
  readonly #steps: readonly Step[]

  /** @internal Builders come from a database. */
  constructor(
    store: PersistentStore,
    criteria: FactCriteria,
    orientation: FrontierOrientation,
    steps: readonly Step[] = [],
    withProperties = !isEmptyCriteria(criteria),
  ) {
    super(store, { facts: NOTHING, orientation, withProperties })
    this.#criteria = criteria
    this.#start = orientation
    this.#steps = steps
  }

  protected override with(step: Step, withProperties = this.withProperties): QueryBuilder {
    return new LazyQueryBuilder(this.store, this.#criteria, this.#start, [...this.#steps, step], withProperties)
  }

  protected override get isMaterialised(): boolean {
    return false
  }

  protected override orientation(): FrontierOrientation {
    return this.#steps.reduce<FrontierOrientation>((orientation, { plan }) => {
      if (plan.kind === 'ANCHOR') return plan['orientation'] as FrontierOrientation
      if (plan.kind === 'FOLLOW') return plan['dir'] === 'reverse' ? 'subject' : 'object'
      if (plan.kind === 'FOLLOW_PATH') return plan['direction'] === 'reverse' ? 'subject' : 'object'
      return orientation
    }, this.#start)
  }

  override facts(view: number): Facts {
    const pattern = this.store.idsOf(this.#criteria)
    let stage: Stage = {
      facts: pattern === undefined ? [] : traced('FIND', this.store.scan(view, pattern)),
      orientation: this.#start,
    }
    for (const step of this.#steps) {
      const { facts, orientation } = step.apply(stage, { store: this.store, view })
      stage = { facts: traced(step.plan.kind, facts), orientation }
    }
    return stage.facts
  }

  override where(accepts: (record: FactRecord) => boolean): QueryBuilder {
    this.warnings.lazyWhere()
    return super.where(accepts)
  }

  override all(): FactRecord[] {
    // The commonest question of all, without a detour.
    if (this.#steps.length === 0) return this.#find()
    return super.all()
  }

  #find(): FactRecord[] {
    const view = this.store.view()
    const { subject, predicate, object } = this.#criteria
    if (subject !== undefined && predicate !== undefined && object !== undefined) {
      return this.store.findExact(view, subject, predicate, object)
    }
    const pattern = this.store.idsOf(this.#criteria)
    if (pattern === undefined) return []
    const records: FactRecord[] = []
    for (const words of this.store.scan(view, pattern)) {
      this.store.records.append(records, view, words, this.withProperties)
    }
    if (records.length >= settings.threshold) this.warnings.large('all', records.length)
    return records
  }

  override get length(): number {
    const view = this.store.view()
    if (this.#steps.every((step) => step.count !== undefined)) {
      const pattern = this.store.idsOf(this.#criteria)
      const found = pattern === undefined ? 0 : this.store.count(view, pattern)
      if (this.#steps.length === 0) return found
      return this.#steps.reduce((count, step) => step.count?.(count) ?? count, found)
    }
    let length = 0
    for (const words of this.facts(view)) length += words.length / 3
    return length
  }

  /** Paths as they are found; see `variablePath` for their meaning. */
  variablePathStream(
    predicate: string,
    range: { min?: number; max: number },
    options?: StreamPathOptions,
  ): AsyncGenerator<PathResult, void> {
    return streamPaths(this.store, () => this.frontier(), predicate, range, options ?? {})
  }

  override explain(): object {
    const find = { kind: 'FIND', criteria: { ...this.#criteria }, anchor: this.#start }
    const plan = [find, ...this.#steps.map((step) => step.plan)]
    return {
      type: 'LAZY',
      orientation: this.orientation(),
      pinned: this.store.pinned() !== undefined,
      plan,
      estimate: estimateOf(this.store, this.#criteria, this.#steps),
    }
  }

  /** The facts of this moment, and no later ones. */
  fixed(pin: Pin | undefined): QueryBuilder {
    const view = this.store.viewOf(pin)
    const facts = concat(this.facts(view))
    return new QueryBuilder(this.store, {
      facts,
      orientation: this.orientation(),
      pin,
      withProperties: this.withProperties,
    })
  }
}

/** Tells how long a stage took and what it gave, where the environment asks. */
function traced(stage: string, facts: Facts): Facts {
  return settings.traces ? timed(stage, facts) : facts
}

function* timed(stage: string, facts: Facts): Generator<Uint32Array, void> {
  let count = 0
  let spent = 0
  let since = performance.now()
  try {
    for (const words of facts) {
      count += words.length / 3
      spent += performance.now() - since
      yield words
      since = performance.now()
    }
  } finally {
    trace(stage, count, spent + performance.now() - since)
  }
}
