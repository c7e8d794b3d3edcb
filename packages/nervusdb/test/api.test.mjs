// The rest of what the entry point offers: exports, paths, patterns, aggregation, plugins, types, Cypher, the store.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import test from 'node:test'
import {
  NervusDB,
  PersistentStore,
  PluginManager,
  TypeSafeQueries,
  TypedNervusDB,
  api,
  database,
  fact,
  fresh,
  graph,
  sorted,
  texts,
  told,
} from '../testing/helpers.mjs'

test('the entry point exports what is documented', () => {
  for (const name of [
    'NervusDB',
    'CoreNervusDB',
    'ExtendedNervusDB',
    'QueryBuilder',
    'LazyQueryBuilder',
    'AggregationPipeline',
    'PersistentStore',
    'PluginManager',
    'PathfindingPlugin',
    'AggregationPlugin',
    'CypherPlugin',
    'TypedQueryBuilderImpl',
  ])
    assert.equal(typeof api[name], 'function', name)
  assert.equal(api.CoreNervusDB, NervusDB)
  assert.equal(api.ExtendedNervusDB, NervusDB)
  assert.deepEqual([typeof TypedNervusDB.open, typeof TypeSafeQueries.rangeFilter], ['function', 'function'])
})

test('paths of variable length', async () => {
  const db = await graph('a r b', 'b r c', 'c r a', 'a r c', 'c r d')
  const id = (name) => db.getNodeId(name)
  const ends = (paths) => paths.map(({ length, endId }) => `${length}${db.getNodeValue(endId)}`).sort()
  const from = db.find({ subject: 'a' })
  assert.deepEqual(
    ends(from.variablePath('r', { max: 3 }).all()),
    ['1b', '1c', '2c', '2d', '3d'],
    'no node twice, the start included',
  )
  assert.deepEqual(ends(from.variablePath('r', { min: 3, max: 3, uniqueness: 'EDGE' }).all()), ['3a', '3b', '3d'])
  assert.ok(from.variablePath('r', { min: 6, max: 6, uniqueness: 'NONE' }).all().length > 0, 'cycles are allowed')
  assert.deepEqual(ends(from.variablePath('r', { max: 2, direction: 'reverse' }).all()), ['1c', '2b'])
  const shortest = from.variablePath('r', { max: 5 }).shortest(id('d'))
  assert.deepEqual(
    shortest.edges.map(({ record, direction }) => [texts([record])[0], direction]),
    [
      ['a r c', 'forward'],
      ['c r d', 'forward'],
    ],
  )
  assert.deepEqual([shortest.length, shortest.startId, shortest.endId], [2, id('a'), id('d')])
  assert.deepEqual(from.variablePath('unknown', { max: 3 }).all(), [])
  assert.equal(from.variablePath('r', { max: 3 }).shortest(12345), null)
  const streamed = []
  for await (const path of from.variablePathStream('r', { max: 3 }, { target: id('d') })) streamed.push(path)
  assert.deepEqual(ends(streamed), ['2d', '3d'])
})

test('shortest paths', async () => {
  const db = await graph('a r b', 'b r c', 'c r d', 'a s d', 'd r e', 'x r a')
  const weigh = (text, weight) => db.setEdgeProperties(db.find(fact(text)).all()[0], { weight })
  assert.deepEqual(texts(db.shortestPath('a', 'e')), ['a s d', 'd r e'])
  assert.deepEqual(texts(db.shortestPath('a', 'e', { predicates: ['r', 'unknown'] })), [
    'a r b',
    'b r c',
    'c r d',
    'd r e',
  ])
  assert.equal(db.shortestPath('a', 'e', { predicates: ['unknown'] }), null)
  assert.equal(db.shortestPath('a', 'e', { predicates: ['r'], maxHops: 3 }), null)
  assert.deepEqual(db.shortestPath('a', 'a'), [])
  assert.equal(db.shortestPath('a', 'nobody'), null)
  assert.equal(db.shortestPath('a', 'x'), null)
  assert.deepEqual(texts(db.shortestPath('a', 'x', { direction: 'reverse' })), ['x r a'])
  assert.deepEqual(texts(db.shortestPath('b', 'x', { direction: 'both' })), ['a r b', 'x r a'])
  assert.equal(db.shortestPathBidirectional('a', 'e').length, 2)
  assert.equal(db.shortestPathBidirectional('a', 'e', { predicates: ['r'] }).length, 4)
  assert.equal(db.shortestPathBidirectional('a', 'e', { predicates: ['r'], maxHops: 3 }), null)
  weigh('a s d', 10)
  weigh('a r b', 'not a number')
  assert.deepEqual(texts(db.shortestPathWeighted('a', 'd')), ['a r b', 'b r c', 'c r d'])
  assert.deepEqual(texts(db.shortestPathWeighted('a', 'd', { predicate: 's' })), ['a s d'])
  assert.equal(db.shortestPathWeighted('a', 'd', { predicate: 'unknown' }), null)
})

test('patterns', async () => {
  const db = await graph('a knows b', 'b knows c', 'c likes a')
  db.setNodeProperties(db.getNodeId('a'), { age: 30, labels: ['P'] })
  db.setNodeProperties(db.getNodeId('b'), { age: 20, labels: ['P', 'Q'] })
  const rows = async (build) => (await build(db.pattern()).execute()).map((row) => JSON.stringify(row)).sort()
  assert.deepEqual(await rows((p) => p.node('x', 'P').edge('->', 'knows').node('y')), [
    '{"x":"a","y":"b"}',
    '{"x":"b","y":"c"}',
  ])
  assert.deepEqual(await rows((p) => p.node('x', ['P', 'Q']).edge('<-', 'knows').node('y')), ['{"x":"b","y":"a"}'])
  assert.deepEqual(await rows((p) => p.node('x', undefined, { age: 30 }).edge('-').node('y').return(['y', 'z'])), [
    '{"y":"b","z":null}',
    '{"y":"c","z":null}',
  ])
  assert.deepEqual(
    await rows((p) => p.node('x').edge('->', 'knows').variable(1, 2).node('y').whereNodeProperty('x', 'age', '>', 25)),
    ['{"x":"a","y":"b"}', '{"x":"a","y":"c"}'],
  )
  assert.deepEqual(await rows((p) => p.node('x').edge('->').node().edge('->').node().edge('->').node('x')), [
    '{"x":"a"}',
    '{"x":"b"}',
    '{"x":"c"}',
  ])
  assert.deepEqual(await rows((p) => p.node('x').edge('->', 'unknown').node('y')), [])
  assert.deepEqual(await db.match().execute(), [])
  assert.throws(() => db.pattern().node().variable(1, 2), Error)
  await assert.rejects(db.pattern().node('x').edge('->').variable(1, 2).node('y').execute(), Error)
})

test('aggregation', async () => {
  const db = await database()
  for (const [index, text] of ['a p x', 'a p y', 'b p x', 'b q z'].entries())
    db.addFact(fact(text), { edgeProperties: index === 3 ? {} : { score: index } })
  const by = (pipeline) =>
    pipeline
      .groupBy(['subject'])
      .count()
      .sum('edgeProperties.score', 's')
      .avg('edgeProperties.score', 'a')
      .min('edgeProperties.score', 'lo')
      .max('edgeProperties.score', 'hi')
      .orderBy('s', 'DESC')
  const expected = [
    { subject: 'b', count: 2, s: 2, a: 2, lo: 2, hi: 2 },
    { subject: 'a', count: 2, s: 1, a: 0.5, lo: 0, hi: 1 },
  ]
  assert.deepEqual(by(db.aggregate().match({})).execute(), expected)
  assert.deepEqual(await by(db.aggregate().matchStream({}, { batchSize: 1 })).executeStreaming(), expected)
  assert.deepEqual(db.aggregate().match({ predicate: 'q' }).count('n').sum('x', 's').min('x', 'm').execute(), [
    { _all: 'all', n: 1, s: 0, m: null },
  ])
  assert.deepEqual(db.aggregate().match({ predicate: 'unknown' }).count().execute(), [])
  assert.deepEqual(await db.aggregate().matchStream({ predicate: 'unknown' }).count().executeStreaming(), [])
  assert.equal(db.aggregate().from(db.listFacts()).groupBy(['object']).count().limit(2).execute().length, 2)
  assert.deepEqual(db.aggregate().match({}).groupBy(['subject']).count().limit(-1).execute(), [])
})

test('plugins', async () => {
  const db = await graph('a r b', 'b r c', 'x s y')
  assert.deepEqual(db.listPlugins(), [
    { name: 'pathfinding', version: '1.0.0' },
    { name: 'aggregation', version: '1.0.0' },
  ])
  assert.ok(db.hasPlugin('pathfinding') && !db.hasPlugin('cypher') && db.plugin('nothing') === undefined)
  const figures = db.plugin('aggregation')
  assert.deepEqual(figures.getStatsSummary(), {
    nodes: 7,
    edges: 3,
    predicates: 2,
    avgDegree: 0.86,
    connectedComponents: 2,
    topPredicates: [
      { predicate: 'r', count: 2 },
      { predicate: 's', count: 1 },
    ],
  })
  assert.deepEqual(figures.getTopNodes(1), [{ node: 'b', degree: 2 }])
  assert.deepEqual(figures.getDegreeDistribution().outDegree, { a: 1, b: 1, x: 1 })
  const seen = []
  const manager = new PluginManager(db, db.getStore())
  const plugin = (name) => ({
    name,
    version: '1',
    initialize: () => void seen.push(name),
    cleanup: () => void seen.push(`-${name}`),
  })
  manager.register(plugin('one'))
  manager.register(plugin('two'))
  assert.throws(() => manager.register(plugin('one')), Error)
  await manager.initialize()
  await manager.initialize()
  assert.throws(() => manager.register(plugin('late')), Error)
  await manager.cleanup()
  assert.deepEqual(seen, ['one', 'two', '-one', '-two'])
})

test('the typed wrapper', async () => {
  const typed = await TypedNervusDB.open(':memory:')
  typed.addFact(fact('a r b'), { subjectProperties: { name: 'A', labels: ['P'] } })
  assert.deepEqual(texts(typed.find({ subject: 'a' }).anchor('object').all()), ['a r b'])
  assert.equal(typed.findByLabel('P').limit(1).toArray().length, 1)
  assert.equal(typed.findByNodeProperty(TypeSafeQueries.propertyFilter('name', 'A')).all().length, 1)
  assert.deepEqual(TypeSafeQueries.rangeFilter('age', 1, undefined, { includeMin: false }), {
    propertyName: 'age',
    range: { min: 1, includeMin: false, includeMax: true },
  })
  for await (const { subject } of typed.find({})) assert.equal(subject, 'a')
  assert.ok(typed.raw instanceof NervusDB && TypedNervusDB.wrap(typed.raw).raw === typed.raw)
  await typed.close()
})

test('Cypher is off unless asked for', async () => {
  const db = await database()
  await assert.rejects(db.cypher('MATCH (a) RETURN a'), /experimental.*SYNAPSEDB_ENABLE_EXPERIMENTAL_QUERIES/)
  assert.throws(() => db.validateCypher('x'), Error)
  const [line] = await told('warn', () => database(':memory:', { experimental: { cypher: true } }))
  assert.match(line, /^\[NervusDB\]\[EXPERIMENTAL\]/)
  const program = `
        import { NervusDB } from 'nervusdb';
        console.log((await NervusDB.open(':memory:')).hasPlugin('cypher'), (await NervusDB.open(':memory:', { experimental: { cypher: false } })).hasPlugin('cypher'));
        process.exit();`
  const env = { ...process.env, SYNAPSEDB_ENABLE_EXPERIMENTAL_QUERIES: '1' }
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], {
    env,
    encoding: 'utf8',
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  assert.equal(output, 'true false\n')
})

test('Cypher asks for one path', async () => {
  const db = await database(':memory:', { experimental: { cypher: true } })
  for (const text of ['a KNOWS b', 'b KNOWS c', 'c LIKES a']) db.addFact(fact(text))
  db.setNodeProperties(db.getNodeId('a'), { age: 30, labels: ['P'] })
  db.setNodeProperties(db.getNodeId('b'), { age: 20, labels: ['P'] })
  const ask = async (statement, parameters) =>
    (await db.cypher(statement, parameters)).records.map((row) => Object.values(row).join(' ')).sort()
  assert.deepEqual(await ask('MATCH (a:P)-[:KNOWS]->(b) RETURN a, b'), ['a b', 'b c'])
  assert.deepEqual(await ask('MATCH (a)<-[:LIKES]-(b) RETURN a, b'), ['a c'])
  assert.deepEqual(await ask('MATCH (a)-[:KNOWS*1..3]->(b) WHERE a.age >= 30 RETURN b'), ['b', 'c'])
  assert.deepEqual(await ask('MATCH (a)-[:KNOWS]->(b) WHERE a.age IN [20, 1] RETURN a'), ['b'])
  assert.deepEqual(await ask('MATCH (a)-[:KNOWS]->(b) WHERE a.age NOT IN $ages RETURN a', { ages: [20] }), ['a'])
  assert.deepEqual(await ask('MATCH (a) WHERE NOT EXISTS { MATCH (x)-[:HATES]->(y) } RETURN a'), ['a', 'b', 'c'])
  const { summary } = await db.cypherQuery('MATCH (a) RETURN a')
  assert.equal(summary.statementType, 'READ_ONLY')
  for (const bad of [
    'CREATE (a) RETURN a',
    'MATCH (a) RETURN b',
    'MATCH (a) WHERE a.x = 1 AND a.y = 2 RETURN a',
    'MATCH (a RETURN a',
    '',
  ]) {
    await assert.rejects(db.cypherRead(bad), { name: 'CypherError' }, bad)
    assert.equal(db.validateCypher(bad).valid, false)
  }
  assert.deepEqual(db.validateCypher('MATCH (a)-[:R]->(b) RETURN a, b'), { valid: true, errors: [] })
  assert.deepEqual(db.plugin('cypher').cypherSimple('MATCH (a)-[:LIKES]->(b) RETURN a, b'), [{ a: 'c', b: 'a' }])
  db.clearCypherCache()
})

test('the store', async () => {
  const path = fresh()
  const store = await PersistentStore.open(path)
  store.addFact(fact('a r b'), { edgeProperties: { w: 1 } })
  const id = store.getNodeIdByValue('a')
  assert.equal(store.getNodeValueById(id), 'a')
  const triples = store.query({ subjectId: id })
  assert.deepEqual(triples, [{ subjectId: 0, predicateId: 1, objectId: 2 }])
  assert.deepEqual(store.resolveRecords(triples)[0].edgeProperties, { w: 1 })
  assert.equal(store.resolveRecords(triples, { includeProperties: false })[0].edgeProperties, undefined)
  assert.equal(store.getNodeProperties(id), undefined)
  assert.equal(store.hasPagedIndexData(), false)
  assert.equal(store.getIndexManifest(), null)
  await store.flush()
  assert.ok(
    store.hasPagedIndexData() &&
      store.getCurrentEpoch() > 0 &&
      store.getIndexManifest() !== null &&
      store.getHotnessSnapshot() !== null,
  )
  const batches = []
  for await (const batch of store.streamFactRecords({}, 10)) batches.push(batch.length)
  assert.deepEqual(batches, [1])
  await store.close()
  assert.deepEqual(sorted((await database(path)).listFacts()), ['a r b'])
})
