import type { Instantiate } from '../engine/exports.js'
import type { Storage } from '../storage/storage.js'

/** Which build of the engine runs. */
export type BackendName = 'wasm' | 'javascript'

/** Where a database lives, and what keeps its users apart. */
export interface Place {
  readonly storage: Storage
  /** The same for every way to name this database in this process; undefined if it is nobody else's. */
  identity(): string | undefined
  /** Changes with each flush and merge. */
  epoch(): string
  /** Takes the right to write; false if another process has it. */
  lockWriter(): boolean
  /** Whether nobody else had the right to write between the last two times it was taken here. */
  readonly wasLastWriter: boolean
  unlockWriter(): void
  /** Who has the right to write, for messages. */
  writer(): string
  /** Called once the engine's files are there: makes the database findable by its path. */
  created(): void
  /** Announces a reader; the result takes it back. */
  registerReader(): () => void
  /** What can only be done between calls of the engine. */
  maintain?(): Promise<void>
  dispose(): void
}

/** How the place of a path is to be opened. */
export interface PlaceOptions {
  readonly indexDirectory?: string | undefined
  readonly enableLock: boolean
  /** A missing database is an error instead of being created. */
  readonly mustExist: boolean
}

/** What differs between Node and browsers. */
export interface Platform {
  /** Finds a database; `isNew` if there is none yet. Takes the exclusive lock if that is asked for. */
  locate(path: string, options: PlaceOptions): Promise<{ place: Place; isNew: boolean }>
  backend(name: BackendName, tools: boolean): Promise<Instantiate>
  environment(name: string): string | undefined
  /** Context that follows asynchronous calls, where the platform has it. */
  readonly context: AsyncContext
}

/** A value that code called from `run` sees, also after it has waited. */
export interface AsyncContext {
  run<T>(value: unknown, work: () => T): T
  current(): unknown
}
