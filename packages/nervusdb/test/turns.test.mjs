// Small steps and processes that take turns: every fact is there, whoever wrote it and however little at a time.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { PersistentStore, database, fact, fresh, sorted, texts } from '../testing/helpers.mjs'

const cli = fileURLToPath(new URL('../dist/cli.js', import.meta.url))
const nervusdb = (...args) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8' })

/** Lets another process work on a database; the code has it as `db`. */
function elsewhere(file, code = '') {
  const module = JSON.stringify(new URL('../dist/index.js', import.meta.url).href)
  const script = `import { NervusDB } from ${module}; const db = await NervusDB.open(${JSON.stringify(file)}); ${code}; await db.close();`
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

/** All eight kinds of patterns about a fact: found, counted, and bounded by what `explain` says. */
function assertFound(db, all, about, context) {
  for (let bound = 0; bound < 8; bound++) {
    const criteria = Object.fromEntries(Object.entries(fact(about)).filter((_, at) => (bound >> at) & 1))
    const matches = (text) => Object.entries(criteria).every(([key, value]) => fact(text)[key] === value)
    const expected = all.filter(matches).sort()
    const found = db.find(criteria)
    assert.deepEqual(sorted(found.all()), expected, `${context} ${JSON.stringify(criteria)}`)
    assert.equal(found.length, expected.length, `${context} ${JSON.stringify(criteria)}`)
    assert.ok(found.explain().estimate.upperBound >= expected.length, `${context} ${JSON.stringify(criteria)}`)
  }
}

for (const session of ['one session', 'a session each', 'a session each, none of them closed']) {
  test(`things in turn, a few facts at a time, in ${session}`, async () => {
    for (const atATime of [3, 5]) {
      const file = fresh()
      const all = []
      let db = await database(file)
      for (let n = 0; n < 30; n++) {
        const text = `thing${Math.floor(n / atATime) % 2} has part${n}`
        all.push(text)
        db.addFact(fact(text))
        // Once more what is there already.
        db.addFact(fact(all[n >> 1]))
        if (session === 'one session') await db.flush()
        else if (session === 'a session each') await db.close()
        else db[Symbol.dispose]()
        if (session !== 'one session') db = await database(file)
        if (n % 9 === 0) assertFound(db, all, all[n >> 1], `${atATime} at a time, fact ${n}:`)
      }
      assertFound(db, all, all[7], `${atATime} at a time:`)
      await db.close()
      assert.match(nervusdb('check', file).stdout, /check passed: 30 facts/)
    }
  })
}

test('who comes back to write leaves alone what another process has cleared away meanwhile', async () => {
  const file = fresh()
  const store = await PersistentStore.open(file)
  const all = Array.from({ length: 4000 }, (_, n) => `s${n % 50} p${n % 7} o${n}`)
  for (const text of all) store.addFact(fact(text))
  await store.flush()
  assert.equal(nervusdb('compact', file).status, 0)
  for (let n = 0; n < 16; n++) {
    const text = `s${n % 50} q r${n}`
    all.push(text)
    store.addFact(fact(text))
    await store.flush()
    // A merge is under way here. Who opens the database next removes what it has written so far.
    if (store.stats().isCompacting) elsewhere(file)
    assert.equal(store.stats().compactionFailed, false, `fact ${n}`)
  }
  assert.deepEqual(sorted(store.listFacts()), [...all].sort())
  await store.close()
  const checked = nervusdb('check', file)
  assert.match(checked.stdout, new RegExp(`check passed: ${all.length} facts`), checked.stderr)
  assert.deepEqual(sorted((await database(file)).listFacts()), all.sort())
})

test('a database whose tables overlap opens with every fact, and check, repair, export and stats work', async () => {
  const data = new URL('../../../crates/nervusdb/tests/data/', import.meta.url)
  const lines = readFileSync(new URL('overlapping-facts.tsv', data), 'utf8').trimEnd().split('\n')
  const expected = lines.map((line) => line.split('\t').join(' ')).sort()
  const overlapping = () => {
    const file = fresh()
    cpSync(new URL('overlapping/', data), `${file}.pages`, { recursive: true })
    writeFileSync(
      file,
      Buffer.concat([Buffer.from('NERVUSDB'), Buffer.from(Uint32Array.of(1, 2).buffer), Buffer.from('{}')]),
    )
    return file
  }
  let file = overlapping()
  const db = await database(file)
  assert.deepEqual(texts(db.listFacts()).sort(), expected)
  db.addFact({ subject: 'one', predicate: 'fact', object: 'more' })
  await db.close()
  assert.match(nervusdb('check', file).stderr, /the index of properties does not fit/)

  file = overlapping()
  const checked = nervusdb('check', file)
  assert.equal(checked.status, 2)
  assert.match(checked.stdout + checked.stderr, /tables of one level overlap/)
  assert.match(nervusdb('stats', file).stdout, new RegExp(`${expected.length}`))
  const exported = nervusdb('export', file, '--format=jsonl').stdout
  assert.equal(exported.trimEnd().split('\n').length, expected.length)

  file = overlapping()
  assert.equal(nervusdb('repair', file).status, 0)
  assert.match(nervusdb('check', file).stdout, new RegExp(`check passed: ${expected.length} facts`))
  assert.deepEqual(texts((await database(file)).listFacts()).sort(), expected)
})
