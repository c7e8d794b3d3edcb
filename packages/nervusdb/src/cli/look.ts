import type { PersistentStore } from '../core/store.js'
import type { IdPattern } from '../core/scan.js'
import { Failure, report, UsageError, type Arguments } from './arguments.js'
import { activeReaders, withStore } from './open.js'
import { forgetTransactions, transactions } from './transactions.js'

/** The id each order begins with, and where it stands in a fact. */
const FIRST: Readonly<Record<string, { place: number; key: keyof IdPattern }>> = {
  SPO: { place: 0, key: 'subjectId' },
  SOP: { place: 0, key: 'subjectId' },
  POS: { place: 1, key: 'predicateId' },
  PSO: { place: 1, key: 'predicateId' },
  OSP: { place: 2, key: 'objectId' },
  OPS: { place: 2, key: 'objectId' },
}

function orderOf(name: string): { place: number; key: keyof IdPattern } {
  const order = FIRST[name.toUpperCase()]
  if (order === undefined) throw new Failure(`unknown order ${name}; known are ${Object.keys(FIRST).join(', ')}`, 2)
  return order
}

export async function hot(args: Arguments): Promise<void> {
  args.allow('order', 'top')
  const [file = ''] = args.words
  const name = (args.text('order') ?? 'SPO').toUpperCase()
  const { place } = orderOf(name)
  const top = args.number('top') ?? 10
  await withStore(file, (store) => {
    const counts = new Map<number, number>()
    for (const words of store.scan(store.view(), {})) {
      for (let at = place; at < words.length; at += 3) {
        const id = words[at] as number
        counts.set(id, (counts.get(id) ?? 0) + 1)
      }
    }
    const sorted = [...counts].sort(([, a], [, b]) => b - a).slice(0, Math.max(0, top))
    report({
      order: name,
      updatedAt: Date.now(),
      top: sorted.map(([primary, count]) => ({ primary, count, value: store.getNodeValueById(primary) })),
    })
  })
}

export async function dump(args: Arguments): Promise<void> {
  args.allow()
  const [file = '', order = '', primary = ''] = args.words
  const { key } = orderOf(order)
  const id = Number(primary)
  if (!Number.isInteger(id) || id < 0) throw new UsageError(`the id must be an integer, not ${primary}`)
  await withStore(file, (store) => {
    const view = store.view()
    for (const words of store.scan(view, { [key]: id })) {
      const lines = store.records
        .read(view, words, false)
        .map((r) => `${r.subjectId}:${r.predicateId}:${r.objectId}  // ${r.subject} ${r.predicate} ${r.object}`)
      console.log(lines.join('\n'))
    }
  })
}

export async function txids(args: Arguments): Promise<void> {
  args.allow('list', 'since', 'session', 'max', 'clear')
  const [file = ''] = args.words
  const max = args.number('max')
  await withStore(
    file,
    (store: PersistentStore) => {
      if (args.has('clear')) forgetTransactions(store, 0)
      else if (max !== undefined) forgetTransactions(store, max)
      const since = args.number('since')
      const session = args.text('session')
      const found = transactions(store)
        .filter(({ ts }) => since === undefined || ts >= Date.now() - since * 60_000)
        .filter(({ sessionId }) => session === undefined || sessionId === session)
      report({ count: found.length, max: max ?? 1000, items: found.slice(0, args.number('list', 50) ?? 50) })
    },
    { enablePersistentTxDedupe: true },
  )
}

const WATCH_MS = 5_000

export async function readers(args: Arguments): Promise<void> {
  args.allow('json', 'details', 'watch')
  const [file = ''] = args.words
  const show = (): void => {
    const found = activeReaders(file)
    if (args.has('json')) {
      const list = found.map((reader) => ({ ...reader, epoch: 0, ageSec: Math.round(reader.ageMs / 1000) }))
      report({ timestamp: Date.now(), totalReaders: found.length, readers: list })
      return
    }
    console.log(`${found.length} active readers`)
    for (const { pid, registeredAt, ageMs } of found) {
      const since = args.has('details') ? `  since ${new Date(registeredAt).toISOString()}` : ''
      console.log(`  process ${pid}  ${Math.round(ageMs / 1000)} s${since}`)
    }
  }
  show()
  if (!args.has('watch')) return
  await new Promise<void>((resolve) => {
    const timer = setInterval(show, WATCH_MS)
    process.once('SIGINT', () => {
      clearInterval(timer)
      resolve()
    })
  })
}
