import { compareValues } from '../query/criteria.js'
import type { EdgeDirection } from '../query/pattern.js'
import type { Properties } from '../core/properties.js'

/** Values for `$name`. */
export type Parameters = Record<string, unknown>

/** A statement that cannot be run, or must not. */
export class CypherError extends Error {
  override readonly name = 'CypherError'
  readonly code = 'CYPHER'
}

/** What a node's properties must fulfil. */
export interface NodeCondition {
  readonly alias: string
  readonly test: (properties: Properties | undefined) => boolean
}

export interface CypherQuery {
  readonly nodes: { alias: string; labels: string[] }[]
  readonly edges: { direction: EdgeDirection; type: string | undefined; range?: { min: number; max: number } }[]
  readonly conditions: NodeCondition[]
  readonly exists: { query: CypherQuery; isNegated: boolean }[]
  readonly returned: string[]
}

const TOKEN =
  /\s*(?:(<>|<=|>=|->|<-|\.\.|[()[\]{},:|.*=<>-])|('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|(\d+\.\d+|\d+)|(\$?[\p{L}_][\p{L}\p{N}_]*|`[^`]+`))/uy
const WRITES = /^(CREATE|MERGE|SET|DELETE|DETACH|REMOVE|FOREACH|LOAD)$/i

/** Reads a statement; without parameters, their values are not looked up. */
export function parseCypher(statement: string, parameters: Parameters | undefined): CypherQuery {
  return new Parser(tokens(statement), parameters).statement()
}

function tokens(text: string): string[] {
  const found: string[] = []
  TOKEN.lastIndex = 0
  while (text.slice(TOKEN.lastIndex).trim() !== '') {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (match === null) throw new CypherError(`cannot read ${JSON.stringify(text.slice(at, at + 20))}`)
    found.push(match[0].trim())
  }
  return found
}

class Parser {
  readonly #tokens: readonly string[]
  readonly #parameters: Parameters | undefined
  #at = 0

  constructor(tokens: readonly string[], parameters: Parameters | undefined) {
    this.#tokens = tokens
    this.#parameters = parameters
  }

  statement(): CypherQuery {
    const query = this.#match()
    this.#expect('RETURN')
    this.#take('DISTINCT')
    do query.returned.push(this.#variable())
    while (this.#take(','))
    // What only orders or cuts is read and left to the caller.
    while (this.#peek() !== undefined) {
      const word = this.#next().toUpperCase()
      if (word === 'ORDER') this.#order()
      else if (word === 'SKIP' || word === 'LIMIT') this.#next()
      else throw new CypherError(`${word} is not supported here`)
    }
    const known = new Set(query.nodes.map(({ alias }) => alias))
    for (const name of [...query.returned, ...query.conditions.map(({ alias }) => alias)]) {
      if (!known.has(name)) throw new CypherError(`${name} is not bound by MATCH`)
    }
    return query
  }

  #order(): void {
    this.#expect('BY')
    do {
      this.#variable()
      if (this.#take('.')) this.#variable()
      if (!this.#take('ASC')) this.#take('DESC')
    } while (this.#take(','))
  }

  #match(): CypherQuery {
    const first = this.#peek() ?? ''
    if (WRITES.test(first)) throw new CypherError(`${first.toUpperCase()} writes; only MATCH … RETURN is supported`)
    this.#expect('MATCH')
    const query: CypherQuery = { nodes: [], edges: [], conditions: [], exists: [], returned: [] }
    query.nodes.push(this.#node())
    while (this.#peek() === '-' || this.#peek() === '<-') {
      query.edges.push(this.#edge())
      query.nodes.push(this.#node())
    }
    if (this.#take('WHERE')) this.#where(query)
    return query
  }

  #node(): { alias: string; labels: string[] } {
    this.#expect('(')
    const alias = this.#isName() ? this.#variable() : `\0${this.#at}`
    const labels: string[] = []
    while (this.#take(':')) labels.push(this.#variable())
    this.#skipMap()
    this.#expect(')')
    return { alias, labels }
  }

  #edge(): CypherQuery['edges'][number] {
    const pointsLeft = this.#next() === '<-'
    let type: string | undefined
    let range: { min: number; max: number } | undefined
    if (this.#take('[')) {
      if (this.#isName()) this.#variable()
      if (this.#take(':')) type = this.#variable()
      if (this.#take('*')) range = this.#range()
      this.#skipMap()
      this.#expect(']')
    }
    const end = this.#next()
    if (end !== '-' && end !== '->') throw new CypherError(`an edge ends in - or ->, not ${end}`)
    const direction = pointsLeft ? '<-' : end === '->' ? '->' : '-'
    return { direction, type, ...(range === undefined ? {} : { range }) }
  }

  #range(): { min: number; max: number } {
    const number = (): number | undefined => (/^\d+$/.test(this.#peek() ?? '') ? Number(this.#next()) : undefined)
    const min = number() ?? 1
    if (!this.#take('..')) return { min, max: min }
    const max = number()
    if (max === undefined) throw new CypherError('a path of variable length needs an upper bound, such as *1..3')
    return { min, max }
  }

  /** Maps of properties in a pattern are read and ignored. */
  #skipMap(): void {
    if (!this.#take('{')) return
    while (!this.#take('}')) this.#next()
  }

  #where(query: CypherQuery): void {
    const isNegated = this.#take('NOT')
    if (this.#take('EXISTS')) {
      this.#expect('{')
      query.exists.push({ query: this.#match(), isNegated })
      this.#expect('}')
    } else {
      if (isNegated) throw new CypherError('NOT is only supported before EXISTS and IN')
      query.conditions.push(this.#condition())
    }
    if (/^(AND|OR|XOR)$/i.test(this.#peek() ?? '')) throw new CypherError(`${this.#peek()} in WHERE is not supported`)
  }

  #condition(): NodeCondition {
    const alias = this.#variable()
    this.#expect('.')
    const name = this.#variable()
    const isNegated = this.#take('NOT')
    if (this.#take('IN')) {
      const values = this.#list()
      return { alias, test: (properties) => values.includes(properties?.[name]) !== isNegated }
    }
    const operator = this.#next()
    const compare = OPERATORS[operator]
    if (compare === undefined)
      throw new CypherError(`${operator} is not a comparison; known are =, <>, <, >, <= and >=`)
    const value = this.#literal()
    return {
      alias,
      test: (properties) => properties?.[name] !== undefined && compare(compareValues(properties[name], value)),
    }
  }

  #list(): unknown[] {
    const whole = this.#parameter()
    if (whole !== undefined) {
      if (!Array.isArray(whole.value)) throw new CypherError('IN needs a list')
      return whole.value as unknown[]
    }
    this.#expect('[')
    const values: unknown[] = []
    while (!this.#take(']')) {
      values.push(this.#parameter()?.value ?? this.#literal())
      this.#take(',')
    }
    return values
  }

  #parameter(): { value: unknown } | undefined {
    const token = this.#peek()
    if (token === undefined || !token.startsWith('$')) return undefined
    const name = this.#next().slice(1)
    if (this.#parameters === undefined) return { value: [] }
    if (!(name in this.#parameters)) throw new CypherError(`the parameter $${name} is missing`)
    return { value: this.#parameters[name] }
  }

  #literal(): unknown {
    const token = this.#next()
    if (/^['"]/.test(token)) return token.slice(1, -1).replace(/\\(.)/g, '$1')
    if (/^\d/.test(token)) return Number(token)
    if (token === '-') return -Number(this.#next())
    if (/^true$/i.test(token)) return true
    if (/^false$/i.test(token)) return false
    if (/^null$/i.test(token)) return null
    throw new CypherError(`${token} is not a literal; parameters are only supported in IN`)
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  #isName(): boolean {
    return /^[\p{L}_`]/u.test(this.#peek() ?? '')
  }

  #next(): string {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new CypherError('the statement ends too early')
    return token
  }

  #take(word: string): boolean {
    if (this.#peek()?.toUpperCase() !== word) return false
    this.#at++
    return true
  }

  #expect(word: string): void {
    if (!this.#take(word)) throw new CypherError(`expected ${word}, found ${this.#peek() ?? 'the end'}`)
  }

  #variable(): string {
    if (!this.#isName()) throw new CypherError(`expected a name, found ${this.#peek() ?? 'the end'}`)
    return this.#next().replace(/^`|`$/g, '')
  }
}

const OPERATORS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '>': (order) => order > 0,
  '<=': (order) => order <= 0,
  '>=': (order) => order >= 0,
}
