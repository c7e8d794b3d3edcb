import { regroup } from '../core/fact-reader.js'
import type { PersistentStore } from '../core/store.js'
import type { Pin } from '../core/views.js'
import { NervusDBError } from '../errors.js'
import type { FactRecord, FrontierOrientation, PropertyFilter } from '../types.js'
import { edgePropertyTest, filterOf, labelTest, nodePropertyTest, type PropertyOperator } from './criteria.js'
import { concat, frontierOf, type Facts } from './facts.js'
import { VariablePathBuilder, type VariablePathOptions } from './paths.js'
import {
  anchorStep,
  followPathStep,
  followStep,
  limitStep,
  skipStep,
  testStep,
  unionStep,
  whereStep,
  type Context,
  type Step,
} from './steps.js'
import { Warnings, settings } from './warnings.js'

/** Facts fixed at one moment, and where the next hop starts. */
export interface QueryContext {
  readonly facts: Uint32Array
  readonly orientation: FrontierOrientation
  /** The snapshot they were read from, if it was one. */
  readonly pin?: Pin | undefined
  /** Whether records carry properties. Default true. */
  readonly withProperties?: boolean
}

/**
 * A query: a list of facts, and a frontier of nodes from which the next hop starts. Every method that narrows or extends it returns
 * a new builder.
 */
export class QueryBuilder implements Iterable<FactRecord>, AsyncIterable<FactRecord> {
  protected readonly store: PersistentStore
  protected readonly pin: Pin | undefined
  protected readonly withProperties: boolean
  #warnings: Warnings | undefined
  readonly #facts: Uint32Array
  readonly #orientation: FrontierOrientation

  /** @internal Builders come from a database. */
  constructor(store: PersistentStore, context: QueryContext) {
    this.store = store
    this.pin = context.pin
    this.withProperties = context.withProperties !== false
    this.#facts = context.facts
    this.#orientation = context.orientation
  }

  /** A query without facts. */
  static empty(store: PersistentStore): QueryBuilder {
    return new QueryBuilder(store, { facts: new Uint32Array(0), orientation: 'object' })
  }

  /** A query of facts that were found otherwise. */
  static fromFindResult(store: PersistentStore, context: QueryContext): QueryBuilder {
    return new QueryBuilder(store, context)
  }

  protected get warnings(): Warnings {
    return (this.#warnings ??= new Warnings())
  }

  // --- What both kinds of builder do in their own way ---------------------------------------------------------

  /** A builder one step further. */
  protected with(step: Step, withProperties = this.withProperties): QueryBuilder {
    const context: Context = { store: this.store, view: this.store.viewOf(this.pin) }
    const { facts, orientation } = step.apply({ facts: [this.#facts], orientation: this.#orientation }, context)
    return new QueryBuilder(this.store, { facts: concat(facts), orientation, pin: this.pin, withProperties })
  }

  /** The facts as they are for a view. */
  facts(_view: number): Facts {
    return this.#facts.length === 0 ? [] : [this.#facts]
  }

  protected orientation(): FrontierOrientation {
    return this.#orientation
  }

  /** Whether facts are held by the builder itself. */
  protected get isMaterialised(): boolean {
    return true
  }

  /** What this query is, for people who want to know. */
  explain(): object {
    return {
      type: 'EAGER',
      length: this.length,
      orientation: this.orientation(),
      frontierSize: this.frontier().size,
      pinned: this.pin !== undefined,
    }
  }

  /** How many facts there are. */
  get length(): number {
    return this.#facts.length / 3
  }

  // --- Chaining -----------------------------------------------------------------------------------------------

  /** The same facts, with the frontier on that side. */
  anchor(orientation: FrontierOrientation): QueryBuilder {
    return this.with(anchorStep(orientation))
  }

  /** The facts `frontier –predicate→ *`. */
  follow(predicate: string): QueryBuilder {
    return this.with(followStep(predicate, false), true)
  }

  /** The facts `* –predicate→ frontier`. */
  followReverse(predicate: string): QueryBuilder {
    return this.with(followStep(predicate, true), true)
  }

  /** One to `max` hops over a predicate, breadth first, each node expanded once. */
  followPath(
    predicate: string,
    range: { min?: number; max: number },
    options?: { direction?: 'forward' | 'reverse' },
  ): QueryBuilder {
    const min = Math.max(1, range.min ?? 1)
    const max = Math.max(min, range.max)
    return this.with(followPathStep(predicate, { min, max }, options?.direction === 'reverse'), true)
  }

  /** As {@link follow}, keeping facts whose object matches. */
  followWithNodeProperty(predicate: string, filter?: PropertyFilter): QueryBuilder {
    return this.with(followStep(predicate, false, filter && nodePropertyTest(filter, 'object')), true)
  }

  /** As {@link followReverse}, keeping facts whose subject matches. */
  followReverseWithNodeProperty(predicate: string, filter?: PropertyFilter): QueryBuilder {
    return this.with(followStep(predicate, true, filter && nodePropertyTest(filter, 'subject')), true)
  }

  /**
   * Facts whose record the function accepts; an exception counts as no.
   * @deprecated It reads every record; `whereProperty` and `whereLabel` use an index.
   */
  where(accepts: (record: FactRecord) => boolean): QueryBuilder {
    if (this.isMaterialised) this.warnings.large('where', this.length)
    return this.with(whereStep(accepts, this.withProperties))
  }

  /** Facts with a node (subject or object) or an edge that has a matching property. */
  whereProperty(
    name: string,
    operator: PropertyOperator,
    value: unknown,
    target: 'node' | 'edge' = 'node',
  ): QueryBuilder {
    if (target === 'edge' && operator !== '=') {
      throw new NervusDBError(
        'INVALID_ARGUMENT',
        `properties of edges can only be compared with =, not with ${operator}`,
      )
    }
    const filter = filterOf(name, operator, value)
    const plan = { kind: 'WHERE_PROP', propertyName: name, operator, value, target }
    return this.with(testStep(plan, target === 'edge' ? edgePropertyTest(filter) : nodePropertyTest(filter, 'both')))
  }

  /** Facts whose subject or object has the property. */
  whereNodeProperty(filter: PropertyFilter): QueryBuilder {
    const plan = { kind: 'WHERE_PROP', ...filter, operator: filter.value === undefined ? 'range' : '=', target: 'node' }
    return this.with(testStep(plan, nodePropertyTest(filter, 'both')))
  }

  /** Facts whose edge has the property. */
  whereEdgeProperty(filter: PropertyFilter): QueryBuilder {
    const plan = { kind: 'WHERE_PROP', ...filter, operator: '=', target: 'edge' }
    return this.with(testStep(plan, edgePropertyTest(filter)))
  }

  /** Facts whose nodes on the given side have all, or any, of the labels. */
  whereLabel(labels: string | string[], options?: { mode?: 'AND' | 'OR'; on?: FrontierOrientation }): QueryBuilder {
    const mode = options?.mode ?? 'AND'
    const on = options?.on ?? 'both'
    const list = typeof labels === 'string' ? [labels] : labels
    if (list.length === 0) return this
    return this.with(testStep({ kind: 'WHERE_LABEL', labels: list, mode, on }, labelTest(list, mode, on)))
  }

  /** The first n facts. Negative or NaN changes nothing. */
  limit(n: number): QueryBuilder {
    return n >= 0 ? this.with(limitStep(Math.floor(n))) : this
  }

  /** The same as {@link limit}. */
  take(n: number): QueryBuilder {
    return this.limit(n)
  }

  /** All but the first n facts. Negative or NaN changes nothing. */
  skip(n: number): QueryBuilder {
    return n >= 0 ? this.with(skipStep(Math.floor(n))) : this
  }

  /** These facts, then those of the other query that are not among them. */
  union(other: QueryBuilder): QueryBuilder {
    return this.with(unionStep(({ view }) => other.facts(view), true))
  }

  /** These facts, then those of the other query. */
  unionAll(other: QueryBuilder): QueryBuilder {
    return this.with(unionStep(({ view }) => other.facts(view), false))
  }

  // --- Results ------------------------------------------------------------------------------------------------

  /** The records, in a new array. */
  all(): FactRecord[] {
    const view = this.store.viewOf(this.pin)
    const records: FactRecord[] = []
    for (const words of this.facts(view)) this.store.records.append(records, view, words, this.withProperties)
    if (records.length >= settings.threshold) this.warnings.large('all', records.length)
    return records
  }

  /** The same as {@link all}. */
  toArray(): FactRecord[] {
    return this.all()
  }

  /** The records, as a promise. */
  async collect(): Promise<FactRecord[]> {
    const records: FactRecord[] = []
    for await (const batch of this.#batches(1024)) records.push(...batch)
    return records
  }

  /** Like `slice` of the array returned by {@link all}. */
  slice(start?: number, end?: number): FactRecord[] {
    const view = this.store.viewOf(this.pin)
    const words = concat(this.facts(view))
    this.warnings.large('slice', words.length / 3)
    const at = [...sliceBounds(words.length / 3, start, end)] as [number, number]
    return this.store.records.read(view, words.subarray(at[0] * 3, at[1] * 3), this.withProperties)
  }

  *[Symbol.iterator](): Generator<FactRecord, void> {
    if (this.isMaterialised) this.warnings.large('iteration', this.length)
    const pin = this.store.pin()
    try {
      const view = this.pin !== undefined && this.pin.users > 0 ? this.pin.handle : pin.handle
      for (const words of regroup(this.facts(view), 512))
        yield* this.store.records.read(view, words, this.withProperties)
    } finally {
      this.store.unpin(pin)
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FactRecord, void> {
    if (this.isMaterialised) this.warnings.large('iteration', this.length)
    for await (const batch of this.#batches(512)) yield* batch
  }

  /** Arrays of `size` records, the last one shorter. */
  async *batch(size: number): AsyncGenerator<FactRecord[], void> {
    if (!(size > 0)) throw new NervusDBError('INVALID_ARGUMENT', `the batch size must be above 0, not ${size}`)
    if (this.isMaterialised) this.warnings.large('batch', this.length)
    yield* this.#batches(Math.max(1, Math.floor(size)))
  }

  /** Records in batches, all from one consistent state. */
  async *#batches(size: number): AsyncGenerator<FactRecord[], void> {
    const pin = this.pin !== undefined && this.pin.users > 0 ? retain(this.pin) : this.store.pin()
    try {
      for (const words of regroup(this.facts(pin.handle), size)) {
        yield this.store.records.read(pin.handle, words, this.withProperties)
      }
    } finally {
      this.store.unpin(pin)
    }
  }

  // --- Paths --------------------------------------------------------------------------------------------------

  /** Paths of a variable number of hops over one predicate, from every node of the frontier. */
  variablePath(predicate: string, options: VariablePathOptions): VariablePathBuilder {
    return new VariablePathBuilder(this.store, () => this.frontier(), this.pin, predicate, options)
  }

  /** The nodes the next hop starts from. */
  frontier(): Set<number> {
    const view = this.store.viewOf(this.pin)
    return frontierOf({ facts: this.facts(view), orientation: this.orientation() })
  }
}

function retain(pin: Pin): Pin {
  pin.users++
  return pin
}

/** Where `Array.prototype.slice` would begin and end. */
function sliceBounds(length: number, start = 0, end = length): [number, number] {
  const place = (index: number): number => {
    const whole = Math.trunc(Number.isNaN(index) ? 0 : index)
    return whole < 0 ? Math.max(0, length + whole) : Math.min(length, whole)
  }
  const from = place(start)
  return [from, Math.max(from, place(end))]
}
