import type { Core } from './core.js'

/** The size of one tree. */
export interface TreeStats {
  name: string
  records: number
  tombstones: number
  blocks: number
  bytes: number
  indexBytes: number
  /** Tables of each level. */
  tables: number[]
}

/** The sizes of a database. */
export interface EngineStats {
  terms: number
  commits: number
  epoch: number
  memtableFacts: number
  memtableBytes: number
  logBytes: number
  cacheBytes: number
  cacheHits: number
  cacheMisses: number
  isCompacting: boolean
  compactionFailed: boolean
  /** Memory of the engine, in bytes. */
  memoryBytes: number
  trees: TreeStats[]
}

const TREES = ['SPO', 'POS', 'OSP', 'hash', 'terms', 'data']

/** Asks the engine how large everything is. */
export function readStats(core: Core): EngineStats {
  const { engine } = core
  return engine.guard(() => {
    const { words, at } = engine.words(engine.x.graph_stats(core.graph))
    let from = at
    const next = (): number => {
      from += 2
      return (words[from - 2] as number) + (words[from - 1] as number) * 2 ** 32
    }
    return {
      terms: next(),
      commits: next(),
      epoch: next(),
      memtableFacts: next(),
      memtableBytes: next(),
      logBytes: next(),
      cacheBytes: next(),
      cacheHits: next(),
      cacheMisses: next(),
      isCompacting: next() !== 0,
      compactionFailed: next() !== 0,
      memoryBytes: engine.memory.size,
      trees: TREES.map((name) => ({
        name,
        records: next(),
        tombstones: next(),
        blocks: next(),
        bytes: next(),
        indexBytes: next(),
        tables: Array.from({ length: next() }, next),
      })),
    }
  })
}
