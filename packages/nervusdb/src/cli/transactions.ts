import type { PersistentStore } from '../core/store.js'

/** A remembered transaction id. */
export interface TransactionItem {
  id: string
  ts: number
  sessionId?: string
}

/** The remembered transaction ids, newest first. The store must run on the module of tools. */
export function transactions(store: PersistentStore): TransactionItem[] {
  const { engine, core } = store
  return engine
    .guard(() => {
      const { words, at, count } = engine.words(engine.x.graph_transactions?.(core.graph) ?? 0)
      let from = engine.x.bytes() >>> 0
      const text = (length: number): string => {
        from += length
        return engine.memory.text(from - length, length)
      }
      const items: TransactionItem[] = []
      for (let index = at; index < at + count; index += 4) {
        const id = text(words[index] as number)
        const sessionId = text(words[index + 1] as number)
        const ts = (words[index + 2] as number) + (words[index + 3] as number) * 2 ** 32
        items.push({ id, ts, ...(sessionId === '' ? {} : { sessionId }) })
      }
      return items
    })
    .reverse()
}

/** Forgets all but the newest. */
export function forgetTransactions(store: PersistentStore, kept: number): void {
  const { engine, core } = store
  core.beginWrite()
  engine.guard(() => engine.done(engine.x.graph_forget_transactions?.(core.graph, kept) ?? 0))
}
