import sqlite3InitModule, { type Sqlite3 } from 'sqlite-opfs'
import { assert, equal, fails, test } from './harness.js'

let loaded: Promise<Sqlite3> | undefined
const install = async (name: string, options = {}) =>
  (await (loaded ??= sqlite3InitModule({ wasm: '/packages/sqlite-opfs/dist/sqlite.wasm' }))).installOpfsSAHPoolVfs({
    name,
    clearOnInit: true,
    ...options,
  })

test('capacity is added, removed and kept', async () => {
  const pool = await install('capacity', { initialCapacity: 2 })
  equal(pool.getCapacity(), 2)
  equal(await pool.addCapacity(3), 5)
  equal(await pool.reduceCapacity(2), 2)
  equal(await pool.reserveMinimumCapacity(8), 8)
  await pool.pauseVfs()
  equal(pool.isPaused(), true)
  await pool.unpauseVfs()
  equal([pool.getCapacity(), pool.getFileCount()], [8, 0])
  await fails(() => pool.addCapacity(-1), /Not a number of slots/)
  await pool.removeVfs()
})

test('capacity grows ahead of need, and a full pool says what to do', async () => {
  const pool = await install('growing', { initialCapacity: 1 })
  const first = new pool.OpfsSAHPoolDb('/1.db')
  const error = await fails(
    () => new pool.OpfsSAHPoolDb('/2.db').exec('CREATE TABLE t(a)'),
    /add capacity, or delete files/,
  )
  assert((error as { resultCode: number }).resultCode > 0)
  for (let number = 2; number < 12; number++) {
    // A turn for the growth that opening the one before has begun.
    await pool.reserveMinimumCapacity(pool.getFileCount() + 2)
    const db = new pool.OpfsSAHPoolDb(`/${number}.db`)
    db.exec('CREATE TABLE t(a)')
    db.close()
  }
  first.close()
  assert(pool.getFileCount() >= 11)
  await pool.removeVfs()
})

test('a file that is open keeps the pool from being paused', async () => {
  const pool = await install('held-open')
  const db = new pool.OpfsSAHPoolDb('/a.db')
  db.exec('CREATE TABLE t(a)')
  await fails(() => pool.pauseVfs(), /opened files/)
  equal(db.selectValue('SELECT count(*) FROM t'), 0)
  db.close()
  await pool.removeVfs()
})

test('a slot with a damaged header is set aside, kept and recovered', async () => {
  const pool = await install('damaged', { verbosity: 0 })
  const db = new pool.OpfsSAHPoolDb('/precious.db')
  db.exec("CREATE TABLE t(a); INSERT INTO t VALUES ('kept')")
  db.close()
  await pool.pauseVfs()
  const root = await navigator.storage.getDirectory()
  const opaque = await (await root.getDirectoryHandle('.damaged')).getDirectoryHandle('.opaque')
  let spoilt = 0
  for await (const [, entry] of (opaque as any).entries()) {
    const handle = await entry.createSyncAccessHandle()
    if (handle.getSize() > 4096) {
      handle.write(new Uint8Array([9]), { at: 516 })
      spoilt += 1
    }
    handle.close()
  }
  equal(spoilt, 1)
  await pool.unpauseVfs()
  equal(pool.getFileNames(), [])
  const [aside, ...others] = pool.getSetAside()
  equal([others.length, aside!.path, aside!.reason], [0, '/precious.db', 'the digest of its header does not fit'])
  assert(aside!.size > 0)
  pool.adoptSetAside(aside!.slot, '/recovered.db')
  const again = new pool.OpfsSAHPoolDb('/recovered.db')
  equal(again.selectValue('SELECT a FROM t'), 'kept')
  again.close()
  equal(pool.getSetAside(), [])
  await pool.removeVfs()
})

test('databases are imported and exported in pieces, with progress and gzip', async () => {
  const pool = await install('streams')
  const db = new pool.OpfsSAHPoolDb('/a.db')
  db.exec(
    'CREATE TABLE t(a, b); WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t SELECT i, hex(randomblob(400)) FROM n',
  )
  const sum = db.selectValue('SELECT sum(length(b)) || count(*) FROM t')
  db.close()
  const plain = pool.exportFile('/a.db')
  assert(plain.length > 2 << 20)
  const progress: number[] = []
  const zipped = await new Response(
    pool.exportStream('/a.db', { gzip: true, onProgress: (done) => progress.push(done) }),
  ).blob()
  assert(zipped.size < plain.length && progress.length >= 3 && progress.at(-1) === plain.length)

  equal(await pool.importDb('/b.db', zipped), plain.length)
  equal(pool.importDb('/c.db', plain), plain.length)
  let at = 0
  const pull = () => (at < plain.length ? plain.subarray(at, (at += 100_000)) : undefined)
  equal(await pool.importDb('/d.db', pull), plain.length)
  for (const name of ['/b.db', '/c.db', '/d.db']) {
    const copy = new pool.OpfsSAHPoolDb(name, 'r')
    equal(copy.selectValue('SELECT sum(length(b)) || count(*) FROM t'), sum, name)
    copy.close()
  }

  await fails(() => pool.importDb('/b.db', new Uint8Array(1024)), /header/)
  await fails(() => pool.importDb('/b.db', new Blob([plain.subarray(0, 5000) as BlobPart])), /5000 is invalid/)
  await fails(
    () =>
      pool.importDb('/b.db', () => {
        throw new Error('the source broke')
      }),
    /the source broke/,
  )
  equal(pool.getFileNames().sort(), ['/a.db', '/b.db', '/c.db', '/d.db'])
  const kept = new pool.OpfsSAHPoolDb('/b.db', 'r')
  equal(kept.selectValue('SELECT sum(length(b)) || count(*) FROM t'), sum, 'a failed import changes nothing')
  kept.close()
  await pool.removeVfs()
})

test('a database in use is backed up and restored', async () => {
  const pool = await install('backups')
  const db = new pool.OpfsSAHPoolDb('/a.db')
  db.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL')
  db.exec(
    "CREATE TABLE t(a, b); WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO t SELECT i, 'a row of some length ' || i FROM n",
  )
  let writes = 0
  const stream = await pool.backup(db, {
    gzip: true,
    pages: 20,
    onProgress: () => {
      if (writes++ < 3) db.exec('INSERT INTO t VALUES (0, 0)')
    },
  })
  const copy = await new Response(stream).blob()
  assert(writes > 3)
  const rows = db.selectValue('SELECT count(*) FROM t')
  db.exec('DELETE FROM t')
  await pool.restore(db, copy)
  equal(db.selectValue('SELECT count(*) FROM t'), rows)
  equal(db.selectValue('PRAGMA integrity_check'), 'ok')
  equal(
    pool.getFileNames().filter((name) => !name.startsWith('/a.db')),
    [],
    'nothing is left over',
  )
  const { reads, flushes, cacheHits } = pool.metrics()
  assert(reads > 0 && flushes > 0 && cacheHits > 0)
  const storage = await pool.storage()
  assert(storage.quota > storage.usage)
  db.close()
  await pool.removeVfs()
})

test('a backup that fails leaves what was there', async () => {
  const pool = await install('failed-backup')
  const db = new pool.OpfsSAHPoolDb('/a.db')
  db.exec("CREATE TABLE t(a); INSERT INTO t VALUES ('one')")
  await pool.backup(db, { to: '/copy.db' })
  db.exec("INSERT INTO t VALUES ('two')")
  const broken = {
    pages: 1,
    onProgress: () => {
      throw new Error('enough')
    },
  }
  await fails(() => pool.backup(db, { to: '/copy.db', ...broken }), /enough/)
  await fails(() => pool.backup(db, { to: '/other.db', ...broken }), /enough/)
  await fails(() => pool.backup(db, broken), /enough/)
  equal(pool.getFileNames().sort(), ['/a.db', '/copy.db'])
  const copy = new pool.OpfsSAHPoolDb('/copy.db')
  equal(copy.selectValues('SELECT a FROM t'), ['one'])
  copy.close()
  db.close()
  await pool.removeVfs()
})

test('two pools live side by side', async () => {
  const [one, two] = [await install('side-1'), await install('side-2')]
  const [a, b] = [new one.OpfsSAHPoolDb('/x.db'), new two.OpfsSAHPoolDb('/x.db')]
  a.exec('CREATE TABLE a(x)')
  b.exec('CREATE TABLE b(x)')
  equal([a.selectValue('SELECT name FROM sqlite_schema'), b.selectValue('SELECT name FROM sqlite_schema')], ['a', 'b'])
  a.close()
  b.close()
  await one.removeVfs()
  await two.removeVfs()
})
