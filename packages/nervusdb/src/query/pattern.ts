import type { PersistentStore } from '../core/store.js'
import type { Properties } from '../core/properties.js'
import { NervusDBError } from '../errors.js'
import type { PropertyFilter } from '../types.js'
import { filterOf, matchesFilter, matchesLabels, type PropertyOperator } from './criteria.js'
import { hop } from './facts.js'
import type { Uniqueness } from './paths.js'

/** A step between two nodes: along the edge, against it, or either way. */
export type EdgeDirection = '->' | '<-' | '-'

interface NodePart {
  readonly alias: string | undefined
  readonly labels: readonly string[]
  readonly filters: PropertyFilter[]
}

interface EdgePart {
  readonly direction: EdgeDirection
  readonly type: string | undefined
  variable?: { min: number; max: number; uniqueness: Uniqueness }
}

/** A row of a result: the binding of each alias. */
export type PatternRow = Record<string, string | null>

/** Alternating nodes and edges, beginning with a node; `execute` finds all matches. */
export class PatternBuilder {
  readonly #store: PersistentStore
  readonly #nodes: NodePart[] = []
  readonly #edges: EdgePart[] = []
  readonly #conditions = new Map<string, PropertyFilter[]>()
  readonly #tests: { alias: string; test: (properties: Properties | undefined) => boolean }[] = []
  #returned: string[] | undefined

  /** @internal Comes from `pattern` or `match` of a database. */
  constructor(store: PersistentStore) {
    this.#store = store
  }

  node(alias?: string, labels?: string | string[], props?: Properties): this {
    if (this.#nodes.length !== this.#edges.length) throw invalid('a node must follow an edge, or come first')
    const filters = Object.entries(props ?? {}).map(([propertyName, value]) => ({ propertyName, value }))
    const list = labels === undefined ? [] : typeof labels === 'string' ? [labels] : labels
    this.#nodes.push({ alias, labels: list, filters })
    return this
  }

  edge(direction: EdgeDirection, type?: string, _alias?: string): this {
    if (this.#nodes.length !== this.#edges.length + 1) throw invalid('an edge must follow a node')
    this.#edges.push({ direction, type })
    return this
  }

  /** Turns the last edge into a path of variable length. */
  variable(min: number, max: number, uniqueness: Uniqueness = 'NODE'): this {
    const edge = this.#edges.at(-1)
    if (edge === undefined) throw invalid('variable() applies to the edge before it, and there is none')
    const least = Math.max(1, min)
    edge.variable = { min: least, max: Math.max(least, max), uniqueness }
    return this
  }

  whereNodeProperty(alias: string, name: string, operator: PropertyOperator, value: unknown): this {
    const filters = this.#conditions.get(alias) ?? []
    filters.push(filterOf(name, operator, value))
    this.#conditions.set(alias, filters)
    return this
  }

  /** @internal A condition on all properties of a node. */
  whereNode(alias: string, test: (properties: Properties | undefined) => boolean): this {
    this.#tests.push({ alias, test })
    return this
  }

  return(aliases: string[]): this {
    this.#returned = aliases
    return this
  }

  async execute(): Promise<PatternRow[]> {
    return this.executeNow()
  }

  /** @internal */
  executeNow(): PatternRow[] {
    const [first] = this.#nodes
    if (first === undefined) return []
    if (this.#nodes.length === this.#edges.length) throw invalid('the last edge leads to no node')
    const pin = this.#store.pin()
    try {
      const match = new Match(this.#store, pin.handle, this.#nodes, this.#edges, this.#conditions, this.#tests)
      return match.rows(this.#returned)
    } finally {
      this.#store.unpin(pin)
    }
  }
}

/** One execution of a pattern. */
class Match {
  readonly #accepted = new Map<string, boolean>()

  constructor(
    private readonly store: PersistentStore,
    private readonly view: number,
    private readonly nodes: readonly NodePart[],
    private readonly edges: readonly EdgePart[],
    private readonly conditions: ReadonlyMap<string, PropertyFilter[]>,
    private readonly tests: readonly { alias: string; test: (properties: Properties | undefined) => boolean }[],
  ) {}

  rows(returned: readonly string[] | undefined): PatternRow[] {
    const rows: PatternRow[] = []
    const text = (id: number | undefined): string | null =>
      id === undefined ? null : (this.store.core.terms.text(this.view, id) ?? null)
    for (const bound of this.#bindings()) {
      const aliases = returned ?? [...bound.keys()]
      rows.push(Object.fromEntries(aliases.map((alias) => [alias, text(bound.get(alias))])))
    }
    return rows
  }

  *#bindings(): Generator<Map<string, number>, void> {
    for (const start of this.#starts()) {
      const bound = this.#bind(new Map(), 0, start)
      if (bound !== undefined) yield* this.#extend(bound, 0, start)
    }
  }

  *#extend(bound: Map<string, number>, index: number, node: number): Generator<Map<string, number>, void> {
    const edge = this.edges[index]
    if (edge === undefined) {
      yield bound
      return
    }
    for (const next of this.#reached(edge, node)) {
      const more = this.#bind(bound, index + 1, next)
      if (more !== undefined) yield* this.#extend(more, index + 1, next)
    }
  }

  /** The binding with one more node, if that node may stand there. */
  #bind(bound: Map<string, number>, index: number, node: number): Map<string, number> | undefined {
    const { alias } = this.nodes[index] as NodePart
    if (alias !== undefined && bound.has(alias) && bound.get(alias) !== node) return undefined
    if (!this.#accepts(index, node)) return undefined
    return alias === undefined ? bound : new Map(bound).set(alias, node)
  }

  #filters({ alias, filters }: NodePart): PropertyFilter[] {
    return [...filters, ...((alias === undefined ? undefined : this.conditions.get(alias)) ?? [])]
  }

  #accepts(index: number, node: number): boolean {
    const part = this.nodes[index] as NodePart
    const filters = this.#filters(part)
    const tests = this.tests.filter(({ alias }) => alias === part.alias)
    if (part.labels.length === 0 && filters.length === 0 && tests.length === 0) return true
    const key = `${index}:${node}`
    let accepted = this.#accepted.get(key)
    if (accepted === undefined) {
      const properties = this.store.records.sets(this.view, false, [node])[0]
      accepted =
        matchesLabels(properties, part.labels) &&
        filters.every((filter) => matchesFilter(properties, filter)) &&
        tests.every(({ test }) => test(properties))
      this.#accepted.set(key, accepted)
    }
    return accepted
  }

  /** Candidates for the first node: by label, by property, or every subject (and object, where edges may lead to it). */
  #starts(): Iterable<number> {
    const first = this.nodes[0] as NodePart
    if (first.labels.length > 0) return this.store.getLabelIndex().nodesOf(this.view, first.labels, 'AND')
    const [filter] = this.#filters(first)
    if (filter !== undefined) return this.store.nodesWith(this.view, filter)
    const found = new Set<number>()
    const direction = this.edges[0]?.direction ?? '->'
    for (const words of this.store.scan(this.view, {})) {
      for (let at = 0; at < words.length; at += 3) {
        found.add(words[at] as number)
        if (direction !== '->') found.add(words[at + 2] as number)
      }
    }
    return found
  }

  *#reached(edge: EdgePart, node: number): Generator<number, void> {
    const predicateId = edge.type === undefined ? undefined : this.store.idsOf({ predicate: edge.type })?.predicateId
    if (edge.type !== undefined && predicateId === undefined) return
    if (edge.variable === undefined) {
      for (const { end } of this.#steps(edge, node, predicateId)) yield end
      return
    }
    if (predicateId === undefined) throw invalid('an edge of variable length needs a type')
    const { min, max, uniqueness } = edge.variable
    let trails: { end: number; seen: readonly string[] }[] = [
      { end: node, seen: uniqueness === 'NODE' ? [`${node}`] : [] },
    ]
    for (let depth = 1; depth <= max && trails.length > 0; depth++) {
      const next: typeof trails = []
      for (const { end: from, seen } of trails) {
        for (const { end, fact } of this.#steps(edge, from, predicateId)) {
          const key = uniqueness === 'NODE' ? `${end}` : fact
          if (uniqueness !== 'NONE' && seen.includes(key)) continue
          next.push({ end, seen: uniqueness === 'NONE' ? seen : [...seen, key] })
          if (depth >= min) yield end
        }
      }
      trails = next
    }
  }

  *#steps(
    edge: EdgePart,
    node: number,
    predicateId: number | undefined,
  ): Generator<{ end: number; fact: string }, void> {
    const ways = edge.direction === '-' ? [false, true] : [edge.direction === '<-']
    for (const reverse of ways) {
      const batches =
        predicateId === undefined
          ? this.store.scan(this.view, reverse ? { objectId: node } : { subjectId: node })
          : hop(this.store, this.view, [node], predicateId, reverse)
      for (const words of batches) {
        for (let at = 0; at < words.length; at += 3) {
          // A loop is one edge, whichever way it is walked.
          if (reverse && ways.length === 2 && words[at] === words[at + 2]) continue
          yield { end: words[at + (reverse ? 0 : 2)] as number, fact: `${words[at]}:${words[at + 1]}:${words[at + 2]}` }
        }
      }
    }
  }
}

function invalid(message: string): NervusDBError {
  return new NervusDBError('INVALID_ARGUMENT', message)
}
