/// SQLite in a worker: ours, the official build and wa-sqlite, each at its best settings, and a bare handle.
import sqlite3InitModule from 'sqlite-opfs'
// @ts-expect-error wa-sqlite's examples have no types
import { AccessHandlePoolVFS } from 'wa-sqlite/src/examples/AccessHandlePoolVFS.js'
import * as WaSqlite from 'wa-sqlite'
import waModule from 'wa-sqlite/dist/wa-sqlite.mjs'
import { officialBuild } from '../../browser-tests/src/official-build.js'
import { race, type Tell } from './race.js'

/** What each SQLite can do. */
interface Contender {
  exec(sql: string): void | Promise<void>
  /** Inserts `count` rows, each with a statement that is prepared once. */
  insert(from: number, count: number): void | Promise<void>
  /** Selects rows by their key, one at a time, and adds up their lengths. */
  points(keys: number[]): number | Promise<number>
  all(sql: string): unknown
}

const SCHEMA = 'CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT, value REAL)'

function oo1(db: any): Contender {
  let insert: any
  let select: any
  return {
    exec: (sql) => void db.exec(sql),
    insert(from, count) {
      insert ??= db.prepare('INSERT INTO t VALUES (?, ?, ?)')
      for (let id = from; id < from + count; id++) insert.bind([id, `name of the row ${id}`, id * 1.5]).stepReset()
    },
    points(keys) {
      select ??= db.prepare('SELECT name, value FROM t WHERE id = ?')
      let sum = 0
      for (const key of keys) {
        select.bind([key])
        if (select.step()) sum += select.get([])[0].length
        select.reset()
      }
      return sum
    },
    all: (sql) => db.selectArrays(sql).length,
  }
}

async function ours(): Promise<{ wal: Contender }> {
  const sqlite3 = await sqlite3InitModule({ wasm: '/packages/sqlite-opfs/dist/sqlite.wasm' })
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: 'bench-ours', clearOnInit: true })
  const db = new pool.OpfsSAHPoolDb('/bench.db')
  db.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; ${SCHEMA}`)
  return { wal: oo1(db) }
}

async function official(): Promise<{ byDefault: Contender; wal: Contender }> {
  const sqlite3 = await officialBuild()
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: 'bench-official', clearOnInit: true, initialCapacity: 8 })
  const byDefault = new pool.OpfsSAHPoolDb('/default.db')
  byDefault.exec(SCHEMA)
  const wal = new pool.OpfsSAHPoolDb('/wal.db')
  wal.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; ${SCHEMA}`)
  return { byDefault: oo1(byDefault), wal: oo1(wal) }
}

async function waSqlite(): Promise<Contender> {
  const sqlite3 = WaSqlite.Factory(await waModule({ locateFile: () => '/node_modules/wa-sqlite/dist/wa-sqlite.wasm' }))
  const vfs = new AccessHandlePoolVFS('/bench-wa')
  await vfs.isReady
  sqlite3.vfs_register(vfs, true)
  const db = await sqlite3.open_v2('bench.db')
  const exec = async (sql: string) => void (await sqlite3.exec(db, sql))
  await exec(
    `PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=FULL; DROP TABLE IF EXISTS t; ${SCHEMA}`,
  )
  const prepare = async (sql: string) => {
    const text = sqlite3.str_new(db, sql)
    return (await sqlite3.prepare_v2(db, sqlite3.str_value(text)))!.stmt
  }
  const insert = await prepare('INSERT INTO t VALUES (?, ?, ?)')
  const select = await prepare('SELECT name, value FROM t WHERE id = ?')
  return {
    exec,
    async insert(from, count) {
      for (let id = from; id < from + count; id++) {
        sqlite3.bind_int(insert, 1, id)
        sqlite3.bind_text(insert, 2, `name of the row ${id}`)
        sqlite3.bind_double(insert, 3, id * 1.5)
        await sqlite3.step(insert)
        await sqlite3.reset(insert)
      }
    },
    async points(keys) {
      let sum = 0
      for (const key of keys) {
        sqlite3.bind_int(select, 1, key)
        if ((await sqlite3.step(select)) === WaSqlite.SQLITE_ROW) sum += (sqlite3.row(select)[0] as string).length
        await sqlite3.reset(select)
      }
      return sum
    },
    async all(sql) {
      let rows = 0
      await sqlite3.exec(db, sql, () => void (rows += 1))
      return rows
    },
  }
}

/** A bare handle that appends and flushes. */
async function bare(size: number): Promise<() => void> {
  const root = await navigator.storage.getDirectory()
  const handle = await ((await root.getFileHandle('bench-bare', { create: true })) as any).createSyncAccessHandle()
  const bytes = new Uint8Array(size)
  let at = 0
  return () => {
    handle.write(bytes, { at })
    handle.flush()
    at += size
  }
}

/** Statements like those of SQLite's own speedtest1: inserts, an index, updates, joins, aggregates, deletes. */
const MIX = [
  'BEGIN',
  'CREATE TABLE m(a INTEGER, b INTEGER, c TEXT)',
  "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO m SELECT i, abs(i * 7919 % 20011), printf('the text of %d', i) FROM n",
  'CREATE INDEX mb ON m(b)',
  'COMMIT; BEGIN',
  'UPDATE m SET b = b * 2 WHERE a % 3 = 0',
  "UPDATE m SET c = c || ' and more' WHERE b BETWEEN 1000 AND 6000",
  'CREATE TABLE s AS SELECT c, count(*) AS n FROM m GROUP BY substr(c, -2) ORDER BY c',
  'SELECT count(*), avg(b), max(length(c)) FROM m WHERE b BETWEEN 500 AND 15000',
  'SELECT count(*) FROM m AS x JOIN m AS y ON y.b = x.a WHERE x.a < 5000',
  "SELECT count(*) FROM m WHERE c LIKE '%99%'",
  'DELETE FROM m WHERE a % 2 = 0',
  'DROP TABLE s; DROP TABLE m; COMMIT',
]

async function run(quick: boolean, tell: Tell): Promise<void> {
  const mine = (await ours()).wal
  const { byDefault, wal } = await official()
  const wa = await waSqlite()
  const all = { ours: mine, official: wal, wa }
  const best = (result: { official: number; wa: number }) => Math.min(result.official, result.wa)
  const rounds = quick ? 3 : 9
  let id = 1

  const append = await bare(4152)
  const single = quick ? 20 : 60
  const commits = await race(rounds, single, {
    ours: async () => {
      for (let n = 0; n < single; n++) await mine.insert((id += 1), 1)
    },
    bare: () => {
      for (let n = 0; n < single; n++) append()
    },
    byDefault: async () => {
      for (let n = 0; n < single; n++) await byDefault.insert((id += 1), 1)
    },
    official: async () => {
      for (let n = 0; n < single; n++) await wal.insert((id += 1), 1)
    },
  })
  tell({
    name: 'one-row durable commit / bare append and flush',
    ours: commits.ours * 1e3,
    theirs: commits.bare * 1e3,
    unit: 'µs',
  })
  tell({
    name: 'one-row durable commit / official, by default',
    ours: commits.ours * 1e3,
    theirs: commits.byDefault * 1e3,
    unit: 'µs',
  })
  tell({
    name: 'one-row durable commit / official, WAL',
    ours: commits.ours * 1e3,
    theirs: commits.official * 1e3,
    unit: 'µs',
  })

  const each = async (transactions: number, count: number) =>
    race(
      rounds,
      transactions,
      Object.fromEntries(
        Object.entries(all).map(([name, contender]) => [
          name,
          async () => {
            for (let n = 0; n < transactions; n++) {
              await contender.exec('BEGIN')
              await contender.insert((id += count), count)
              await contender.exec('COMMIT')
            }
          },
        ]),
      ) as Record<'ours' | 'official' | 'wa', () => Promise<void>>,
    )
  const hundred = await each(10, 100)
  tell({ name: '100-row transaction / the faster of two', ours: hundred.ours, theirs: best(hundred), unit: 'ms' })
  const bulk = await each(1, quick ? 10_000 : 100_000)
  tell({
    name: `${quick ? '10,000' : '100,000'} rows in one transaction / the faster of two`,
    ours: bulk.ours,
    theirs: best(bulk),
    unit: 'ms',
  })

  for (const contender of Object.values(all)) await contender.exec('DELETE FROM t')
  for (const contender of Object.values(all)) {
    await contender.exec('BEGIN')
    await contender.insert(1, 20_000)
    await contender.exec('COMMIT')
  }
  const keys = Array.from({ length: 10_000 }, (_, at) => ((at * 7919) % 20_000) + 1)
  const points = await race(rounds, 1, {
    ours: () => mine.points(keys),
    official: () => wal.points(keys),
    wa: () => wa.points(keys),
  })
  tell({ name: '10,000 point selects / the faster of two', ours: points.ours, theirs: best(points), unit: 'ms' })

  const scan = await race(rounds, 1, {
    ours: () => mine.all('SELECT id, name, value FROM t'),
    official: () => wal.all('SELECT id, name, value FROM t'),
    wa: () => wa.all('SELECT id, name, value FROM t'),
  })
  tell({ name: '20,000 rows read / the faster of two', ours: scan.ours, theirs: best(scan), unit: 'ms' })

  const mixed = async (contender: Contender) => {
    for (const sql of MIX) await (sql.startsWith('SELECT') ? contender.all(sql) : contender.exec(sql))
  }
  const mix = await race(quick ? 2 : 5, 1, { ours: () => mixed(mine), official: () => mixed(wal), wa: () => mixed(wa) })
  tell({ name: 'a mix as in speedtest1 / the faster of two', ours: mix.ours, theirs: best(mix), unit: 'ms' })
}

addEventListener('message', async (event: MessageEvent<{ quick: boolean }>) => {
  try {
    await run(event.data.quick, (row) => postMessage({ row }))
    postMessage({ done: true })
  } catch (error) {
    postMessage({ error: (error as Error).stack ?? String(error) })
  }
})
