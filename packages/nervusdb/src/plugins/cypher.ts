import type { PersistentStore } from '../core/store.js'
import type { NervusDB } from '../db.js'
import { PatternBuilder, type PatternRow } from '../query/pattern.js'
import { CypherError, parseCypher, type CypherQuery, type Parameters } from './cypher-parser.js'
import type { NervusDBPlugin } from './manager.js'

/** Options of a query; those that only tune are accepted. */
export interface CypherOptions {
  readonly?: boolean
  enableOptimization?: boolean
  optimizationLevel?: 'basic' | 'aggressive'
  timeout?: number
  explain?: boolean
  profile?: boolean
}

/** Rows, and how they came about. */
export interface CypherResult {
  records: PatternRow[]
  summary: {
    statement: string
    parameters: Parameters
    resultAvailableAfter: number
    resultConsumedAfter: number
    statementType: 'READ_ONLY' | 'READ_WRITE'
  }
}

/** The part of Cypher that asks for one path: `MATCH … WHERE … RETURN …`. */
export class CypherPlugin implements NervusDBPlugin {
  readonly name = 'cypher'
  readonly version = '1.0.0'
  #store!: PersistentStore

  initialize(_db: NervusDB, store: PersistentStore): void {
    this.#store = store
  }

  async cypherQuery(statement: string, parameters: Parameters = {}, _options?: CypherOptions): Promise<CypherResult> {
    const begin = performance.now()
    const query = parseCypher(statement, parameters)
    const records = await this.#run(query)
    const elapsed = performance.now() - begin
    return {
      records,
      summary: {
        statement,
        parameters,
        resultAvailableAfter: elapsed,
        resultConsumedAfter: elapsed,
        statementType: 'READ_ONLY',
      },
    }
  }

  /** `MATCH (a)-[:R]->(b) RETURN a, b`, with `[:R*1..n]` too. */
  cypherSimple(statement: string): PatternRow[] {
    const query = parseCypher(statement, {})
    return this.#pattern(query).executeNow()
  }

  validateCypher(statement: string): { valid: boolean; errors: string[] } {
    try {
      parseCypher(statement, undefined)
      return { valid: true, errors: [] }
    } catch (error) {
      return { valid: false, errors: [(error as Error).message] }
    }
  }

  /** Nothing is kept between queries. */
  clearOptimizationCache(): void {}

  async #run(query: CypherQuery): Promise<PatternRow[]> {
    for (const { query: inner, isNegated } of query.exists) {
      const found = (await this.#run(inner)).length > 0
      if (found === isNegated) return []
    }
    return this.#pattern(query).execute()
  }

  #pattern(query: CypherQuery): PatternBuilder {
    const pattern = new PatternBuilder(this.#store)
    query.nodes.forEach(({ alias, labels }, index) => {
      const edge = query.edges[index - 1]
      if (edge !== undefined) {
        pattern.edge(edge.direction, edge.type)
        if (edge.range !== undefined) pattern.variable(edge.range.min, edge.range.max)
      }
      pattern.node(alias, labels)
    })
    for (const { alias, test } of query.conditions) pattern.whereNode(alias, test)
    return query.returned.length === 0 ? pattern : pattern.return(query.returned)
  }
}

export { CypherError }
