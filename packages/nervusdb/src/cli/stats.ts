import * as fs from 'node:fs'
import * as path from 'node:path'
import type { PersistentStore } from '../core/store.js'
import { report, type Arguments } from './arguments.js'
import { activeReaders, withStore } from './open.js'
import { transactions } from './transactions.js'

export async function stats(args: Arguments): Promise<void> {
  args.allow('verbose', 'property', 'hotness', 'readers', 'all', 'txids', 'txids-window')
  const [file = ''] = args.words
  const all = args.has('all') || args.has('verbose')
  await withStore(file, (store) => {
    const found = transactions(store)
    const window = args.number('txids-window')
    const since = Date.now() - (window ?? 0) * 60_000
    const recent = window === undefined ? [] : found.filter(({ ts }) => ts >= since)
    report({
      ...basics(store),
      txIds: found.length,
      ...(all || args.has('property') ? { propertyIndex: store.getPropertyIndex().getStats() } : {}),
      ...(all || args.has('hotness') ? { hotness: store.getHotnessSnapshot() } : {}),
      ...(all || args.has('readers') ? { readers: activeReaders(file) } : {}),
      ...(all ? { fileSizes: fileSizes(file), summary: summary(store) } : {}),
      ...(args.has('txids') ? { txIdItems: found.slice(0, args.number('txids', 50)) } : {}),
      ...(window === undefined
        ? {}
        : { txIdsWindowMin: window, txIdsWindow: recent.length, txIdsBySession: bySession(recent) }),
    })
  })
}

/** What every report begins with. Our blocks stand for pages, our tables for primaries. */
export function basics(store: PersistentStore): object {
  const { terms, epoch, logBytes, memtableFacts, trees } = store.stats()
  const facts = trees.slice(0, 3)
  const tablesOf = (tables: number[]): number => tables.reduce((sum, count) => sum + count, 0)
  return {
    dictionaryEntries: terms,
    triples: store.count(store.view(), {}),
    epoch,
    pageFiles: trees.reduce((sum, { tables }) => sum + tablesOf(tables), 0),
    pages: trees.reduce((sum, { blocks }) => sum + blocks, 0),
    tombstones: facts[0]?.tombstones ?? 0,
    walBytes: logBytes,
    lsmSegments: facts.reduce((sum, { tables }) => sum + (tables[0] ?? 0), 0),
    lsmTriples: memtableFacts,
    orders: Object.fromEntries(
      facts.map(({ name, blocks, tables }) => [
        name,
        { pages: blocks, primaries: tablesOf(tables), multiPagePrimaries: tablesOf(tables.slice(1)) },
      ]),
    ),
  }
}

function summary(store: PersistentStore): object {
  const { trees, memoryBytes, cacheBytes } = store.stats()
  return { memoryBytes, cacheBytes, trees }
}

function fileSizes(file: string): Record<string, number> {
  const directory = `${file}.pages`
  const names = fs.existsSync(directory) ? fs.readdirSync(directory) : []
  return Object.fromEntries(
    names.map((name) => [name, fs.statSync(path.join(directory, name), { throwIfNoEntry: false })?.size ?? 0]),
  )
}

function bySession(items: readonly { sessionId?: string }[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { sessionId = '' } of items) counts[sessionId] = (counts[sessionId] ?? 0) + 1
  return counts
}
