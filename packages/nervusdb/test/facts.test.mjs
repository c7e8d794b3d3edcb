// Facts, ids, nodes and properties.
import assert from 'node:assert/strict'
import test from 'node:test'
import { database, fact, fresh, graph, sorted, texts } from '../testing/helpers.mjs'

test('ids are given in order of first appearance and stay', async () => {
  const path = fresh()
  let db = await database(path)
  assert.deepEqual(db.addFact(fact('a knows b')), {
    ...fact('a knows b'),
    subjectId: 0,
    predicateId: 1,
    objectId: 2,
    subjectProperties: undefined,
    objectProperties: undefined,
    edgeProperties: undefined,
  })
  const { subjectId, predicateId, objectId } = db.addFact(fact('knows a c'))
  assert.deepEqual([subjectId, predicateId, objectId], [1, 0, 3])
  await db.close()
  db = await database(path)
  assert.equal(db.getNodeId('knows'), 1)
  assert.equal(db.getNodeValue(3), 'c')
  assert.equal(db.getNodeId('nobody'), undefined)
  assert.equal(db.getNodeValue(99), undefined)
  assert.equal(db.getNodeValue(-1), undefined)
  assert.equal(db.getStore().getDictionarySize(), 4)
  await db.close()
})

test('adding a fact again makes no second one', async () => {
  const db = await graph('a knows b', 'a knows b')
  assert.deepEqual(texts(db.listFacts()), ['a knows b'])
})

test('extra keys of an added fact are kept in the record', async () => {
  const db = await database()
  assert.equal(db.addFact({ ...fact('a b c'), note: 'x' }).note, 'x')
})

test('any text is a term', async () => {
  const db = await database()
  const long = 'lång '.repeat(600_000)
  const strings = ['', ' ', 'a\0b', '日本語', '👩‍👩‍👧', long]
  for (const text of strings) db.addFact({ subject: text, predicate: 'is', object: text })
  for (const text of strings) {
    assert.deepEqual(
      db
        .find({ subject: text })
        .all()
        .map((record) => record.object),
      [text],
    )
    assert.equal(db.getNodeValue(db.getNodeId(text)), text)
  }
  assert.equal(db.listFacts().length, strings.length)
})

test('a term of 16 MB is stored and found', async () => {
  const path = fresh()
  let db = await database(path)
  const huge = 'x'.repeat(16 << 20)
  db.addFact({ subject: huge, predicate: 'p', object: 'o' })
  await db.close()
  db = await database(path)
  assert.equal(db.find({ predicate: 'p' }).all()[0].subject, huge)
  await db.close()
})

test('what is no text is refused and changes nothing', async () => {
  const db = await database()
  for (const bad of [undefined, null, 1, {}, ['a']]) {
    assert.throws(() => db.addFact({ subject: 'a', predicate: bad, object: 'c' }), TypeError)
  }
  assert.throws(() => db.find({ subject: 7 }).all(), TypeError)
  assert.throws(() => db.addFact({ subject: 'half \ud800', predicate: 'b', object: 'c' }), { code: 'INVALID_TEXT' })
  assert.throws(() => db.addFact({ subject: `${'long '.repeat(50)}\udc00`, predicate: 'b', object: 'c' }), {
    code: 'INVALID_TEXT',
  })
  assert.deepEqual(db.listFacts(), [])
})

test('deleted facts are gone, and back when added again', async () => {
  const db = await graph('a knows b', 'a knows c')
  const record = db.find(fact('a knows b')).all()[0]
  db.setEdgeProperties(record, { since: 1 })
  assert.equal(db.deleteFact(record), undefined)
  db.deleteFact(fact('never was there'))
  assert.deepEqual(texts(db.listFacts()), ['a knows c'])
  assert.deepEqual(db.getEdgeProperties(record), { since: 1 })
  assert.equal(db.getNodeId('b'), 2)
  await db.flush()
  assert.deepEqual(db.addFact(fact('a knows b')).edgeProperties, { since: 1 })
  assert.deepEqual(sorted(db.listFacts()), ['a knows b', 'a knows c'])
})

test('addFact sets properties and shows those that are there', async () => {
  const db = await database()
  const first = db.addFact(fact('a knows b'), { subjectProperties: { age: 1, x: 2 }, edgeProperties: { since: 2020 } })
  assert.deepEqual(first.subjectProperties, { age: 1, x: 2 })
  assert.equal(first.objectProperties, undefined)
  const again = db.addFact(fact('a knows b'), { subjectProperties: { age: 2 } })
  assert.deepEqual(again.subjectProperties, { age: 2 }, 'the whole set is replaced')
  assert.deepEqual(again.edgeProperties, { since: 2020 }, 'what was not given stays')
  assert.deepEqual(db.addFact(fact('a knows b')).subjectProperties, { age: 2 })
})

test('properties go through JSON and come back fresh', async () => {
  const db = await graph('a knows b')
  const id = db.getNodeId('a')
  assert.equal(db.getNodeProperties(id), null)
  db.setNodeProperties(id, {})
  assert.deepEqual(db.getNodeProperties(id), {})
  const given = {
    text: 'x',
    number: -0.5,
    nan: NaN,
    yes: true,
    nothing: null,
    gone: undefined,
    when: new Date(0),
    list: [1, { a: 2 }],
    __v: 7,
    data: 'mine',
    '': 'empty',
    '\0l': 'ours?',
    ['__proto__']: 'safe',
    nested: { deep: { er: [null] } },
  }
  db.setNodeProperties(id, given)
  const read = db.getNodeProperties(id)
  assert.deepEqual(read, JSON.parse(JSON.stringify(given)))
  assert.deepEqual(Object.keys(read), Object.keys(JSON.parse(JSON.stringify(given))))
  read.text = 'changed'
  assert.equal(db.getNodeProperties(id).text, 'x')
  assert.throws(() => db.setNodeProperties(id, { big: 1n }), TypeError)
  const loop = {}
  loop.loop = loop
  assert.throws(() => db.setNodeProperties(id, loop), TypeError)
  assert.throws(() => db.setNodeProperties(id, null), TypeError)
  assert.throws(() => db.setNodeProperties(-1, {}), TypeError)
  assert.equal(db.getNodeProperties(id).text, 'x', 'a refused set changes nothing')
  db.setNodeProperties(12345, { early: true })
  assert.deepEqual(db.getNodeProperties(12345), { early: true })
})

test('properties survive flush and reopening', async () => {
  const path = fresh()
  let db = await database(path)
  const record = db.addFact(fact('a knows b'), {
    subjectProperties: { n: 1 },
    objectProperties: { n: 2 },
    edgeProperties: { n: 3 },
  })
  await db.close()
  db = await database(path)
  assert.deepEqual(db.find({ subject: 'a' }).all(), [record])
  assert.deepEqual(db.getNodeProperties(record.subjectId), { n: 1 })
  assert.deepEqual(db.getEdgeProperties(record), { n: 3 })
  await db.close()
})

test('streams give arrays of the size asked for', async () => {
  const db = await database()
  db.addFacts(Array.from({ length: 2_500 }, (_, n) => ({ subject: `s${n % 50}`, predicate: 'p', object: `o${n}` })))
  const sizes = async (stream) => {
    const found = []
    for await (const batch of stream) found.push(batch.length)
    return found
  }
  assert.deepEqual(await sizes(db.streamFacts()), [1000, 1000, 500])
  assert.deepEqual(await sizes(db.streamFacts({ subject: 's1' }, 20)), [20, 20, 10])
  assert.deepEqual(await sizes(db.streamFacts({ subject: '' }, 2500)), [2500], 'an empty string means not given')
  assert.deepEqual(await sizes(db.streamFacts({ subject: 'nobody' })), [])
  assert.deepEqual(await sizes(db.findStream({ predicate: 'p' }, { batchSize: 1250 })), [1250, 1250])
  await assert.rejects(sizes(db.streamFacts({}, 0)), { code: 'INVALID_ARGUMENT' })
  for await (const [record] of db.streamFacts({}, 1)) {
    assert.ok('edgeProperties' in record)
    break
  }
})

test('bulk loads of repeated and of unique terms', async () => {
  const db = await database()
  function* facts() {
    for (let n = 0; n < 30_000; n++)
      yield { subject: `s${n}`, predicate: `p${n % 7}`, object: n % 2 ? `ö${n}` : `o${n}` }
  }
  assert.equal(db.addFacts(facts()), 30_000)
  assert.equal(db.find({}).length, 30_000)
  assert.equal(db.find({ subject: 's12345' }).all()[0].object, 'ö12345')
  assert.equal(db.addBatch([fact('x y z')]), 1)
  assert.throws(() => db.addBatch([fact('1 2 3'), { subject: 1 }]), TypeError)
  assert.equal(db.find({ subject: '1' }).length, 0, 'a batch is all or nothing')
})

test('a byte order mark is a character like any other', async () => {
  const [file, mark] = [fresh(), '\ufeff']
  let db = await database(file)
  const properties = { [`${mark}name`]: `${mark}value`, name: 'other', deep: { [`${mark}a`]: [mark] } }
  db.addFact({ subject: mark, predicate: `${mark}p`, object: `${mark}ü` }, { subjectProperties: properties })
  db.addFact({ subject: '', predicate: 'p', object: 'ü' })
  await db.close()
  db = await database(file)
  const found = db.listFacts().sort((a, b) => b.subject.length - a.subject.length)
  assert.deepEqual(
    found.map(({ subject, predicate, object }) => [subject, predicate, object]),
    [
      [mark, `${mark}p`, `${mark}ü`],
      ['', 'p', 'ü'],
    ],
  )
  assert.deepEqual(found[0].subjectProperties, properties)
  assert.equal(db.findByNodeProperty({ propertyName: `${mark}name`, value: `${mark}value` }).length, 1)
  assert.deepEqual(
    db.getStore().getPropertyIndex().getNodePropertyNames().sort(),
    ['deep', 'name', `${mark}name`].sort(),
  )
})
