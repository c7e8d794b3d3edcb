// What every entry point exports besides what is bound to its platform.
export { PersistentStore } from './core/store.js'
export { NervusDBError, type ErrorCode } from './errors.js'
export type { FileSystemSync } from './storage/fs.js'
export { AggregationPlugin } from './plugins/aggregation.js'
export { CypherPlugin, CypherError, type CypherOptions, type CypherResult } from './plugins/cypher.js'
export { PluginManager, type NervusDBPlugin } from './plugins/manager.js'
export { PathfindingPlugin } from './plugins/pathfinding.js'
export { AggregationPipeline, type AggregationRow } from './query/aggregation.js'
export { QueryBuilder } from './query/builder.js'
export { LazyQueryBuilder } from './query/lazy.js'
export type { PathEdge, PathResult, Uniqueness, VariablePathOptions } from './query/paths.js'
export type { PatternRow } from './query/pattern.js'
export type { ShortestPathOptions, WeightedPathOptions } from './query/shortest.js'
export type { EngineStats, TreeStats } from './core/stats.js'
export { TypeSafeQueries, TypedQueryBuilderImpl } from './typed.js'
export type {
  CodeNode,
  DependencyEdge,
  EdgeProperties,
  EntityNode,
  InferQueryResult,
  KnowledgeEdge,
  Labels,
  NodeProperties,
  PersonNode,
  RelationshipEdge,
  TypedDB,
  TypedFactInput,
  TypedFactOptions,
  TypedFactRecord,
  TypedNodeProperties,
  TypedPropertyFilter,
  TypedQueryBuilder,
} from './typed.js'
export type {
  BeginBatchOptions,
  CommitBatchOptions,
  EdgeKey,
  FactCriteria,
  FactInput,
  FactOptions,
  FactRecord,
  FrontierOrientation,
  NervusDBOpenOptions,
  PersistedFact,
  PropertyFilter,
} from './types.js'
