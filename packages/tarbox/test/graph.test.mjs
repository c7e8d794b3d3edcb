/** A graph of the package nervusdb among the files of a workspace. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NervusDB } from 'nervusdb'
import { openSync } from 'tarbox/sync'

async function workspace(t) {
  const fs = await openSync()
  t.after(() => fs.close())
  return fs
}

const knows = (subject, object) => ({ subject, predicate: 'knows', object })
const all = (db) => db.listFacts().map(({ subject, object }) => `${subject} ${object}`)

for (const useWasm of [true, false]) {
  const kind = useWasm ? 'WebAssembly' : 'JavaScript'

  test(`${kind}: facts are there after reopening, in files of the workspace`, async (t) => {
    const fs = await workspace(t)
    let db = await NervusDB.open('/people', { fs, useWasm })
    db.addFact(knows('alice', 'bob'), { subjectProperties: { age: 42, labels: ['Person'] } })
    for (let round = 0; round < 3; round++) {
      db.addFacts(Array.from({ length: 5_000 }, (_, n) => knows(`s${n % 100}`, `o${round} ${n}`)))
      await db.flush()
    }
    await db.close()
    assert.ok(fs.existsSync('/people'))
    assert.ok(!fs.existsSync('/people.pages/writer'))
    db = await NervusDB.open('/people', { fs, useWasm })
    assert.equal(db.find({}).length, 15_001)
    assert.deepEqual(db.findByLabel('Person').all()[0]?.subjectProperties, { age: 42, labels: ['Person'] })
    await db.close()
  })
}

test('a switch of layers takes facts and files back together', async (t) => {
  const fs = await workspace(t)
  for (const name of ['first', 'second']) {
    const db = await NervusDB.open('/people', { fs })
    db.addFact(knows('alice', name))
    await db.close()
    fs.writeFileSync('/note', name)
    fs.writeFileSync('/.tarbox/layers/new', name)
  }
  const state = async (path) => {
    const db = await NervusDB.open(path, { fs })
    const facts = all(db)
    await db.close()
    return facts
  }
  assert.deepEqual(await state('/.tarbox/snapshots/first/people'), ['alice first'])
  fs.writeFileSync('/.tarbox/layers/switch', 'first')
  assert.equal(fs.readFileSync('/note', 'utf8'), 'first')
  const past = await NervusDB.open('/people', { fs })
  assert.deepEqual(all(past), ['alice first'])
  assert.throws(() => past.addFact(knows('alice', 'nobody')), { code: 'EROFS', message: /past layer/ })
  await past.close()
  fs.writeFileSync('/.tarbox/layers/switch', 'head')
  assert.deepEqual(await state('/people'), ['alice first', 'alice second'])
})

test('one user at a time has it open, and who is no file system is told', async (t) => {
  const fs = await workspace(t)
  const db = await NervusDB.open('/people', { fs })
  await assert.rejects(NervusDB.open('/people', { fs }), { code: 'LOCKED', message: /people\.pages\/writer/ })
  await db.close()
  await (await NervusDB.open('/people', { fs })).close()
  await assert.rejects(NervusDB.open('/none', { fs, mustExist: true }), { code: 'NOT_FOUND' })
  await assert.rejects(NervusDB.open('/people', { fs: {} }), { code: 'INVALID_ARGUMENT', message: /openSync/ })
  fs.writeFileSync('/file', 'something else, and longer than a header')
  await assert.rejects(NervusDB.open('/file', { fs }), { code: 'NOT_A_DATABASE' })
})
