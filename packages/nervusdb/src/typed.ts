import type { NervusDB } from './db.js'
import type { QueryBuilder } from './query/builder.js'
import type {
  EdgeKey,
  FactCriteria,
  FactInput,
  FactRecord,
  FrontierOrientation,
  NervusDBOpenOptions,
  PropertyFilter,
} from './types.js'

export type NodeProperties = Record<string, unknown>
export type EdgeProperties = Record<string, unknown>
export type Labels = string[]
export type TypedNodeProperties<T extends NodeProperties = NodeProperties> = T & { labels?: Labels }
export type TypedFactInput = FactInput

export interface TypedFactOptions<
  TNode extends NodeProperties = NodeProperties,
  TEdge extends EdgeProperties = EdgeProperties,
> {
  subjectProperties?: TypedNodeProperties<TNode>
  objectProperties?: TypedNodeProperties<TNode>
  edgeProperties?: TEdge
}

export interface TypedFactRecord<
  TNode extends NodeProperties = NodeProperties,
  TEdge extends EdgeProperties = EdgeProperties,
> extends Omit<FactRecord, 'subjectProperties' | 'objectProperties' | 'edgeProperties'> {
  subjectProperties?: TypedNodeProperties<TNode> | undefined
  objectProperties?: TypedNodeProperties<TNode> | undefined
  edgeProperties?: TEdge | undefined
}

export type InferQueryResult<
  TNode extends NodeProperties = NodeProperties,
  TEdge extends EdgeProperties = EdgeProperties,
> = TypedFactRecord<TNode, TEdge>

export interface TypedPropertyFilter<T = unknown> {
  propertyName: string
  value?: T
  range?: { min?: T; max?: T; includeMin?: boolean; includeMax?: boolean }
}

/** The methods of a typed query. */
export interface TypedQueryBuilder<
  TNode extends NodeProperties = NodeProperties,
  TEdge extends EdgeProperties = EdgeProperties,
  TCriteria extends FactCriteria = FactCriteria,
> extends AsyncIterable<TypedFactRecord<TNode, TEdge>> {
  anchor(orientation: FrontierOrientation): TypedQueryBuilder<TNode, TEdge, TCriteria>
  follow(predicate: string): TypedQueryBuilder<TNode, TEdge, TCriteria>
  followReverse(predicate: string): TypedQueryBuilder<TNode, TEdge, TCriteria>
  where(accepts: (record: TypedFactRecord<TNode, TEdge>) => boolean): TypedQueryBuilder<TNode, TEdge, TCriteria>
  limit(n: number): TypedQueryBuilder<TNode, TEdge, TCriteria>
  skip(n: number): TypedQueryBuilder<TNode, TEdge, TCriteria>
  all(): TypedFactRecord<TNode, TEdge>[]
  toArray(): TypedFactRecord<TNode, TEdge>[]
}

/** A query with types, which otherwise behaves the same. */
export class TypedQueryBuilderImpl<
  TNode extends NodeProperties = NodeProperties,
  TEdge extends EdgeProperties = EdgeProperties,
  TCriteria extends FactCriteria = FactCriteria,
> implements TypedQueryBuilder<TNode, TEdge, TCriteria>
{
  readonly #query: QueryBuilder

  constructor(query: QueryBuilder) {
    this.#query = query
  }

  anchor(orientation: FrontierOrientation): TypedQueryBuilderImpl<TNode, TEdge, TCriteria> {
    return new TypedQueryBuilderImpl(this.#query.anchor(orientation))
  }

  follow(predicate: string): TypedQueryBuilderImpl<TNode, TEdge, TCriteria> {
    return new TypedQueryBuilderImpl(this.#query.follow(predicate))
  }

  followReverse(predicate: string): TypedQueryBuilderImpl<TNode, TEdge, TCriteria> {
    return new TypedQueryBuilderImpl(this.#query.followReverse(predicate))
  }

  where(accepts: (record: TypedFactRecord<TNode, TEdge>) => boolean): TypedQueryBuilderImpl<TNode, TEdge, TCriteria> {
    return new TypedQueryBuilderImpl(this.#query.where((record) => accepts(record as TypedFactRecord<TNode, TEdge>)))
  }

  limit(n: number): TypedQueryBuilderImpl<TNode, TEdge, TCriteria> {
    return new TypedQueryBuilderImpl(this.#query.limit(n))
  }

  skip(n: number): TypedQueryBuilderImpl<TNode, TEdge, TCriteria> {
    return new TypedQueryBuilderImpl(this.#query.skip(n))
  }

  all(): TypedFactRecord<TNode, TEdge>[] {
    return this.#query.all() as TypedFactRecord<TNode, TEdge>[]
  }

  toArray(): TypedFactRecord<TNode, TEdge>[] {
    return this.all()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TypedFactRecord<TNode, TEdge>, void> {
    for await (const record of this.#query) yield record as TypedFactRecord<TNode, TEdge>
  }
}

/** A database with types, which otherwise behaves the same. */
export interface TypedDB<TNode extends NodeProperties = NodeProperties, TEdge extends EdgeProperties = EdgeProperties> {
  readonly raw: NervusDB
  addFact(fact: TypedFactInput, options?: TypedFactOptions<TNode, TEdge>): TypedFactRecord<TNode, TEdge>
  find<TCriteria extends FactCriteria>(
    criteria: TCriteria,
    options?: { anchor?: FrontierOrientation },
  ): TypedQueryBuilder<TNode, TEdge, TCriteria>
  findByNodeProperty<T>(
    filter: TypedPropertyFilter<T>,
    options?: { anchor?: FrontierOrientation },
  ): TypedQueryBuilder<TNode, TEdge>
  findByEdgeProperty<T>(
    filter: TypedPropertyFilter<T>,
    options?: { anchor?: FrontierOrientation },
  ): TypedQueryBuilder<TNode, TEdge>
  findByLabel(
    labels: string | string[],
    options?: { mode?: 'AND' | 'OR'; anchor?: FrontierOrientation },
  ): TypedQueryBuilder<TNode, TEdge>
  getNodeProperties(nodeId: number): TypedNodeProperties<TNode> | null
  getEdgeProperties(key: EdgeKey): TEdge | null
  setNodeProperties(nodeId: number, properties: TypedNodeProperties<TNode>): void
  setEdgeProperties(key: EdgeKey, properties: TEdge): void
  flush(): Promise<void>
  close(): Promise<void>
}

class TypedDBImpl<TNode extends NodeProperties, TEdge extends EdgeProperties> implements TypedDB<TNode, TEdge> {
  constructor(readonly raw: NervusDB) {}

  addFact(fact: TypedFactInput, options?: TypedFactOptions<TNode, TEdge>): TypedFactRecord<TNode, TEdge> {
    return this.raw.addFact(fact, options) as TypedFactRecord<TNode, TEdge>
  }

  find<TCriteria extends FactCriteria>(
    criteria: TCriteria,
    options?: { anchor?: FrontierOrientation },
  ): TypedQueryBuilder<TNode, TEdge, TCriteria> {
    return new TypedQueryBuilderImpl(this.raw.find(criteria, options))
  }

  findByNodeProperty<T>(
    filter: TypedPropertyFilter<T>,
    options?: { anchor?: FrontierOrientation },
  ): TypedQueryBuilder<TNode, TEdge> {
    return new TypedQueryBuilderImpl(this.raw.findByNodeProperty(filter as PropertyFilter, options))
  }

  findByEdgeProperty<T>(
    filter: TypedPropertyFilter<T>,
    options?: { anchor?: FrontierOrientation },
  ): TypedQueryBuilder<TNode, TEdge> {
    return new TypedQueryBuilderImpl(this.raw.findByEdgeProperty(filter as PropertyFilter, options))
  }

  findByLabel(
    labels: string | string[],
    options?: { mode?: 'AND' | 'OR'; anchor?: FrontierOrientation },
  ): TypedQueryBuilder<TNode, TEdge> {
    return new TypedQueryBuilderImpl(this.raw.findByLabel(labels, options))
  }

  getNodeProperties(nodeId: number): TypedNodeProperties<TNode> | null {
    return this.raw.getNodeProperties(nodeId) as TypedNodeProperties<TNode> | null
  }

  getEdgeProperties(key: EdgeKey): TEdge | null {
    return this.raw.getEdgeProperties(key) as TEdge | null
  }

  setNodeProperties(nodeId: number, properties: TypedNodeProperties<TNode>): void {
    this.raw.setNodeProperties(nodeId, properties)
  }

  setEdgeProperties(key: EdgeKey, properties: TEdge): void {
    this.raw.setEdgeProperties(key, properties)
  }

  flush(): Promise<void> {
    return this.raw.flush()
  }

  close(): Promise<void> {
    return this.raw.close()
  }
}

/** Opens a database; each entry point has its own implementation. */
type Open = (path: string, options?: NervusDBOpenOptions) => Promise<NervusDB>

/** Opens or wraps databases with types. */
export function typedFactory(open: Open): {
  open<TNode extends NodeProperties = NodeProperties, TEdge extends EdgeProperties = EdgeProperties>(
    path: string,
    options?: NervusDBOpenOptions,
  ): Promise<TypedDB<TNode, TEdge>>
  wrap<TNode extends NodeProperties = NodeProperties, TEdge extends EdgeProperties = EdgeProperties>(
    db: NervusDB,
  ): TypedDB<TNode, TEdge>
} {
  return {
    open: async (path, options) => new TypedDBImpl(await open(path, options)),
    wrap: (db) => new TypedDBImpl(db),
  }
}

/** Builds filters with types. */
export const TypeSafeQueries = {
  propertyFilter<T>(propertyName: string, value?: T, range?: TypedPropertyFilter<T>['range']): TypedPropertyFilter<T> {
    return {
      propertyName,
      ...(value === undefined ? {} : { value }),
      ...(range === undefined ? {} : { range }),
    }
  },

  rangeFilter<T>(
    propertyName: string,
    min?: T,
    max?: T,
    { includeMin = true, includeMax = true }: { includeMin?: boolean; includeMax?: boolean } = {},
  ): TypedPropertyFilter<T> {
    const bounds = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) }
    return { propertyName, range: { ...bounds, includeMin, includeMax } }
  },
}

// Ready-made shapes. Types rather than interfaces, so that they are records of properties too.

export type PersonNode = { name: string; age?: number; email?: string; labels?: string[] }
export type EntityNode = { type: string; title?: string; description?: string; confidence?: number; labels?: string[] }
export type CodeNode = {
  path: string
  type: 'file' | 'function' | 'class' | 'module'
  language?: string
  size?: number
  labels?: string[]
}
export type RelationshipEdge = { since?: Date | number; strength?: number; type?: 'friend' | 'colleague' | 'family' }
export type KnowledgeEdge = { confidence: number; source?: string; timestamp?: number; weight?: number }
export type DependencyEdge = { type: 'imports' | 'calls' | 'extends' | 'implements'; line?: number; column?: number }
