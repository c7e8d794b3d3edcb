import type { Platform } from './core/platform.js'
import { Engine } from './engine/engine.js'
import { NervusDBError } from './errors.js'

/** The result of a check. */
export interface CheckReport {
  ok: boolean
  tables: number
  blocks: number
  logRecords: number
  records: number
  facts: number
  problems: string[]
}

/** The result of a repair. */
export interface RepairReport {
  /** The problems found; if empty, nothing was changed. */
  problems: string[]
  factsRestored: number
  factsRemoved: number
  termsLost: number
  /** Copies of the damaged files, below `aside/`. */
  setAside: string[]
}

/** Verifies every stored byte of a database, even if it cannot be opened. */
export function checkDatabase(platform: Platform, path: string): Promise<CheckReport> {
  return withTools(platform, path, false, (engine) => {
    const { words, at } = engine.words(engine.x.graph_check?.() ?? 0)
    const word = (index: number): number => words[at + index] as number
    const problems = lines(engine, 0, word(8))
    return {
      ok: problems.length === 0,
      tables: word(0),
      blocks: word(1),
      logRecords: word(2),
      records: word(4) + word(5) * 2 ** 32,
      facts: word(6) + word(7) * 2 ** 32,
      problems,
    }
  })
}

/** Keeps what is readable and sets damaged files aside. No other process may write in the meantime. */
export function repairDatabase(platform: Platform, path: string): Promise<RepairReport> {
  return withTools(platform, path, true, (engine) => {
    const { words, at } = engine.words(engine.x.graph_repair?.() ?? 0)
    const word = (index: number): number => words[at + index] as number
    return {
      problems: lines(engine, 0, word(7)),
      factsRestored: word(1) + word(2) * 2 ** 32,
      factsRemoved: word(3) + word(4) * 2 ** 32,
      termsLost: word(5) + word(6) * 2 ** 32,
      setAside: lines(engine, word(7), word(8)),
    }
  })
}

function lines(engine: Engine, from: number, length: number): string[] {
  return engine.memory
    .text((engine.x.bytes() >>> 0) + from, length)
    .split('\n')
    .slice(0, -1)
}

async function withTools<T>(
  platform: Platform,
  path: string,
  writes: boolean,
  work: (engine: Engine) => T,
): Promise<T> {
  const name = platform.environment('NERVUSDB_USE_WASM') === 'false' ? 'javascript' : 'wasm'
  const instantiate = await platform.backend(name, true)
  const { place } = await platform.locate(path, { enableLock: false, mustExist: true })
  try {
    if (writes && !place.lockWriter()) {
      throw new NervusDBError(
        'LOCKED',
        `the database is in use: ${place.writer()} is writing to it; close it there first`,
      )
    }
    const engine = new Engine(instantiate, place.storage)
    try {
      return engine.guard(() => work(engine))
    } finally {
      engine.dispose()
    }
  } finally {
    place.dispose()
  }
}
