import { regroup } from '../core/fact-reader.js'
import type { PersistentStore } from '../core/store.js'
import type { FactCriteria, FactRecord } from '../types.js'
import { compareValues } from './criteria.js'

type Field = string
type Kind = 'COUNT' | 'SUM' | 'AVG' | 'MIN' | 'MAX'

interface Measure {
  readonly kind: Kind
  readonly field: Field
  readonly alias: string
}

/** A row: the group's fields, and the results by alias. */
export type AggregationRow = Record<string, unknown>

/** What is known of one measure in one group. */
interface Sum {
  count: number
  sum: number
  min: number | null
  max: number | null
}

interface Group {
  readonly fields: AggregationRow
  readonly sums: Sum[]
}

const BATCH = 1000

/** Groups records and computes over each group. Every stage gives the same object. */
export class AggregationPipeline {
  readonly #store: PersistentStore
  #records: readonly FactRecord[] = []
  #stream: { criteria: FactCriteria; batchSize: number } | undefined
  #groupBy: Field[] = []
  readonly #measures: Measure[] = []
  #order: { field: string; descending: boolean } | undefined
  #limit = Infinity

  /** @internal Comes from `aggregate` of a database. */
  constructor(store: PersistentStore) {
    this.#store = store
  }

  /** Aggregates given records. */
  from(records: readonly FactRecord[]): this {
    this.#records = records
    return this
  }

  /** Aggregates what matches now. */
  match(criteria: FactCriteria): this {
    this.#records = [...this.#matching(criteria, BATCH)].flat()
    return this
  }

  /** Aggregates what matches when {@link executeStreaming} runs, in bounded memory. */
  matchStream(criteria: FactCriteria, options?: { batchSize?: number }): this {
    this.#stream = { criteria, batchSize: options?.batchSize ?? BATCH }
    return this
  }

  /** `subject`, `predicate`, `object`, or a path such as `edgeProperties.score`. */
  groupBy(fields: Field[]): this {
    this.#groupBy = [...fields]
    return this
  }

  count(alias = 'count'): this {
    return this.#measure('COUNT', '', alias)
  }

  sum(field: Field, alias: string): this {
    return this.#measure('SUM', field, alias)
  }

  avg(field: Field, alias: string): this {
    return this.#measure('AVG', field, alias)
  }

  min(field: Field, alias: string): this {
    return this.#measure('MIN', field, alias)
  }

  max(field: Field, alias: string): this {
    return this.#measure('MAX', field, alias)
  }

  orderBy(field: string, direction: 'ASC' | 'DESC' = 'ASC'): this {
    this.#order = { field, descending: direction === 'DESC' }
    return this
  }

  limit(n: number): this {
    this.#limit = Math.max(0, n)
    return this
  }

  execute(): AggregationRow[] {
    return this.#aggregate([this.#records])
  }

  async executeStreaming(): Promise<AggregationRow[]> {
    if (this.#stream === undefined) return this.execute()
    const { criteria, batchSize } = this.#stream
    return this.#aggregate(this.#matching(criteria, batchSize))
  }

  #measure(kind: Kind, field: Field, alias: string): this {
    this.#measures.push({ kind, field, alias })
    return this
  }

  *#matching(criteria: FactCriteria, batchSize: number): Generator<FactRecord[], void> {
    const pattern = this.#store.idsOf(criteria)
    if (pattern === undefined) return
    const view = this.#store.view()
    for (const words of regroup(this.#store.scan(view, pattern), Math.max(1, Math.floor(batchSize)))) {
      yield this.#store.records.read(view, words, true)
    }
  }

  #aggregate(batches: Iterable<readonly FactRecord[]>): AggregationRow[] {
    const groups = new Map<string, Group>()
    for (const batch of batches) {
      for (const record of batch) this.#add(groups, record)
    }
    const rows = [...groups.values()].map((group) => this.#row(group))
    if (this.#order !== undefined) {
      const { field, descending } = this.#order
      const sign = descending ? -1 : 1
      rows.sort((a, b) => sign * compareValues(a[field], b[field]))
    }
    return Number.isFinite(this.#limit) ? rows.slice(0, this.#limit) : rows
  }

  #add(groups: Map<string, Group>, record: FactRecord): void {
    const values = this.#groupBy.map((field) => valueAt(record, field))
    const key = JSON.stringify(values.map((value) => (value === undefined ? [] : [typeof value, value])))
    let group = groups.get(key)
    if (group === undefined) {
      const fields: AggregationRow = {}
      this.#groupBy.forEach((field, index) => (fields[field] = values[index]))
      if (this.#groupBy.length === 0) fields['_all'] = 'all'
      group = { fields, sums: this.#measures.map(() => ({ count: 0, sum: 0, min: null, max: null })) }
      groups.set(key, group)
    }
    this.#measures.forEach(({ kind, field }, index) => {
      const sum = group.sums[index] as Sum
      const value = kind === 'COUNT' ? 1 : numberOf(valueAt(record, field))
      if (Number.isNaN(value)) return
      sum.count++
      sum.sum += value
      sum.min = sum.min === null ? value : Math.min(sum.min, value)
      sum.max = sum.max === null ? value : Math.max(sum.max, value)
    })
  }

  #row(group: Group): AggregationRow {
    const row = { ...group.fields }
    this.#measures.forEach(({ kind, alias }, index) => (row[alias] = resultOf(kind, group.sums[index] as Sum)))
    return row
  }
}

function resultOf(kind: Kind, { count, sum, min, max }: Sum): number | null {
  switch (kind) {
    case 'COUNT':
      return count
    case 'SUM':
      return sum
    case 'AVG':
      return count === 0 ? 0 : sum / count
    case 'MIN':
      return min
    case 'MAX':
      return max
  }
}

/** A missing value is no number, and not zero. */
function numberOf(value: unknown): number {
  return value === undefined || value === null ? NaN : Number(value)
}

/** The value of a dotted path. */
function valueAt(record: unknown, path: Field): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Record<string, unknown> | null | undefined)?.[name], record)
}
