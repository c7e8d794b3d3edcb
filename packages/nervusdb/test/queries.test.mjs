// Queries: starting points, anchors, hops, filters, laziness.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import { LazyQueryBuilder, QueryBuilder, database, fact, graph, sorted, texts, told } from '../testing/helpers.mjs'

const people = async () => {
  const db = await graph('a knows b', 'a knows c', 'b knows c', 'c knows d', 'a likes d', 'd knows a')
  const set = (name, properties) => db.setNodeProperties(db.getNodeId(name), properties)
  set('a', { age: 30, city: 'Köln', labels: ['Person', 'Admin'] })
  set('b', { age: 20, city: 'Bonn', labels: ['Person'] })
  set('c', { age: 40, city: 'Aachen', labels: ['Person', 7] })
  set('d', { age: null, labels: ['Robot'] })
  db.setEdgeProperties(db.find(fact('a knows b')).all()[0], { weight: 5, kind: ['x'] })
  db.setEdgeProperties(db.find(fact('a likes d')).all()[0], { weight: 1 })
  return db
}

test('every pattern finds its facts', async () => {
  const db = await people()
  const find = (criteria) => sorted(db.find(criteria).all())
  assert.equal(find({}).length, 6)
  assert.deepEqual(find({ subject: 'a' }), ['a knows b', 'a knows c', 'a likes d'])
  assert.deepEqual(find({ predicate: 'likes' }), ['a likes d'])
  assert.deepEqual(find({ object: 'c' }), ['a knows c', 'b knows c'])
  assert.deepEqual(find({ subject: 'a', predicate: 'knows' }), ['a knows b', 'a knows c'])
  assert.deepEqual(find({ predicate: 'knows', object: 'c' }), ['a knows c', 'b knows c'])
  assert.deepEqual(find({ subject: 'a', object: 'd' }), ['a likes d'])
  assert.deepEqual(find(fact('a knows c')), ['a knows c'])
  assert.deepEqual(find({ subject: 'nobody' }), [])
  assert.deepEqual(find(fact('b likes d')), [])
  for (const criteria of [{}, { subject: 'a' }, { object: 'c' }, fact('a knows c'), fact('a likes c')]) {
    assert.equal(db.find(criteria).length, find(criteria).length)
  }
})

test('records carry properties when there is a criterion', async () => {
  const db = await people()
  assert.deepEqual(db.find({ subject: 'b' }).all()[0].subjectProperties, { age: 20, city: 'Bonn', labels: ['Person'] })
  assert.equal(db.find({}).all()[0].subjectProperties, undefined)
  assert.ok('subjectProperties' in db.find({}).all()[0])
  assert.deepEqual(db.find(fact('a likes d')).all()[0].edgeProperties, { weight: 1 })
})

test('the anchor says where the next hop starts', async () => {
  const db = await people()
  const hop = (criteria, options) => sorted(db.find(criteria, options).follow('knows').all())
  assert.deepEqual(hop({ subject: 'a', predicate: 'likes' }), ['a knows b', 'a knows c'], 'it stands on the subject')
  assert.deepEqual(hop({ subject: 'a', predicate: 'likes' }, { anchor: 'object' }), ['d knows a'])
  assert.deepEqual(hop({ object: 'd', predicate: 'likes' }), ['a knows b', 'a knows c'])
  assert.deepEqual(hop({ object: 'b' }), ['b knows c'])
  assert.deepEqual(hop(fact('a likes d')), ['a knows b', 'a knows c', 'd knows a'], 'both ends')
  assert.deepEqual(sorted(db.find({ predicate: 'likes' }).anchor('subject').follow('knows').all()), [
    'a knows b',
    'a knows c',
  ])
})

test('hops go forward and back', async () => {
  const db = await people()
  const start = db.find({ subject: 'a', predicate: 'knows' }, { anchor: 'object' })
  assert.deepEqual(sorted(start.follow('knows').all()), ['b knows c', 'c knows d'])
  assert.deepEqual(sorted(start.follow('knows').follow('knows').all()), ['c knows d', 'd knows a'])
  assert.deepEqual(sorted(start.followReverse('knows').all()), ['a knows b', 'a knows c', 'b knows c'])
  assert.deepEqual(start.follow('unknown').all(), [])
  assert.deepEqual(sorted(start.followWithNodeProperty('knows', { propertyName: 'age', value: 40 }).all()), [
    'b knows c',
  ])
  assert.deepEqual(
    sorted(start.followReverseWithNodeProperty('knows', { propertyName: 'city', value: 'Bonn' }).all()),
    ['b knows c'],
  )
  assert.deepEqual(start.all().length, 2, 'the original is unchanged')
})

test('followPath goes breadth first and expands each node once', async () => {
  const db = await people()
  const path = (range, options) =>
    sorted(db.find({ subject: 'a', predicate: 'likes' }).followPath('knows', range, options).all())
  assert.deepEqual(path({ max: 1 }), ['a knows b', 'a knows c'])
  assert.deepEqual(path({ min: 2, max: 2 }), ['b knows c', 'c knows d'])
  assert.deepEqual(path({ min: 1, max: 9 }), ['a knows b', 'a knows c', 'b knows c', 'c knows d', 'd knows a'])
  assert.deepEqual(path({ min: 3, max: 1 }), ['d knows a'], 'max is at least min')
  assert.deepEqual(path({ max: 2 }, { direction: 'reverse' }), ['c knows d', 'd knows a'])
})

test('nodes are found by property', async () => {
  const db = await people()
  const by = (filter, options) => sorted(db.findByNodeProperty({ propertyName: 'age', ...filter }, options).all())
  assert.deepEqual(by({ value: 20 }), ['b knows c'])
  assert.deepEqual(by({ value: '20' }), [], 'equality is strict on type')
  assert.deepEqual(by({ value: 20 }, { anchor: 'object' }), ['a knows b'])
  assert.deepEqual(by({ value: 20 }, { anchor: 'both' }), ['a knows b', 'b knows c'])
  assert.deepEqual(by({ value: null }), ['d knows a'])
  assert.deepEqual(by({}), [])
  assert.deepEqual(by({ range: { min: 30 } }), ['a knows b', 'a knows c', 'a likes d', 'c knows d'])
  assert.deepEqual(by({ range: { min: 30, includeMin: false } }), ['c knows d'])
  assert.deepEqual(by({ range: { max: 20 } }), ['b knows c', 'd knows a'], 'null sorts below all')
  assert.deepEqual(by({ range: { max: 20, includeMax: false } }), ['d knows a'])
  assert.deepEqual(by({ value: 20, range: { min: 30 } }), ['b knows c'], 'a value wins over a range')
  const cities = sorted(db.findByNodeProperty({ propertyName: 'city', range: { min: 'aa', max: 'c' } }).all())
  assert.deepEqual(cities, ['b knows c', 'c knows d'], 'strings by localeCompare')
})

test('a changed value no longer matches the old one', async () => {
  const db = await people()
  db.setNodeProperties(db.getNodeId('b'), { age: 21 })
  assert.equal(db.findByNodeProperty({ propertyName: 'age', value: 20 }).length, 0)
  assert.equal(db.findByNodeProperty({ propertyName: 'age', value: 21 }).length, 1)
  assert.equal(
    db.findByLabel('Person').where(({ subject }) => subject === 'b').length,
    1,
    'still as an object of others',
  )
  assert.deepEqual([...db.getStore().getLabelIndex().findNodesByLabel('Person')].includes(db.getNodeId('b')), false)
})

test('edges are found by property', async () => {
  const db = await people()
  assert.deepEqual(texts(db.findByEdgeProperty({ propertyName: 'weight', value: 5 })), ['a knows b'])
  assert.deepEqual(
    texts(db.findByEdgeProperty({ propertyName: 'kind', value: ['x'] })),
    ['a knows b'],
    'lists compare by JSON',
  )
  assert.equal(db.findByEdgeProperty({ propertyName: 'weight', range: { min: 0 } }).length, 0)
  db.deleteFact(fact('a knows b'))
  assert.equal(db.findByEdgeProperty({ propertyName: 'weight', value: 5 }).length, 0, 'only facts that are there')
})

test('labels', async () => {
  const db = await people()
  assert.equal(db.findByLabel('Admin').length, 4)
  assert.equal(db.findByLabel(['Person', 'Admin']).length, 4)
  assert.equal(db.findByLabel(['Robot', 'Admin'], { mode: 'OR' }).length, 5)
  assert.equal(db.findByLabel([]).length, 0)
  assert.deepEqual(sorted(db.find({}).whereLabel('Robot', { on: 'subject' }).all()), ['d knows a'])
  assert.deepEqual(sorted(db.find({}).whereLabel(['Robot', 'Admin'], { mode: 'OR', on: 'object' }).all()), [
    'a likes d',
    'c knows d',
    'd knows a',
  ])
  const labels = db.getStore().getLabelIndex()
  assert.deepEqual(labels.getAllLabels(), ['Admin', 'Person', 'Robot'])
  assert.deepEqual(labels.getNodeLabels(db.getNodeId('a')), ['Admin', 'Person'])
  assert.deepEqual(labels.getLabelStats()[0], { label: 'Person', count: 3 })
  assert.equal(labels.findNodesByLabels(['Person'], { limit: 2 }).size, 2)
  assert.ok(
    labels.hasAllNodeLabels(db.getNodeId('a'), ['Admin', 'Person']) && labels.hasAnyNodeLabel(0, ['x', 'Admin']),
  )
  const properties = db.getStore().getPropertyIndex()
  assert.deepEqual(properties.getNodePropertyNames(), ['age', 'city', 'labels'], 'our own index entries do not show')
  assert.deepEqual(properties.getEdgePropertyNames(), ['kind', 'weight'])
  assert.deepEqual([...properties.queryNodesByRange('age', 30, 40)].length, 2)
  assert.deepEqual([...properties.queryEdgesByProperty('weight', 1)].length, 1)
})

test('filters', async () => {
  const db = await people()
  const all = db.find({})
  assert.deepEqual(sorted(all.whereProperty('age', '>', 30).all()), ['a knows c', 'b knows c', 'c knows d'])
  assert.deepEqual(sorted(all.whereProperty('age', '<=', 20).all()), [
    'a knows b',
    'a likes d',
    'b knows c',
    'c knows d',
    'd knows a',
  ])
  assert.deepEqual(sorted(all.whereProperty('weight', '=', 1, 'edge').all()), ['a likes d'])
  assert.throws(() => all.whereProperty('weight', '>', 1, 'edge'), Error)
  assert.throws(() => all.whereProperty('weight', '~', 1), Error)
  assert.deepEqual(sorted(all.whereNodeProperty({ propertyName: 'city', value: 'Bonn' }).all()), [
    'a knows b',
    'b knows c',
  ])
  assert.deepEqual(all.whereNodeProperty({ propertyName: 'city' }).all(), [])
  assert.deepEqual(sorted(all.whereEdgeProperty({ propertyName: 'weight', value: 5 }).all()), ['a knows b'])
  const where = db.find({ subject: 'a' }).where(({ object, subjectProperties }) => {
    if (object === 'c') throw new Error('counts as no')
    return subjectProperties.age === 30
  })
  assert.deepEqual(sorted(where.all()), ['a knows b', 'a likes d'])
})

test('limit, skip, slice and iteration agree', async () => {
  const db = await database()
  db.addFacts(Array.from({ length: 3_000 }, (_, n) => ({ subject: `s${n % 3}`, predicate: 'p', object: `o${n}` })))
  const query = db.find({ predicate: 'p' })
  const all = texts(query.all())
  assert.equal(new Set(all).size, 3_000)
  assert.deepEqual(texts(query.limit(700).all()), all.slice(0, 700))
  assert.deepEqual(texts(query.take(2).toArray()), all.slice(0, 2))
  assert.deepEqual(texts(query.skip(2_990).all()), all.slice(2_990))
  assert.deepEqual(texts(query.skip(600).limit(5).all()), all.slice(600, 605))
  assert.deepEqual(texts(query.slice(-5)), all.slice(-5))
  assert.deepEqual(texts(query.slice(3, 6)), all.slice(3, 6))
  assert.deepEqual(texts(query.slice(2_000, -900)), all.slice(2_000, -900))
  assert.deepEqual(texts(query), all)
  assert.deepEqual(texts(await query.collect()), all)
  assert.equal(query.limit(0).length, 0)
  assert.equal(query.limit(-1).length, 3_000)
  assert.equal(query.skip(NaN).length, 3_000)
  assert.equal(query.skip(10).limit(5).length, 5)
  const streamed = []
  for await (const record of query) streamed.push(record)
  assert.deepEqual(texts(streamed), all)
  const sizes = []
  for await (const batch of query.batch(1_400)) sizes.push(batch.length)
  assert.deepEqual(sizes, [1_400, 1_400, 200])
  await assert.rejects(query.batch(0).next(), Error)
})

test('unions', async () => {
  const db = await people()
  const left = db.find({ subject: 'a' })
  const right = db.find({ predicate: 'likes' })
  assert.deepEqual(sorted(left.union(right).all()), ['a knows b', 'a knows c', 'a likes d'])
  assert.equal(left.unionAll(right).length, 4)
  assert.equal(left.union(db.findByLabel('Robot')).length, 5)
  assert.equal(db.findByLabel('Robot').union(left).length, 5)
})

test('queries are lazy, and those by property are not', async () => {
  const db = await people()
  const lazy = db.find({ subject: 'a' })
  const eager = db.findByLabel('Robot')
  assert.ok(lazy instanceof LazyQueryBuilder && lazy instanceof QueryBuilder && eager instanceof QueryBuilder)
  assert.ok(!(eager instanceof LazyQueryBuilder))
  const before = eager.length
  db.addFact(fact('a knows e'))
  db.addFact(fact('d knows e'))
  assert.equal(lazy.length, 4)
  assert.equal(eager.length, before)
  assert.equal(db.findLazy({ subject: 'a' }).length, 4)
})

test('explain tells the plan', async () => {
  const db = await people()
  await db.flush()
  const plan = db
    .find({ subject: 'a' })
    .anchor('object')
    .follow('knows')
    .followPath('knows', { max: 2 })
    .whereProperty('age', '=', 1)
    .whereLabel('Person')
    .limit(3)
    .skip(1)
    .union(db.find({}))
    .explain()
  assert.equal(plan.type, 'LAZY')
  assert.deepEqual(
    plan.plan.map(({ kind }) => kind),
    ['FIND', 'ANCHOR', 'FOLLOW', 'FOLLOW_PATH', 'WHERE_PROP', 'WHERE_LABEL', 'LIMIT', 'SKIP', 'UNION'],
  )
  const limited = db.find({ subject: 'a' }).limit(2).explain().estimate
  assert.ok(limited.estimatedOutput <= 2 && typeof limited.order === 'string' && typeof limited.upperBound === 'number')
  const followed = db.find({ subject: 'a' }).follow('knows').explain().estimate
  assert.equal(followed.stages[0].type, 'FOLLOW')
  assert.ok(followed.stages[0].factor > 0 && followed.estimatedOutput >= followed.upperBound)
  const eager = db.findByLabel('Robot').explain()
  assert.deepEqual([eager.type, eager.orientation, eager.pinned], ['EAGER', 'subject', false])
  assert.equal((await db.findStreaming({})).explain().type, 'STREAMING')
})

test('findStreaming sees the state of the call, once', async () => {
  const db = await people()
  const stream = await db.findStreaming({ subject: 'a' })
  db.addFact(fact('a knows z'))
  assert.equal((await stream.collect()).length, 3)
  assert.equal((await stream.collect()).length, 0)
  const builder = await (
    await db.findStreaming({ subject: 'a', predicate: 'likes' }, { anchor: 'object' })
  ).toQueryBuilder()
  assert.deepEqual(texts(builder.follow('knows').all()), ['d knows a'])
})

test('large results warn once', async () => {
  const db = await database()
  db.addFacts(Array.from({ length: 5_000 }, (_, n) => ({ subject: `s${n}`, predicate: 'p', object: 'o' })))
  const query = db.find({ predicate: 'p' })
  const lines = await told('warn', () => {
    query.all()
    query.all()
    query.where(() => true)
    query.where(() => true)
    db.find({ subject: 's1' }).all()
  })
  assert.equal(lines.length, 2)
  assert.match(lines[0], /NervusDB: all\(\)/)
})

test('the environment silences and traces', () => {
  const program = `
        import { NervusDB } from 'nervusdb';
        const db = await NervusDB.open(':memory:');
        db.addFacts(Array.from({ length: 20 }, (_, n) => ({ subject: 's' + n, predicate: 'p', object: 'o' })));
        db.find({ predicate: 'p' }).all();
        await db.find({ predicate: 'p' }).limit(3).collect();
    `
  const run = (env) =>
    execFileSync(
      process.execPath,
      ['--input-type=module', '-e', `console.warn = console.debug = console.log; ${program}`],
      {
        env: { ...process.env, ...env },
        encoding: 'utf8',
        cwd: import.meta.dirname,
      },
    )
  assert.match(run({ SYNAPSEDB_QUERY_WARN_THRESHOLD: '10' }), /all\(\) holds 20 facts/)
  assert.equal(run({ SYNAPSEDB_QUERY_WARN_THRESHOLD: '10', SYNAPSEDB_SILENCE_QUERY_WARNINGS: '1' }), '')
  assert.equal(run({ SYNAPSEDB_QUERY_WARN_THRESHOLD: '0' }), '')
  const traced = run({ SYNAPSEDB_TRACE_QUERY: '1' })
  assert.match(traced, /FIND 3|FIND 20/)
  assert.match(traced, /LIMIT 3 facts/)
})

test('criteria by name', async () => {
  const db = await people()
  assert.deepEqual(sorted(db.query().whereSubject('a').wherePredicate('knows').execute()), ['a knows b', 'a knows c'])
  assert.deepEqual(sorted(db.query().whereObject('d').find().limit(1).all()).length, 1)
})
