import type { NervusDB as Database } from 'nervusdb'
import { equal, fails, test } from './harness.js'

// As it is shipped: the module lies beside the bundle.
const entry = '/packages/nervusdb/dist/browser.js'
const open: (typeof import('nervusdb'))['NervusDB']['open'] = async (path, options) => {
  const { NervusDB } = (await import(entry)) as typeof import('nervusdb')
  return NervusDB.open(path, options)
}

const fact = (subject: string, object: string) => ({ subject, predicate: 'knows', object })

async function fresh(name: string): Promise<string> {
  const root = await navigator.storage.getDirectory()
  await root.removeEntry(`${name}.pages`, { recursive: true }).catch(() => {})
  return name
}

for (const useWasm of [true, false]) {
  const kind = useWasm ? 'WebAssembly' : 'JavaScript'

  test(`${kind}: facts and properties are there after reopening`, async () => {
    const path = await fresh(`graph-${kind}`)
    let db: Database = await open(path, { useWasm })
    db.addFact(fact('älice', 'bob'), { subjectProperties: { age: 42, labels: ['Person'] } })
    db.addFact(fact('bob', 'carol'))
    equal(db.find({ subject: 'älice' }, { anchor: 'object' }).follow('knows').all().map(({ object }) => object), ['carol'])
    await db.close()
    db = await open(path, { useWasm: !useWasm })
    equal(db.findByLabel('Person').all()[0]?.subjectProperties, { age: 42, labels: ['Person'] })
    await db.close()
  })

  test(`${kind}: many facts, flushed and merged`, async () => {
    const path = await fresh(`many-${kind}`)
    let db: Database = await open(path, { useWasm })
    for (let round = 0; round < 6; round++) {
      db.addFacts(Array.from({ length: 20_000 }, (_, n) => ({ subject: `s${n % 100}`, predicate: `p${round}`, object: `o${n}` })))
      await db.flush()
    }
    db.deleteFact({ subject: 's0', predicate: 'p0', object: 'o0' })
    equal(db.find({}).length, 119_999)
    equal(await db.withSnapshot(async () => db.find({ subject: 's1' }).length), 1_200)
    await db.close()
    db = await open(path, { useWasm })
    equal(db.find({}).length, 119_999)
    await db.close()
  })
}

test('what was committed survives a handle that was never closed', async () => {
  const path = await fresh('dropped')
  const db = await open(path)
  db.beginBatch({ txId: 'one' })
  db.addFact(fact('a', 'b'))
  db.commitBatch({ durable: true })
  db[Symbol.dispose]()
  const again = await open(path)
  equal(again.listFacts().length, 1)
  await again.close()
})

test('one path is open once', async () => {
  const path = await fresh('once')
  const db = await open(path)
  await fails(() => open(path), /LOCKED/)
  await db.close()
  await (await open(path)).close()
  await fails(() => open('nowhere/at-all'), /ENOENT/)
  await fails(() => open('../out'), /INVALID_ARGUMENT/)
})

test('memory needs no files', async () => {
  const db = await open(':memory:')
  db.addFact(fact('a', 'b'))
  equal(db.find({}).length, 1)
  await db.close()
})
