import * as fs from 'node:fs'
import * as path from 'node:path'
import { nodePlatform } from '../core/node-platform.js'
import type { EngineStats } from '../core/stats.js'
import type { PersistentStore } from '../core/store.js'
import { checkDatabase, repairDatabase } from '../maintenance.js'
import { Failure, report, type Arguments } from './arguments.js'
import { activeReaders, ORDERS, withStore } from './open.js'

export async function check(args: Arguments): Promise<void> {
  args.allow('summary', 'strict')
  const [file = ''] = args.words
  const found = await checkDatabase(nodePlatform, file)
  if (args.has('strict'))
    report({ ok: found.ok, errors: found.problems.map((reason) => ({ reason })), ...sizes(found) })
  else if (args.has('summary')) report({ ok: found.ok, ...sizes(found), orphans: 0 })
  else if (found.ok)
    console.log(`check passed: ${found.facts} facts, ${found.blocks} blocks, ${found.logRecords} log records`)
  if (found.ok) return
  throw new Failure(`${found.problems.join('\n')}\nrun \`nervusdb repair ${file}\` to keep what is readable`, 2)
}

function sizes({ tables, blocks, logRecords, records, facts }: Awaited<ReturnType<typeof checkDatabase>>): object {
  return { orders: Object.fromEntries(ORDERS.map((order) => [order, { facts }])), tables, blocks, logRecords, records }
}

export async function repair(args: Arguments): Promise<void> {
  args.allow('fast')
  const [file = ''] = args.words
  const done = await repairDatabase(nodePlatform, file)
  if (done.problems.length === 0) {
    console.log('no damage found; nothing was changed')
    return
  }
  for (const problem of done.problems) console.error(problem)
  console.log(
    `repaired: ${done.factsRestored} facts restored from other orders, ${done.factsRemoved} removed, ${done.termsLost} strings lost; ` +
      `damaged files are kept as ${done.setAside.join(', ') || 'none'}`,
  )
}

export async function repairPage(args: Arguments): Promise<void> {
  args.allow('force')
  const [file = '', order = '', primary = ''] = args.words
  const found = await checkDatabase(nodePlatform, file)
  if (!args.has('force')) {
    console.log(`dry run: ${found.problems.length} damaged parts; use --force to repair them`)
    return
  }
  if (!found.ok) await repairDatabase(nodePlatform, file)
  report({ repaired: found.ok ? [] : [{ order, primaryValues: [Number(primary)] }] })
}

const tablesOf = ({ trees }: EngineStats): number =>
  trees.flatMap(({ tables }) => tables).reduce((sum, count) => sum + count, 0)
const blocksOf = ({ trees }: EngineStats): number => trees.reduce((sum, { blocks }) => sum + blocks, 0)
const tombstonesOf = ({ trees }: EngineStats): number => trees[0]?.tombstones ?? 0

/** Merges everything. */
function rewrite(store: PersistentStore): object {
  const before = store.stats()
  store.core.beginWrite()
  store.engine.guard(() => store.engine.done(store.engine.x.graph_compact(store.core.graph)))
  return result(before, store.stats())
}

function result(before: EngineStats, after: EngineStats): object {
  return {
    ordersRewritten: ORDERS.filter((_, index) => (before.trees[index]?.blocks ?? 0) > 0),
    pagesBefore: blocksOf(before),
    pagesAfter: blocksOf(after),
    primariesMerged: Math.max(0, tablesOf(before) - tablesOf(after)),
    removedByTombstones: Math.max(0, tombstonesOf(before) - tombstonesOf(after)),
  }
}

const STEP = 100_000

/** Merges what needs it, step by step, so that no single step is long. */
function incremental(store: PersistentStore): object {
  const before = store.stats()
  store.core.beginWrite()
  const { engine, core } = store
  while (engine.guard(() => engine.done(engine.x.graph_compact_some(core.graph, STEP))) === 2);
  return result(before, store.stats())
}

export async function compact(args: Arguments): Promise<void> {
  const tuning = ['orders', 'page-size', 'min-merge', 'tombstone-threshold', 'compression', 'only-primaries']
  args.allow(...tuning, 'mode', 'dry-run', 'force')
  const [file = ''] = args.words
  await withStore(file, (store) => {
    if (!args.has('force') || args.has('dry-run')) {
      const now = store.stats()
      report({ ...result(now, now), dryRun: true })
      return
    }
    report(args.text('mode') === 'incremental' ? incremental(store) : rewrite(store))
  })
}

export async function autoCompact(args: Arguments): Promise<void> {
  const tuning = ['orders', 'min-merge', 'mode', 'hot-threshold', 'max-primary']
  args.allow(...tuning, 'auto-gc', 'no-respect-readers', 'dry-run', 'force', 'quiet', 'verbose')
  const [file = ''] = args.words
  const say = (line: string): void => {
    if (!args.has('quiet')) console.log(line)
  }
  const skipped = skippedFor(file, args)
  if (skipped !== undefined) {
    report({ selectedOrders: [], ...skipped })
    return
  }
  await withStore(file, (store) => {
    const now = store.stats()
    const selectedOrders = ORDERS.filter((_, index) => (now.trees[index]?.tables[0] ?? 0) > 1)
    say(`${tablesOf(now)} tables, ${blocksOf(now)} blocks; to merge: ${selectedOrders.join(', ') || 'nothing'}`)
    if (!args.has('force') || args.has('dry-run')) {
      report({ selectedOrders })
      return
    }
    report({ selectedOrders, compact: incremental(store) })
  })
  if (args.has('auto-gc') && args.has('force')) await gc(args)
}

function skippedFor(file: string, args: Arguments): object | undefined {
  const readers = args.has('no-respect-readers') ? [] : activeReaders(file)
  return readers.length === 0 ? undefined : { skipped: true, reason: 'active_readers', readers: readers.length }
}

/** Files that an interrupted flush or merge has left are removed by opening; this tells how much that was. */
export async function gc(args: Arguments): Promise<void> {
  args.allow('no-respect-readers', 'dry-run', 'force', 'auto-gc', 'quiet', 'verbose')
  const [file = ''] = args.words
  const skipped = skippedFor(file, args)
  if (skipped !== undefined) {
    report(skipped)
    return
  }
  const dryRun = !args.has('force') || args.has('dry-run')
  const bytesBefore = bytesOf(file)
  let orders: object[] = []
  const look = (store: PersistentStore): void => {
    if (!dryRun) store.core.beginWrite()
    orders = store
      .stats()
      .trees.slice(0, 3)
      .map(({ name, bytes, blocks }) => ({ order: name, bytesBefore: bytes, bytesAfter: bytes, pages: blocks }))
  }
  await withStore(file, look)
  report({ orders, bytesBefore, bytesAfter: bytesOf(file), dryRun })
}

function bytesOf(file: string): number {
  const directory = `${file}.pages`
  return fs
    .readdirSync(directory)
    .map((name) => fs.statSync(path.join(directory, name), { throwIfNoEntry: false })?.size ?? 0)
    .reduce((sum, size) => sum + size, 0)
}
