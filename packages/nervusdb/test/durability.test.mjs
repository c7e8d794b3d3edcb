// Batches, snapshots, locks, readers beside a writer, crashes.
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { NervusDB, database, fact, fresh, graph, sorted, texts } from '../testing/helpers.mjs'

const here = import.meta.dirname
const env = { ...process.env }

/** Runs a program in another process; its output. */
const elsewhere = (program) =>
  execFileSync(process.execPath, ['--input-type=module', '-e', `import { NervusDB } from 'nervusdb'; ${program}`], {
    cwd: here,
    env,
    encoding: 'utf8',
  })

/** A process that runs a program and is killed when it says so. */
async function killed(program) {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', `import { NervusDB } from 'nervusdb'; ${program}`],
    {
      cwd: here,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let said = ''
  for await (const chunk of child.stdout) {
    said += chunk
    if (said.includes('now')) child.kill('SIGKILL')
  }
  return said
}

test('a batch is invisible until it is committed, except for ids and staged properties', async () => {
  const db = await graph('a knows b')
  db.beginBatch()
  const record = db.addFact(fact('a knows c'), { subjectProperties: { n: 1, labels: ['L'] }, edgeProperties: { w: 1 } })
  db.deleteFact(fact('a knows b'))
  assert.deepEqual(texts(db.listFacts()), ['a knows b'])
  assert.equal(db.getNodeId('c'), record.objectId)
  assert.deepEqual(db.getNodeProperties(record.subjectId), { n: 1, labels: ['L'] })
  assert.deepEqual(db.getEdgeProperties(record), { w: 1 })
  assert.deepEqual(record.subjectProperties, { n: 1, labels: ['L'] })
  assert.equal(db.find({ subject: 'a' }).all()[0].subjectProperties, undefined)
  assert.equal(db.findByLabel('L').length, 0)
  db.commitBatch()
  assert.deepEqual(texts(db.listFacts()), ['a knows c'])
  assert.equal(db.findByLabel('L').length, 1, 'labels match from the commit on')
  assert.equal(db.findByNodeProperty({ propertyName: 'n', value: 1 }).length, 1)
})

test('the order of the calls in a batch counts', async () => {
  const path = fresh()
  let db = await database(path)
  db.addFact(fact('x x x'))
  db.beginBatch()
  db.addFact(fact('a b c'))
  db.deleteFact(fact('a b c'))
  db.deleteFact(fact('x x x'))
  db.addFact(fact('x x x'))
  db.commitBatch()
  assert.deepEqual(texts(db.listFacts()), ['x x x'])
  await db.close()
  db = await database(path)
  assert.deepEqual(texts(db.listFacts()), ['x x x'])
  await db.close()
})

test('batches nest: an inner commit is for good, an inner abort is its own', async () => {
  const db = await graph()
  db.beginBatch()
  db.addFact(fact('outer is lost'))
  db.beginBatch()
  db.addFact(fact('inner is kept'))
  db.commitBatch({ durable: true })
  db.beginBatch()
  db.addFact(fact('inner is lost'))
  db.abortBatch()
  assert.deepEqual(texts(db.listFacts()), ['inner is kept'])
  db.abortBatch()
  assert.deepEqual(texts(db.listFacts()), ['inner is kept'])
  db.commitBatch()
  db.abortBatch()
})

test('abort undoes properties', async () => {
  const db = await graph('a knows b')
  db.setNodeProperties(0, { n: 1 })
  db.beginBatch()
  db.setNodeProperties(0, { n: 2 })
  db.beginBatch()
  db.setNodeProperties(0, { n: 3 })
  assert.deepEqual(db.getNodeProperties(0), { n: 3 })
  db.abortBatch()
  assert.deepEqual(db.getNodeProperties(0), { n: 2 })
  db.abortBatch()
  assert.deepEqual(db.getNodeProperties(0), { n: 1 })
})

test('of several batches with one transaction id the first counts', async () => {
  const path = fresh()
  let db = await database(path)
  const run = (id, text) => {
    db.beginBatch({ txId: id, sessionId: 's' })
    db.addFact(fact(text))
    db.commitBatch()
  }
  run('1', 'a a a')
  run('1', 'b b b')
  run('', 'c c c')
  run('ünï', 'd d d')
  db.beginBatch({ txId: '2' })
  db.abortBatch()
  run('2', 'e e e')
  assert.deepEqual(sorted(db.listFacts()), ['a a a', 'c c c', 'd d d', 'e e e'])
  await db.flush()
  run('1', 'f f f')
  assert.equal(db.find({ subject: 'f' }).length, 1, 'by default ids are remembered as long as the log lives')
  await db.close()

  db = await database(path, { enablePersistentTxDedupe: true, maxRememberTxIds: 100 })
  run('kept', 'g g g')
  await db.close()
  db = await database(path, { enablePersistentTxDedupe: true, maxRememberTxIds: 100 })
  run('kept', 'h h h')
  assert.equal(db.find({ subject: 'h' }).length, 0)
  await db.close()
})

test('a snapshot stays as it is', async () => {
  const db = await graph('a knows b', 'b knows c')
  db.setNodeProperties(0, { n: 1 })
  const result = await db.withSnapshot(async (snap) => {
    assert.equal(snap, db)
    db.addFact(fact('a knows z'))
    db.deleteFact(fact('a knows b'))
    db.setNodeProperties(0, { n: 2 })
    await db.flush()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(sorted(snap.listFacts()), ['a knows b', 'b knows c'])
    assert.deepEqual(sorted(snap.find({ subject: 'a' }, { anchor: 'object' }).follow('knows').all()), ['b knows c'])
    assert.deepEqual(snap.getNodeProperties(0), { n: 1 })
    assert.equal(snap.findByNodeProperty({ propertyName: 'n', value: 1 }).length, 1)
    assert.equal(snap.find({}).explain().pinned, true)
    const nested = await snap.snapshot((inner) => inner.listFacts().length)
    assert.equal(nested, 2)
    return snap.find({ subject: 'a' })
  })
  assert.deepEqual(texts(result.all()), ['a knows b'], 'facts of a query made within are fixed')
  assert.deepEqual(sorted(db.listFacts()), ['a knows z', 'b knows c'])
  assert.equal(await db.withSnapshot(() => 7), 7)
  await assert.rejects(
    db.withSnapshot(() => {
      throw new Error('mine')
    }),
    /mine/,
  )
})

test('several snapshots at once, and code outside sees none of them', async () => {
  const db = await graph('a a a')
  let release
  const gate = new Promise((resolve) => (release = resolve))
  const first = db.withSnapshot(async () => {
    await gate
    return db.listFacts().length
  })
  db.addFact(fact('b b b'))
  const second = db.withSnapshot(async () => {
    await gate
    return db.listFacts().length
  })
  db.addFact(fact('c c c'))
  assert.equal(db.listFacts().length, 3)
  release()
  assert.deepEqual(await Promise.all([first, second]), [1, 2])
})

test('a snapshot survives flushes and compaction', async () => {
  const db = await database(fresh())
  const facts = (from) =>
    Array.from({ length: 20_000 }, (_, n) => ({
      subject: `s${(n + from) % 997}`,
      predicate: 'p',
      object: `o${n + from}`,
    }))
  db.addFacts(facts(0))
  await db.withSnapshot(async () => {
    for (let round = 1; round < 6; round++) {
      db.addFacts(facts(round * 20_000))
      await db.flush()
    }
    assert.equal(db.find({}).length, 20_000)
    assert.equal(db.listFacts().length, 20_000)
  })
  assert.equal(db.find({}).length, 120_000)
  await db.close()
})

test('closing', async () => {
  const db = await NervusDB.open(fresh())
  db.beginBatch()
  db.addFact(fact('never is committed'))
  await db.close()
  await db.close()
  await db.flush()
  for (const call of [
    () => db.addFact(fact('a b c')),
    () => db.listFacts(),
    () => db.find({}).all(),
    () => db.beginBatch(),
    () => db.getNodeId('a'),
  ]) {
    assert.throws(call, { code: 'CLOSED' })
  }
  await assert.rejects(
    db.withSnapshot(() => 1),
    { code: 'CLOSED' },
  )
})

test('symbols dispose', async () => {
  const path = fresh()
  const db = await NervusDB.open(path)
  db.addFact(fact('a b c'))
  db[Symbol.dispose]()
  const again = await NervusDB.open(path)
  assert.equal(again.find({}).length, 1)
  await again[Symbol.asyncDispose]()
})

test('memory databases are separate and leave nothing', async () => {
  const [one, two] = [await database(), await database()]
  one.addFact(fact('a b c'))
  assert.equal(two.listFacts().length, 0)
  await one.flush()
  assert.equal(fs.existsSync(':memory:'), false)
})

test('what cannot be opened says why, and leaves nothing behind', async () => {
  const parent = path.dirname(fresh())
  await assert.rejects(NervusDB.open(path.join(parent, 'missing', 'x.db')), { code: 'ENOENT' })
  await assert.rejects(NervusDB.open(parent), { code: 'EISDIR' })
  const write = (name, bytes) => {
    fs.writeFileSync(path.join(parent, name), bytes)
    return path.join(parent, name)
  }
  await assert.rejects(NervusDB.open(write('short', 'NERV')), { code: 'NOT_A_DATABASE' })
  await assert.rejects(NervusDB.open(write('other', 'something else entirely')), { code: 'NOT_A_DATABASE' })
  const newer = Buffer.alloc(18)
  newer.write('NERVUSDB')
  newer.writeUInt32LE(99, 8)
  await assert.rejects(NervusDB.open(write('newer', newer)), { code: 'VERSION' })
  await assert.rejects(NervusDB.open(path.join(parent, 'x'), { mustExist: true }), { code: 'NOT_FOUND' })
  await assert.rejects(NervusDB.open(7), TypeError)
  assert.deepEqual(fs.readdirSync(parent).sort(), ['newer', 'other', 'short'])
})

test('a damaged page is told, with what to do', async () => {
  const file = fresh()
  const db = await NervusDB.open(file)
  db.addFacts(Array.from({ length: 5_000 }, (_, n) => ({ subject: `s${n}`, predicate: 'p', object: `o${n}` })))
  await db.close()
  const pages = `${file}.pages`
  const table = fs
    .readdirSync(pages)
    .filter((name) => name.endsWith('.table'))
    .sort()[0]
  const bytes = fs.readFileSync(path.join(pages, table))
  bytes[200] ^= 0xff
  fs.writeFileSync(path.join(pages, table), bytes)
  const again = await NervusDB.open(file)
  assert.throws(() => again.listFacts(), { code: 'CORRUPT', message: /repair/ })
  await again.close()
})

test('where the data go can be chosen, and is remembered', async () => {
  const file = fresh()
  const chosen = path.join(path.dirname(file), 'elsewhere')
  let db = await database(file, { indexDirectory: chosen })
  db.addFact(fact('a b c'))
  await db.close()
  assert.ok(fs.existsSync(path.join(chosen, 'manifest-0')))
  db = await database(file)
  assert.equal(db.listFacts().length, 1)
  await db.close()
})

test('options of other versions change nothing', async () => {
  const file = fresh()
  for (const options of [
    { pageSize: 1 },
    { rebuildIndexes: true },
    { compression: { codec: 'brotli', level: 4 } },
    { stagingMode: 'lsm-lite' },
  ]) {
    const db = await database(file, options)
    db.addFact({ subject: JSON.stringify(options), predicate: 'p', object: 'o' })
    assert.ok(db.getStagingMetrics().lsmMemtable >= 0)
    await db.close()
  }
  const db = await database(file)
  assert.equal(db.listFacts().length, 4)
  await db.close()
})

test('the lock keeps a second locking writer out', async () => {
  const before = listeners()
  const file = fresh()
  const db = await database(file, { enableLock: true })
  assert.match(fs.readdirSync(`${file}.lock`)[0], new RegExp(`^${process.pid}-`), 'it says whose it is')
  await assert.rejects(NervusDB.open(file, { enableLock: true }), { code: 'LOCKED', message: /lock/i })
  const said = elsewhere(
    `await NervusDB.open(${JSON.stringify(file)}, { enableLock: true }).catch((e) => console.log(e.code, e.message));`,
  )
  assert.match(said, /^LOCKED .*graph\.db\.lock/)
  db.addFact(fact('a b c'))
  const reader = await NervusDB.open(file)
  assert.equal(reader.listFacts().length, 1, 'a reader opens without the lock')
  await reader.close()
  await db.close()
  assert.equal(fs.existsSync(`${file}.lock`), false)
  const next = await database(file, { enableLock: true })
  await next.close()
  assert.deepEqual(listeners(), before, 'no listener stays')
})
const listeners = () => ['exit', 'SIGINT', 'SIGTERM'].map((name) => process.listenerCount(name))

test('a second writing process is told who writes', async () => {
  const file = fresh()
  const db = await database(file)
  db.addFact(fact('a b c'))
  const program = `
        const db = await NervusDB.open(${JSON.stringify(file)});
        console.log(db.listFacts().length);
        try { db.addFact({ subject: 'x', predicate: 'y', object: 'z' }); console.log('wrote'); } catch (e) { console.log(e.code, e.message); }
        await db.close();
    `
  assert.match(
    elsewhere(program),
    new RegExp(`^1\nLOCKED .*process ${process.pid}`),
    'it reads what was committed, and may not write',
  )
  await db.flush()
  assert.equal(elsewhere(program), '1\nwrote\n', 'after a flush another may write')
  db.addFact(fact('d e f'))
  assert.equal(db.listFacts().length, 3, 'and what it wrote is seen before the next write')
  await db.close()
})

test('two that opened one path in one process share it', async () => {
  const file = fresh()
  const [one, two] = [await database(file), await database(file)]
  one.addFact(fact('a a a'))
  two.addFact(fact('b b b'))
  assert.equal(one.listFacts().length, 2)
  await one.close()
  two.addFact(fact('c c c'))
  await two.close()
  const db = await database(file)
  assert.equal(db.listFacts().length, 3)
  await db.close()
})

test('the lock goes with the process, and a dead one is taken over', async () => {
  const file = fresh()
  const program = (end) => `
        const db = await NervusDB.open(${JSON.stringify(file)}, { enableLock: true });
        db.addFact({ subject: 'a', predicate: 'b', object: '${end.length}' });
        ${end}
    `
  elsewhere(program('process.exit(0);'))
  assert.equal(fs.existsSync(`${file}.lock`), false, 'a normal exit')
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { NervusDB } from 'nervusdb'; ${program("console.log('up'); setInterval(() => {}, 1e6);")}`,
    ],
    { cwd: here, env },
  )
  await new Promise((resolve) => child.stdout.once('data', resolve))
  assert.ok(fs.existsSync(`${file}.lock`))
  child.kill('SIGTERM')
  const code = await new Promise((resolve) => child.once('exit', resolve))
  assert.deepEqual([code, fs.existsSync(`${file}.lock`)], [143, false])
  await killed(program("console.log('now'); setInterval(() => {}, 1e6);"))
  assert.ok(fs.existsSync(`${file}.lock`), 'SIGKILL leaves it')
  const db = await database(file, { enableLock: true })
  assert.equal(db.listFacts().length, 3)
  await db.close()
})

test('a killed process loses nothing that was committed', async () => {
  const rounds = process.env.TARBOX_LONG ? 100 : 10
  const file = fresh()
  let expected = 0
  for (let round = 0; round < rounds; round++) {
    const said = await killed(`
            const db = await NervusDB.open(${JSON.stringify(file)});
            db.beginBatch();
            db.addFact({ subject: 'open', predicate: 'batch', object: '${round}' });
            for (let n = 0; ; n++) {
                db.beginBatch({ txId: '${round}-' + n });
                for (let i = 0; i < 50; i++) db.addFact({ subject: 's${round}', predicate: 'p' + (n % 3), object: n + '-' + i });
                db.commitBatch({ durable: n % 7 === 0 });
                if (n % 200 === 199) await db.flush();
                console.log(n);
                if (n === ${60 + ((round * 61) % 300)}) console.log('now');
            }
        `)
    const acknowledged = Math.max(
      ...said
        .split('\n')
        .filter((line) => /^\d+$/.test(line))
        .map(Number),
    )
    const db = await database(file)
    const found = db.find({ subject: `s${round}` }).length
    assert.equal(found % 50, 0, 'batches are whole')
    assert.ok(found / 50 >= acknowledged + 1, `round ${round}: ${found / 50} batches of ${acknowledged + 1}`)
    assert.equal(db.find({ subject: 'open' }).length, 0)
    expected += found
    assert.equal(db.find({}).length, expected)
    await db.close()
  }
})

test('a torn log is read up to its last whole record', async () => {
  const file = fresh()
  const said = await killed(`
        const db = await NervusDB.open(${JSON.stringify(file)});
        for (const object of ['1', '2', '3']) db.addFact({ subject: 'a', predicate: 'b', object });
        console.log('now'); setInterval(() => {}, 1e6);
    `)
  assert.match(said, /now/)
  const log = path.join(
    `${file}.pages`,
    fs.readdirSync(`${file}.pages`).find((name) => name.endsWith('.log')),
  )
  fs.truncateSync(log, fs.statSync(log).size - 3)
  const db = await database(file)
  assert.deepEqual(texts(db.listFacts()), ['a b 1', 'a b 2'])
  await db.close()
})

test('a full device fails the write, and loses nothing', async () => {
  const file = fresh()
  const db = await database(file)
  db.addFact(fact('a b c'))
  const original = fs.writeSync
  const { default: live } = await import('node:fs')
  live.writeSync = () => {
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  }
  try {
    const { syncBuiltinESMExports } = await import('node:module')
    syncBuiltinESMExports()
    assert.throws(() => db.addFact(fact('d e f')), { code: 'ENOSPC' })
    db.beginBatch()
    db.addFact(fact('g h i'))
    assert.throws(() => db.commitBatch(), { code: 'ENOSPC' })
    live.writeSync = original
    syncBuiltinESMExports()
    db.commitBatch()
  } finally {
    live.writeSync = original
  }
  assert.deepEqual(sorted(db.listFacts()), ['a b c', 'g h i'])
  await db.close()
  const again = await database(file)
  assert.deepEqual(sorted(again.listFacts()), ['a b c', 'g h i'])
  await again.close()
})
