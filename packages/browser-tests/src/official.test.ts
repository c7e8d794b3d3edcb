/** Side by side with SQLite's own build: the same files, the same answers. */
import sqlite3InitModule, { type Sqlite3 } from 'sqlite-opfs'
import { assert, equal, fails, test } from './harness.js'
import { officialBuild } from './official-build.js'

let theirs: Promise<any> | undefined
let ours: Promise<Sqlite3> | undefined
const both = async () => ({
  theirs: await (theirs ??= officialBuild()),
  ours: await (ours ??= sqlite3InitModule({ wasm: '/packages/sqlite-opfs/dist/sqlite.wasm' })),
})

const directory = 'shared/pool'
const filled = (db: any) => {
  db.exec('CREATE TABLE t(a INTEGER PRIMARY KEY, b, c); CREATE INDEX i ON t(b)')
  db.exec(
    "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO t SELECT i, 'row ' || i, randomblob(100) FROM n",
  )
}
const looked = (db: any) => [
  db.selectValue('PRAGMA integrity_check'),
  db.selectValue('SELECT count(*) FROM t'),
  db.selectValue("SELECT a FROM t WHERE b = 'row 1234'"),
]
const expected = ['ok', 2000, 1234]

test('a pool written by the official build opens here', async () => {
  const { theirs, ours } = await both()
  const pool = await theirs.installOpfsSAHPoolVfs({ name: 'one', directory, clearOnInit: true })
  const db = new pool.OpfsSAHPoolDb('/d/ü.db')
  filled(db)
  db.close()
  const names = pool.getFileNames()
  const bytes = pool.exportFile(names[0])
  pool.pauseVfs()

  const here = await ours.installOpfsSAHPoolVfs({ name: 'one', directory })
  equal(here.getFileNames(), names)
  equal(here.getSetAside(), [])
  assert(here.exportFile(names[0]).length === bytes.length)
  const again = new here.OpfsSAHPoolDb('/d/ü.db')
  equal(looked(again), expected)
  again.exec("UPDATE t SET b = 'changed' WHERE a = 1")
  again.close()
  await here.pauseVfs()

  await pool.unpauseVfs()
  const back = new pool.OpfsSAHPoolDb('/d/ü.db')
  equal(looked(back), expected)
  equal(back.selectValue('SELECT b FROM t WHERE a = 1'), 'changed')
  back.close()
  await pool.removeVfs()
})

test('a pool written here opens in the official build, a log included', async () => {
  const { theirs, ours } = await both()
  const here = await ours.installOpfsSAHPoolVfs({
    name: 'two',
    directory: 'two',
    clearOnInit: true,
    initialCapacity: 3,
  })
  const db = new here.OpfsSAHPoolDb('/a.db')
  db.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL')
  filled(db)
  db.close()
  const other = new here.OpfsSAHPoolDb('/b.db')
  filled(other)
  other.close()
  const names = here.getFileNames()
  await here.pauseVfs()

  const pool = await theirs.installOpfsSAHPoolVfs({ name: 'two', directory: 'two' })
  equal(pool.getFileNames().sort(), names.sort())
  const one = new pool.OpfsSAHPoolDb('/a.db')
  one.exec('PRAGMA locking_mode=EXCLUSIVE')
  equal(looked(one), expected)
  one.close()
  const two = new pool.OpfsSAHPoolDb('/b.db')
  equal(looked(two), expected)
  two.close()
  await pool.removeVfs()
})

test('a journal the official build left hot is rolled back here', async () => {
  const { theirs, ours } = await both()
  const pool = await theirs.installOpfsSAHPoolVfs({ name: 'hot', directory: 'hot', clearOnInit: true })
  const db = new pool.OpfsSAHPoolDb('/a.db')
  db.exec('PRAGMA cache_size=10')
  filled(db)
  db.exec("BEGIN; UPDATE t SET b = 'never', c = randomblob(900)")
  // The files as they are now, in the middle of a transaction that spilled, go into a pool of our own.
  const files: [string, Uint8Array][] = pool.getFileNames().map((name: string) => [name, pool.exportFile(name)])
  db.exec('ROLLBACK')
  db.close()
  await pool.removeVfs()
  equal(files.map(([name]) => name).sort(), ['/a.db', '/a.db-journal'])

  const root = await navigator.storage.getDirectory()
  const opaque = await (await root.getDirectoryHandle('hot2', { create: true })).getDirectoryHandle('.opaque', {
    create: true,
  })
  const again = await theirs.installOpfsSAHPoolVfs({ name: 'hot2', directory: 'hot2' })
  const made = new again.OpfsSAHPoolDb('/a.db')
  made.exec('CREATE TABLE t(x)')
  again.importDb('/a.db-journal', files[0]![1])
  made.close()
  again.pauseVfs()
  let copied = 0
  for await (const [, entry] of (opaque as any).entries()) {
    const handle = await entry.createSyncAccessHandle()
    const header = new Uint8Array(16)
    handle.read(header, { at: 0 })
    const path = new TextDecoder().decode(header).replace(/\0.*/s, '')
    const file = files.find(([name]) => name === path)
    if (file) {
      handle.truncate(4096)
      handle.write(file[1], { at: 4096 })
      copied += 1
    }
    handle.flush()
    handle.close()
  }
  equal(copied, 2)
  const here = await ours.installOpfsSAHPoolVfs({ name: 'hot2', directory: 'hot2' })
  const recovered = new here.OpfsSAHPoolDb('/a.db')
  equal(looked(recovered), expected)
  equal(recovered.selectValue("SELECT count(*) FROM t WHERE b = 'never'"), 0)
  recovered.close()
  await here.removeVfs()
})

test('every constant is the official one', async () => {
  const { theirs, ours } = await both()
  let compared = 0
  for (const [name, value] of Object.entries(ours.capi)) {
    if (typeof value !== 'number' || typeof theirs.capi[name] !== 'number') continue
    if (name === 'SQLITE_TRANSIENT' || name === 'SQLITE_STATIC') continue
    equal(value, theirs.capi[name], name)
    compared += 1
  }
  assert(compared > 250, `only ${compared} were compared`)
})

test('functions have the official names, and the types that the C interface has', async () => {
  const { theirs, ours } = await both()
  const named = Object.keys(ours.capi).filter((name) => name.startsWith('sqlite3_'))
  // The official build leaves these out; they are SQLite's own, too.
  const more = ['db_cacheflush', 'db_release_memory', 'wal_autocheckpoint', 'wal_checkpoint_v2']
  const unknown = named.filter((name) => typeof theirs.capi[name] !== 'function')
  equal(unknown.map((name) => name.replace('sqlite3_', '')).sort(), more)
  assert(named.length > 120, `only ${named.length} were compared`)

  const { capi } = ours
  const db = new ours.oo1.DB(':memory:')
  const code: number = capi.sqlite3_limit(db, capi.SQLITE_LIMIT_LENGTH, -1)
  const text: string | null = capi.sqlite3_errstr(capi.SQLITE_BUSY)
  const rowid: bigint = capi.sqlite3_last_insert_rowid(db)
  equal([code > 0, text, rowid], [true, 'database is locked', 0n])
  // @ts-expect-error there is no such function
  equal(capi.sqlite3_lastinsertrowid, undefined)
  // @ts-expect-error nor does a database stand for a number
  capi.sqlite3_errstr(db)
  // @ts-expect-error and all of them are needed
  capi.sqlite3_limit(db)
  db.close()
})

/** Each is run with both, on a database of its own; what they give or throw has to be the same. */
const programs: Record<string, (db: any, sqlite3: any) => unknown> = {
  'exec without rows gives the connection': (db) => db.exec('CREATE TABLE x(a)') === db,
  'rows as arrays': (db) =>
    db.exec({ sql: "SELECT 1 AS a, 2.5 AS b, NULL AS c, 't' AS d", rowMode: 'array', returnValue: 'resultRows' }),
  'rows as objects': (db) => db.exec("SELECT 1 AS a, x'0102' AS b", { rowMode: 'object', returnValue: 'resultRows' }),
  'rows as one column by number': (db) => db.exec('VALUES (1, 2), (3, 4)', { rowMode: 1, returnValue: 'resultRows' }),
  'rows as one column by name': (db) => db.exec('SELECT 7 AS seven', { rowMode: '$seven', returnValue: 'resultRows' }),
  'a column that is not there': (db) => db.exec('SELECT 7 AS seven', { rowMode: '$eight', returnValue: 'resultRows' }),
  'rowMode alone gives rows': (db) => db.exec('VALUES (1), (2)', { rowMode: 0 }),
  'column names': (db) => {
    const columnNames: string[] = []
    db.exec('SELECT 1 AS a, 2 AS b WHERE 0', { columnNames, resultRows: [] })
    return columnNames
  },
  'a callback': (db) => {
    const seen: unknown[] = []
    db.exec({ sql: 'VALUES (1), (2), (3)', callback: (row: unknown[]) => void seen.push(row[0]) })
    return seen
  },
  'a callback that ends it': (db) => {
    const seen: unknown[] = []
    db.exec({ sql: 'VALUES (1), (2), (3)', callback: (row: unknown[]) => (seen.push(row[0]), seen.length < 2) })
    return seen
  },
  'a callback with the statement': (db) => {
    const seen: unknown[] = []
    db.exec({
      sql: 'VALUES (1, 2)',
      rowMode: 'stmt',
      callback: (stmt: any) => void seen.push(stmt.get(1), stmt.columnCount),
    })
    return seen
  },
  'saved SQL': (db) => db.exec('CREATE TABLE x(a); INSERT INTO x VALUES (1);', { returnValue: 'saveSql' }),
  'many statements, values for the first that takes any': (db) => {
    db.exec('CREATE TABLE x(a); INSERT INTO x VALUES (?)', { bind: [5] })
    return db.selectValue('SELECT a FROM x')
  },
  'SQL as an array and as bytes': (db) => [
    db.selectValue(['SELECT ', '1 + 1']),
    db.exec({ sql: new TextEncoder().encode('SELECT 3'), rowMode: 0, returnValue: 'resultRows' }),
  ],
  'values by name': (db) => db.selectArray('SELECT $a, :b, @c', { $a: 1, ':b': 'two', '@c': null }),
  'values of every kind': (db) =>
    db.selectArray('SELECT ?, ?, ?, ?, ?, ?, ?', [1, -1.5, 'ünï', null, true, new Uint8Array([1, 2]), 2n ** 60n]),
  'types of values': (db) =>
    db.selectArrays('SELECT typeof(?1), typeof(?2), typeof(?3)', [1, 1.5, 9_007_199_254_740_991]),
  'integers of 64 bits': (db) =>
    db.selectArray('SELECT 9223372036854775807, -9223372036854775808, 9007199254740991, 9007199254740992'),
  'an integer that is too big': (db) => db.selectValue('SELECT ?', 2n ** 64n),
  'select functions without rows': (db) => [
    db.selectValue('SELECT 1 WHERE 0'),
    db.selectArray('SELECT 1 WHERE 0'),
    db.selectObject('SELECT 1 WHERE 0'),
    db.selectArrays('SELECT 1 WHERE 0'),
    db.selectObjects('SELECT 1 WHERE 0'),
    db.selectValues('SELECT 1 WHERE 0'),
  ],
  selectObjects: (db) => db.selectObjects('SELECT column1 AS a, column2 AS b FROM (VALUES (1, 2), (3, 4))'),
  'selectValue of a type': (db, { capi }) => [
    db.selectValue("SELECT '12x'", undefined, capi.SQLITE_INTEGER),
    db.selectValue('SELECT 12', undefined, capi.SQLITE_TEXT),
  ],
  transactions: (db) => {
    db.exec('CREATE TABLE x(a)')
    const result = db.transaction((d: any) => (d.exec('INSERT INTO x VALUES (1)'), 'done'))
    try {
      db.transaction('IMMEDIATE', (d: any) => {
        d.exec('INSERT INTO x VALUES (2)')
        throw new Error('no')
      })
    } catch {}
    return [result, db.selectValues('SELECT a FROM x')]
  },
  savepoints: (db) => {
    db.exec('CREATE TABLE x(a); BEGIN')
    db.savepoint((d: any) => d.exec('INSERT INTO x VALUES (1)'))
    try {
      db.savepoint((d: any) => {
        d.exec('INSERT INTO x VALUES (2)')
        throw new Error('no')
      })
    } catch {}
    db.exec('COMMIT')
    return db.selectValues('SELECT a FROM x')
  },
  changes: (db) => {
    db.exec('CREATE TABLE x(a); INSERT INTO x VALUES (1), (2), (3); DELETE FROM x WHERE a = 1')
    return [db.changes(), db.changes(true), db.changes(false, true), db.changes(true, true)]
  },
  'a scalar function': (db) => {
    db.createFunction('twice', (_: number, a: number) => a * 2)
    db.createFunction({
      name: 'count_args',
      xFunc: (_: number, ...all: unknown[]) => all.length,
      arity: -1,
      deterministic: true,
    })
    return db.selectArray("SELECT twice(21), count_args(), count_args(1, 'b', x'00'), twice(NULL)")
  },
  'a function that gives everything': (db) => {
    const values = [null, undefined, 1, 1.5, 2n ** 60n, 'ü', new Uint8Array([7]), true]
    db.createFunction('give', (_: number, at: number) => values[at])
    return db.selectArray('SELECT give(0), give(1), give(2), give(3), give(4), give(5), give(6), give(7)')
  },
  'a function that throws': (db) => {
    db.createFunction('bad', () => {
      throw new Error('went wrong')
    })
    return db.selectValue('SELECT bad()')
  },
  'an aggregate': (db, { capi }) => {
    const sums = new Map<number, number>()
    db.createFunction('total_of', {
      xStep: (context: number, value: number) => {
        const at = capi.sqlite3_aggregate_context(context, 4)
        sums.set(at, (sums.get(at) ?? 0) + value)
      },
      xFinal: (context: number) => sums.get(capi.sqlite3_aggregate_context(context, 0)) ?? 0,
    })
    return db.selectArrays('SELECT column1 % 2, total_of(column1) FROM (VALUES (1), (2), (3), (4)) GROUP BY 1')
  },
  'a window function': (db, { capi }) => {
    const sums = new Map<number, number>()
    const add = (context: number, value: number) => {
      const at = capi.sqlite3_aggregate_context(context, 4)
      sums.set(at, (sums.get(at) ?? 0) + value)
    }
    db.createFunction('running', {
      xStep: (context: number, value: number) => add(context, value),
      xInverse: (context: number, value: number) => add(context, -value),
      xValue: (context: number) => sums.get(capi.sqlite3_aggregate_context(context, 0)) ?? 0,
      xFinal: (context: number) => sums.get(capi.sqlite3_aggregate_context(context, 0)) ?? 0,
    })
    return db.selectValues('SELECT running(column1) OVER (ROWS 1 PRECEDING) FROM (VALUES (1), (2), (3), (4))')
  },
  statements: (db) => {
    db.exec('CREATE TABLE x(a, b)')
    const insert = db.prepare('INSERT INTO x VALUES ($a, $b)')
    insert.bind({ $a: 1, $b: 'one' }).stepReset()
    insert.bind([2, 'two']).stepReset()
    insert.clearBindings().bind(1, 3).stepReset()
    const facts = [
      insert.parameterCount,
      insert.columnCount,
      insert.getParamIndex('$b'),
      insert.getParamName(1),
      insert.isReadOnly(),
    ]
    insert.finalize()
    const select = db.prepare('SELECT a, b FROM x ORDER BY a')
    const rows: unknown[] = []
    while (select.step())
      rows.push(
        select.get([]),
        select.get({}),
        select.get(0),
        select.getString(1),
        select.getInt(0),
        select.getFloat(0),
      )
    facts.push(select.getColumnNames(), select.getColumnName(1), select.columnCount)
    select.finalize()
    return [facts, rows, db.openStatementCount()]
  },
  'a statement that was finalized': (db) => {
    const stmt = db.prepare('SELECT 1')
    stmt.finalize()
    return stmt.step()
  },
  'get without a row': (db) => db.prepare('SELECT 1').get(0),
  'JSON and blobs': (db) => {
    const stmt = db.prepare('SELECT ?, ?')
    stmt.bindAsBlob(1, 'text as blob').bind(2, '{"a":[1]}').step()
    const result = [stmt.getBlob(0), stmt.getJSON(1)]
    stmt.finalize()
    return result
  },
  'an index out of range': (db) => db.prepare('SELECT ?').bind(2, 1),
  'a name that is no parameter': (db) => db.prepare('SELECT $a').bind({ $b: 1 }),
  'values for a statement without any': (db) => db.exec('SELECT 1', { bind: [1], resultRows: [] }).isOpen(),
  'empty SQL': (db) => db.prepare(' -- nothing'),
  'a syntax error': (db) => db.exec('SELEC 1'),
  'a missing table': (db) => db.selectValue('SELECT * FROM missing'),
  'a constraint': (db) => db.exec('CREATE TABLE x(a NOT NULL); INSERT INTO x VALUES (NULL)'),
  names: (db) => [db.dbName(), db.dbFilename(), db.filename, db.isOpen()],
  'a closed connection': (db) => {
    db.close()
    return [
      db.isOpen(),
      db.pointer,
      (() => {
        try {
          db.exec('SELECT 1')
        } catch (error) {
          return (error as Error).message
        }
        return ''
      })(),
    ]
  },
  'full-text search, JSON, R-trees, maths': (db) => {
    db.exec(
      "CREATE VIRTUAL TABLE f USING fts5(x); INSERT INTO f VALUES ('the quick fox'); CREATE VIRTUAL TABLE r USING rtree(id, a, b)",
    )
    return [
      db.selectValue("SELECT count(*) FROM f WHERE f MATCH 'quick'"),
      db.selectValue("SELECT json_extract('{\"a\":[1,2]}', '$.a[1]')"),
      db.selectValue('SELECT sqrt(16)'),
    ]
  },
  dates: (db) => [
    db.selectValue("SELECT date('2024-02-29', '+1 year')"),
    db.selectValue("SELECT strftime('%H:%M', 1700000000, 'unixepoch', 'localtime')"),
  ],
  'texts of every length and alphabet': (db) =>
    [0, 1, 39, 40, 41, 1000].flatMap((length) =>
      ['a', 'é', '日', '😀'].map((unit) => db.selectValue('SELECT ?', unit.repeat(length))),
    ),
  'more rows than a page': (db) => {
    const rows = db.selectArrays(
      "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i, 'text ' || i FROM n",
    )
    return [rows.length, rows[0], rows[9999], rows[19999]]
  },
  'rows larger than a page': (db) =>
    db
      .selectValues('SELECT length(x) FROM (SELECT randomblob(column1) AS x FROM (VALUES (100000), (5), (70000)))')
      .concat(
        db
          .selectArrays("SELECT printf('%.*c', column1, 'x') FROM (VALUES (70000), (3), (100000))")
          .map((row: any) => row[0].length),
      ),
}

const outcome = (program: (db: any, sqlite3: any) => unknown, sqlite3: any): unknown => {
  const db = new sqlite3.oo1.DB(':memory:')
  try {
    return { gave: program(db, sqlite3) }
  } catch (error) {
    assert(error instanceof sqlite3.SQLite3Error, `not an SQLite3Error: ${(error as Error).stack}`)
    return { threw: (error as { resultCode: number }).resultCode }
  } finally {
    db.close()
  }
}

for (const [name, program] of Object.entries(programs)) {
  test(`the same with both: ${name}`, async () => {
    const { theirs, ours } = await both()
    equal(outcome(program, ours), outcome(program, theirs))
  })
}

test('an official pool that is open gives a clear error here, or is waited for', async () => {
  const { theirs, ours } = await both()
  const pool = await theirs.installOpfsSAHPoolVfs({ name: 'held', directory: 'held', clearOnInit: true })
  await fails(() => ours.installOpfsSAHPoolVfs({ name: 'held', directory: 'held' }), /EBUSY.*another tab or worker/)
  const waiting = ours.installOpfsSAHPoolVfs({
    name: 'held',
    directory: 'held',
    wait: 60_000,
    forceReinitIfPreviouslyFailed: true,
  })
  pool.pauseVfs()
  await (await waiting).removeVfs()
})

/** How a browser says that there is no room: by an exception, or by a count that is too small, negative, or has lost its sign. */
const REFUSALS: Record<string, (fitting: () => number) => number> = {
  'an exception': () => {
    throw new DOMException('no room', 'QuotaExceededError')
  },
  'what fits': (fitting) => fitting(),
  nothing: () => 0,
  'a negative count': () => -1,
  'a count without its sign': () => 2 ** 64 - 1,
}

/** Files may grow by so many bytes together, until `restore`. */
function limited(room: number, refuse: (typeof REFUSALS)[string]) {
  const prototype = (globalThis as any).FileSystemSyncAccessHandle.prototype
  const { write, truncate } = prototype
  const state = { room, restore: () => Object.assign(prototype, { write, truncate }) }
  prototype.write = function (from: Uint8Array, options: { at: number }) {
    const grows = Math.max(0, options.at + from.byteLength - this.getSize())
    if (grows > state.room) {
      return refuse(() => {
        const fits = from.byteLength - grows + state.room
        state.room = 0
        return fits === 0 ? 0 : write.call(this, from.subarray(0, fits), options)
      })
    }
    state.room -= grows
    return write.call(this, from, options)
  }
  prototype.truncate = function (length: number) {
    const grows = length - this.getSize()
    if (grows > state.room) throw new DOMException('no room', 'QuotaExceededError')
    state.room -= grows
    return truncate.call(this, length)
  }
  return state
}

/** Fills a database until there is no room, and goes on; says what was possible. */
function filledUp(pool: any, refuse: (typeof REFUSALS)[string], pragmas: string): unknown[] {
  const name = '/full.db'
  let db = new pool.OpfsSAHPoolDb(name)
  db.exec(`${pragmas}; CREATE TABLE t(n INTEGER PRIMARY KEY, x); INSERT INTO t VALUES (0, 'first')`)
  const device = limited(300_000, refuse)
  const works = (sql: string) => {
    try {
      db.exec(sql)
      return true
    } catch {
      return false
    }
  }
  try {
    let rows = 1
    while (rows < 500 && works(`INSERT INTO t VALUES (${rows}, randomblob(5000))`)) rows += 1
    const count = () => db.selectValue('SELECT count(*) FROM t')
    const outcome: unknown[] = [rows > 10 && rows < 100, count() === rows, db.selectValue('PRAGMA integrity_check')]
    outcome.push(works(`BEGIN; INSERT INTO t SELECT n + 1000, randomblob(9000) FROM t; COMMIT`))
    if (!db.selectValue('SELECT 1') || (works('ROLLBACK'), count() !== rows))
      outcome.push('a transaction that failed has left something')
    // Room for a journal is enough to make more.
    device.room += 400_000
    outcome.push(works('DELETE FROM t WHERE n % 2'), count() === Math.ceil(rows / 2))
    outcome.push(works('VACUUM'), works("INSERT INTO t VALUES (9999, 'last')"), count() === Math.ceil(rows / 2) + 1)
    db.close()
    db = new pool.OpfsSAHPoolDb(name)
    return [
      ...outcome,
      db.selectValue('PRAGMA integrity_check'),
      count() === Math.ceil(rows / 2) + 1,
      db.selectValue('SELECT x FROM t WHERE n = 0'),
    ]
  } finally {
    device.restore()
    db.close()
  }
}

for (const [how, refuse] of Object.entries(REFUSALS)) {
  test(`a full device that answers with ${how} fails what needs room, and nothing else, with both`, async () => {
    const { theirs, ours } = await both()
    for (const journal of ['DELETE', 'TRUNCATE', 'PERSIST']) {
      for (const cache of [-2000, 5]) {
        const pragmas = `PRAGMA journal_mode=${journal}; PRAGMA cache_size=${cache}`
        const outcomes = []
        for (const sqlite3 of [theirs, ours]) {
          const pool = await sqlite3.installOpfsSAHPoolVfs({
            name: 'filled',
            directory: 'filled',
            clearOnInit: true,
            forceReinitIfPreviouslyFailed: true,
          })
          outcomes.push(filledUp(pool, refuse, pragmas))
          await pool.removeVfs()
        }
        equal(outcomes[1], [true, true, 'ok', false, true, true, true, true, true, 'ok', true, 'first'], pragmas)
        equal(outcomes[1], outcomes[0], `${pragmas}, beside the official build`)
      }
    }
  })
}

test('a database left in WAL mode opens as it is, and once it is switched back in the official build', async () => {
  const { theirs, ours } = await both()
  const here = await ours.installOpfsSAHPoolVfs({ name: 'left', directory: 'left', clearOnInit: true })
  const first = new here.OpfsSAHPoolDb('/w.db')
  first.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; CREATE TABLE t(a); INSERT INTO t VALUES ('one')")
  first.close()
  const [one, other] = [new here.OpfsSAHPoolDb('/w.db'), new here.OpfsSAHPoolDb('/w.db')]
  equal(one.selectValue('PRAGMA journal_mode'), 'wal')
  one.exec("INSERT INTO t VALUES ('two')")
  equal(other.selectValues('SELECT a FROM t'), ['one', 'two'])
  other.close()
  equal(one.selectValue('PRAGMA journal_mode=DELETE'), 'delete')
  one.close()
  await here.pauseVfs()
  const pool = await theirs.installOpfsSAHPoolVfs({ name: 'left', directory: 'left' })
  const db = new pool.OpfsSAHPoolDb('/w.db')
  equal(db.selectValues('SELECT a FROM t'), ['one', 'two'])
  db.close()
  await pool.removeVfs()
})
