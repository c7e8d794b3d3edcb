import type { FactCriteria, FactRecord } from '../types.js'
import type { QueryBuilder } from './builder.js'

/** Criteria part by part. */
export class CriteriaBuilder {
  readonly #find: (criteria: FactCriteria) => QueryBuilder
  readonly #criteria: FactCriteria

  /** @internal Comes from `query` of a database. */
  constructor(find: (criteria: FactCriteria) => QueryBuilder, criteria: FactCriteria = {}) {
    this.#find = find
    this.#criteria = criteria
  }

  whereSubject(subject: string): CriteriaBuilder {
    return new CriteriaBuilder(this.#find, { ...this.#criteria, subject })
  }

  wherePredicate(predicate: string): CriteriaBuilder {
    return new CriteriaBuilder(this.#find, { ...this.#criteria, predicate })
  }

  whereObject(object: string): CriteriaBuilder {
    return new CriteriaBuilder(this.#find, { ...this.#criteria, object })
  }

  /** A builder, to go on from the facts. */
  find(): QueryBuilder {
    return this.#find(this.#criteria)
  }

  /** The records. */
  execute(): FactRecord[] {
    return this.find().all()
  }
}
