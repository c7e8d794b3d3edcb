// What the tests share: databases in directories of their own, in the backend that the environment chooses.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'

export const {
  NervusDB,
  PersistentStore,
  QueryBuilder,
  LazyQueryBuilder,
  TypedNervusDB,
  TypeSafeQueries,
  PluginManager,
  NervusDBError,
} = await import('nervusdb')
export * as api from 'nervusdb'

const root = mkdtempSync(path.join(tmpdir(), 'nervusdb-'))
const open = new Set()
after(async () => {
  for (const db of open) await db.close()
  rmSync(root, { recursive: true, force: true })
})

let count = 0

/** A path where nothing is yet. */
export function fresh(name = 'graph.db') {
  return path.join(mkdtempSync(path.join(root, `${count++}-`)), name)
}

/** An open database, closed after the tests at the latest. */
export async function database(path = ':memory:', options = {}) {
  const db = await NervusDB.open(path, options)
  open.add(db)
  return db
}

/** `a knows b` as a fact. */
export function fact(text) {
  const [subject, predicate, object] = text.split(' ')
  return { subject, predicate, object }
}

/** A database with these facts. */
export async function graph(...facts) {
  const db = await database()
  for (const text of facts) db.addFact(fact(text))
  return db
}

/** Records as `a knows b`. */
export const texts = (records) =>
  [...records].map(({ subject, predicate, object }) => `${subject} ${predicate} ${object}`)
/** The same, sorted. */
export const sorted = (records) => texts(records).sort()

/** What a console method was told while work ran. */
export async function told(method, work) {
  const original = console[method]
  const lines = []
  console[method] = (...words) => lines.push(words.join(' '))
  try {
    await work()
  } finally {
    console[method] = original
  }
  return lines
}
