// What `node:sqlite` answers: `sqlite.txt` is what Node.js 22 prints (with a new directory /tmp/tarbox-sqlite-test).
const s = require('node:sqlite')
const t = (label, f) => {
  try {
    console.log(label, f())
  } catch (e) {
    console.log(label, e.name, e.code, e.errcode, e.errstr, e.message)
  }
}
t('nonew', () => s.DatabaseSync(':memory:'))
t('noarg', () => new s.DatabaseSync())
t('nul', () => new s.DatabaseSync('a\0b'))
t('opt', () => new s.DatabaseSync(':memory:', 1))
t('opt2', () => new s.DatabaseSync(':memory:', { open: 1 }))
t('opt3', () => new s.DatabaseSync(':memory:', { readOnly: 1 }))
t('opt4', () => new s.DatabaseSync(':memory:', { timeout: 'x' }))
t('opt5', () => new s.DatabaseSync(':memory:', { allowExtension: 1 }))
t('opt6', () => new s.DatabaseSync(':memory:', { enableForeignKeyConstraints: 1 }))
t('opt7', () => new s.DatabaseSync(':memory:', { readBigInts: 1 }))
t('missing', () => new s.DatabaseSync('/nope/x.db'))
t('stmt', () => new s.StatementSync())
const db = new s.DatabaseSync(':memory:')
t('open', () => db.open())
t('isOpen', () => db.isOpen)
t('isTr', () => db.isTransaction)
t('exec', () => db.exec('CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c, d BLOB) STRICT'))
t('exec2', () => db.exec('CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT, c ANY, d BLOB) STRICT'))
t('execbad', () => db.exec(1))
t('synt', () => db.exec('SELEC'))
t('prepbad', () => db.prepare(1))
t('prepempty', () => db.prepare(''))
t('prepempty2', () => {
  const e = db.prepare('-- hi')
  console.log(e.sourceSQL, e.expandedSQL)
  return e.run()
})
const ins = db.prepare('INSERT INTO t(a,b,c,d) VALUES (?, ?, ?, ?)')
t('run', () => ins.run(1, 'x', 1.5, new Uint8Array([1, 2])))
t('run2', () => ins.run(2n, null, 2n, Buffer.from('q')))
t('few', () => ins.run(3))
t('many', () => ins.run(4, 1, 2, 3, 4))
t('type', () => ins.run(5, 'a', Symbol('x'), null))
t('type2', () => ins.run(5, 'a', undefined, null))
t('type3', () => ins.run(5, 'a', true, null))
t('type4', () => ins.run(5, 'a', [], null))
t('type5', () => ins.run([5, 'a', 1, null]))
t('big', () => ins.run(2n ** 64n, 'a', 1, null))
t('dup', () => ins.run(1, 'x', 1.5, null))
t('all', () => db.prepare('SELECT * FROM t').all())
t('get', () => db.prepare('SELECT * FROM t WHERE a = $a').get({ a: 1 }))
t('get2', () => db.prepare('SELECT * FROM t WHERE a = $a').get({ $a: 99 }))
t('unk', () => db.prepare('SELECT * FROM t WHERE a = $a').get({ b: 1 }))
t('mix', () => db.prepare('SELECT $a AS x, ? AS y, :b AS z').get({ a: 1, b: 2 }, 7))
t('conf', () => db.prepare('SELECT $a AS x, @a AS y').get({ a: 1 }))
t('nobare', () => {
  const p = db.prepare('SELECT $a AS x')
  p.setAllowBareNamedParameters(false)
  return p.get({ a: 1 })
})
t('unkok', () => {
  const p = db.prepare('SELECT $a AS x')
  p.setAllowUnknownNamedParameters(true)
  return p.get({ z: 1 })
})
t('barearg', () => db.prepare('SELECT 1').setAllowBareNamedParameters())
t('bigarg', () => db.prepare('SELECT 1').setReadBigInts())
t('unkarg', () => db.prepare('SELECT 1').setAllowUnknownNamedParameters())
t('arrarg', () => db.prepare('SELECT 1').setReturnArrays())
t('types', () =>
  db
    .prepare('SELECT typeof(?) a, typeof(?) b, typeof(?) c, typeof(?) d, typeof(?) e')
    .get(1, 1n, 'x', null, new Uint8Array(0)),
)
t('long', () => db.prepare('SELECT 9007199254740993 AS x').get())
t('longbig', () => {
  const p = db.prepare('SELECT 9007199254740993 AS x, 1 AS y')
  p.setReadBigInts(true)
  return p.get()
})
t('runbig', () => {
  const p = db.prepare('INSERT INTO t(b) VALUES (1)')
  p.setReadBigInts(true)
  return p.run()
})
t('arr', () => {
  const p = db.prepare('SELECT 1 AS x, 2 AS x')
  p.setReturnArrays(true)
  return [p.get(), p.all()]
})
t('dupcol', () => db.prepare('SELECT 1 AS x, 2 AS x').all())
t('cols', () => db.prepare('SELECT a, b AS q, 1 + 1 FROM t').columns())
t('src', () => {
  const p = db.prepare('SELECT ? AS x')
  p.get(5)
  return [p.sourceSQL, p.expandedSQL]
})
t('iter', () => {
  const it = db.prepare('SELECT a FROM t').iterate()
  const r = it.next()
  console.log(r, it, Object.prototype.toString.call(it), typeof it.map, it[Symbol.toStringTag])
  return [...it]
})
t('iterret', () => {
  const it = db.prepare('SELECT a FROM t').iterate()
  it.next()
  console.log(it.return())
  return it.next()
})
t('fn', () => {
  db.function('dbl', (x) => x * 2)
  return db.prepare('SELECT dbl(21) AS r').get()
})
t('fnargs', () => db.prepare('SELECT dbl(1, 2) AS r').get())
t('fnopt', () => {
  db.function('va', { varargs: true, deterministic: true, useBigIntArguments: true }, (...x) =>
    x.map((v) => typeof v).join(),
  )
  return db.prepare("SELECT va(1, 'a', 2.5, NULL, x'00') AS r").get()
})
t('fnthrow', () => {
  db.function('thr', () => {
    throw new TypeError('mine')
  })
  return db.prepare('SELECT thr()').get()
})
t('fnobj', () => {
  db.function('obj', () => ({}))
  return db.prepare('SELECT obj()').get()
})
t('fnprom', () => {
  db.function('prom', async () => 1)
  return db.prepare('SELECT prom()').get()
})
t('fnbig', () => {
  db.function('bigr', () => 2n ** 70n)
  return db.prepare('SELECT bigr()').get()
})
t('fnbad', () => db.function(1, () => 1))
t('fnbad2', () => db.function('x'))
t('fnbad3', () => db.function('x', 1, () => 1))
t('fnbad4', () => db.function('x', { varargs: 1 }, () => 1))
t('fnbool', () => {
  db.function('b', () => true)
  return db.prepare('SELECT b()').get()
})
t('loc', () => [db.location(), new s.DatabaseSync('/tmp/tarbox-sqlite-test/x.db').location()])
t('loc2', () => db.location('nope'))
t('ext', () => db.loadExtension('x'))
t('ext2', () => db.enableLoadExtension(true))
t('tr', () => {
  db.exec('BEGIN')
  const r = db.isTransaction
  db.exec('ROLLBACK')
  return r
})
t('fk', () => db.prepare('PRAGMA foreign_keys').get())
t('dq', () => db.prepare('SELECT "nope"').get())
t('multi', () => db.prepare('SELECT 1; SELECT 2').all())
t('runsel', () => db.prepare('SELECT 1').run())
t('getins', () => db.prepare("INSERT INTO t(b) VALUES ('z') RETURNING a, b").get())
t('alldml', () => db.prepare("INSERT INTO t(b) VALUES ('z')").all())
t('nan', () => db.prepare('SELECT ? AS x').get(NaN))
t('inf', () => db.prepare('SELECT ? AS x').get(Infinity))
t('-0', () => Object.is(db.prepare('SELECT ? AS x').get(-0).x, -0))
const st = db.prepare('SELECT 1')
t('close', () => db.close())
t('close2', () => db.close())
t('after', () => db.exec('SELECT 1'))
t('after2', () => st.get())
t('after3', () => db.prepare('SELECT 1'))
t('after4', () => st.sourceSQL)
t('after5', () => db.isTransaction)
t('later', () => {
  const d = new s.DatabaseSync(':memory:', { open: false })
  const a = d.isOpen
  d.open()
  return [a, d.isOpen]
})
t('big2', () => {
  const d = new s.DatabaseSync(':memory:', { readBigInts: true, returnArrays: true })
  return d.prepare('SELECT 1').get()
})
t('bare3', () => {
  const d = new s.DatabaseSync(':memory:', { allowBareNamedParameters: false })
  return d.prepare('SELECT $a').get({ a: 1 })
})
t('ro', () => {
  const d = new s.DatabaseSync('/tmp/tarbox-sqlite-test/x.db', { readOnly: true })
  return d.exec('CREATE TABLE x(a)')
})
t('text', () => db.prepare)
t('buffer', () => new s.DatabaseSync(Buffer.from(':memory:')).location())
t('url', () => new s.DatabaseSync(new URL('file:///tmp/tarbox-sqlite-test/x.db')).location())
t('url2', () => new s.DatabaseSync(new URL('http://x/')).location())
t('attach', () => {
  const d = new s.DatabaseSync(':memory:')
  d.exec("ATTACH '/tmp/tarbox-sqlite-test/y.db' AS y; CREATE TABLE IF NOT EXISTS y.z(a)")
  return d.location('y')
})
