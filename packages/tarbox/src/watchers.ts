import type { Watched, WatchEvent } from './messages.js'

export interface Watcher {
  watched: Watched
  /** Everything up to here has been told. */
  after: number
  tell: (events: WatchEvent[], last: number) => void
}

/** What changed at a path and below it, and how far that reaches. A negative position is now. */
export type Changes = (watched: Watched, after: number) => { events: WatchEvent[]; last: number }

/** Who is told of changes: the page of this worker by number, those of others by the worker and their number. */
export class Watchers {
  readonly #watchers = new Map<number | string, Watcher>()

  /** Begins to watch, from now on unless a position is given. */
  add(key: number | string, watcher: Watcher, changes: Changes | undefined): void {
    this.#watchers.set(key, watcher)
    if (!changes) return
    if (watcher.after < 0) {
      watcher.after = changes(watcher.watched, -1).last
      // The one who watches has to know where it began, for when another has the files.
      watcher.tell([], watcher.after)
    } else this.#tell(watcher, changes)
  }

  get(key: number): Watcher | undefined {
    return this.#watchers.get(key)
  }

  delete(key: number | string): void {
    this.#watchers.delete(key)
  }

  /** Ends the watching of another worker. */
  forget(id: string): void {
    for (const key of this.#watchers.keys()) if (String(key).startsWith(`${id}:`)) this.#watchers.delete(key)
  }

  /** Ends the watching of all others. */
  forgetOthers(): void {
    for (const key of this.#watchers.keys()) if (typeof key === 'string') this.#watchers.delete(key)
  }

  /** Those of the page, by number. */
  *own(): Generator<{ id: number; watched: Watched; after: number }> {
    for (const [id, { watched, after }] of this.#watchers) if (typeof id === 'number') yield { id, watched, after }
  }

  tellAll(changes: Changes): void {
    for (const watcher of this.#watchers.values()) this.#tell(watcher, changes)
  }

  #tell(watcher: Watcher, changes: Changes): void {
    for (;;) {
      const { events, last } = changes(watcher.watched, watcher.after)
      if (last === watcher.after) return
      watcher.after = last
      watcher.tell(events, last)
    }
  }
}
