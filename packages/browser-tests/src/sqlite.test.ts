import sqlite3InitModule, { type Sqlite3 } from 'sqlite-opfs'
import { assert, equal, fails, test } from './harness.js'

const wasm = '/packages/sqlite-opfs/dist/sqlite.wasm'
let loaded: Promise<Sqlite3> | undefined
const sqlite = () => (loaded ??= sqlite3InitModule({ wasm }))

test('a row that was written is there after reopening', async () => {
  const sqlite3 = await sqlite()
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: 'first', clearOnInit: true })
  const db = new pool.OpfsSAHPoolDb('/a.db')
  db.exec("CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'one'), (2, 'two')")
  equal(db.selectArrays('SELECT * FROM t'), [
    [1, 'one'],
    [2, 'two'],
  ])
  db.close()
  await pool.pauseVfs()
  await pool.unpauseVfs()
  const again = new sqlite3.oo1.DB('/a.db', 'r', 'first')
  equal(again.selectValue('SELECT b FROM t WHERE a = ?', 2), 'two')
  again.close()
  equal(await pool.removeVfs(), true)
})

test('the write-ahead log works with exclusive locking', async () => {
  const sqlite3 = await sqlite()
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: 'wal', clearOnInit: true })
  const db = new pool.OpfsSAHPoolDb('/w.db')
  equal(db.selectValue('PRAGMA locking_mode=EXCLUSIVE'), 'exclusive')
  equal(db.selectValue('PRAGMA journal_mode=WAL'), 'wal')
  db.exec('CREATE TABLE t(a)')
  const before = pool.metrics()
  db.exec('INSERT INTO t VALUES (1)')
  const after = pool.metrics()
  equal([after.writes - before.writes, after.flushes - before.flushes], [1, 1], 'one write and one flush for a commit')
  db.close()
  await pool.removeVfs()
})

test('errors have result codes', async () => {
  const sqlite3 = await sqlite()
  const db = new sqlite3.oo1.DB()
  db.exec('CREATE TABLE t(a UNIQUE); INSERT INTO t VALUES (1)')
  const error = await fails(() => db.exec('INSERT INTO t VALUES (1)'), /UNIQUE constraint failed: t.a/)
  assert(error instanceof sqlite3.SQLite3Error)
  equal(error.resultCode, sqlite3.capi.SQLITE_CONSTRAINT_UNIQUE)
  db.close()
})

test('a pool that is resumed twice at once is resumed', async () => {
  const sqlite3 = await sqlite()
  const pool = await sqlite3.installOpfsSAHPoolVfs({ name: 'twice', clearOnInit: true })
  await pool.pauseVfs()
  const [one, other] = [pool.unpauseVfs(), pool.unpauseVfs()]
  equal(
    [await one, await other].map((each) => each === pool),
    [true, true],
  )
  const db = new pool.OpfsSAHPoolDb('/a.db')
  db.exec('CREATE TABLE t(a)')
  db.close()
  const paused = pool.pauseVfs()
  await Promise.all([paused, pool.unpauseVfs()])
  await pool.unpauseVfs()
  equal([pool.isPaused(), pool.getFileNames()], [false, ['/a.db']])
  await pool.removeVfs()
})

test('texts that begin with U+FEFF come back as they were', async () => {
  const db = new (await sqlite()).oo1.DB()
  for (const text of ['\ufeff', '\ufeffa', 'a\ufeff', '\ufeff'.repeat(50)]) {
    equal([db.selectValue('SELECT ?', text), db.selectValue('SELECT length(?)', text)], [text, text.length])
    db.createFunction('same', (_: unknown, value: unknown) => value as string, { arity: 1 } as never)
    equal(db.selectValue('SELECT same(?)', text), text)
  }
  equal(db.selectValue("SELECT count(DISTINCT x) FROM (SELECT 'a' AS x UNION ALL SELECT ?)", '\ufeffa'), 2)
  db.close()
})
