// The command line.
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { NervusDB, fact, fresh } from '../testing/helpers.mjs'

const cli = path.join(import.meta.dirname, '../dist/cli.js')

/** Runs a command; its exit code and what it said. */
function run(args, options = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', ...options })
  return { status, stdout, stderr }
}
const json = (...args) => JSON.parse(run(args).stdout)

/** A database of 3,000 facts. */
async function example() {
  const file = fresh()
  const db = await NervusDB.open(file, { enablePersistentTxDedupe: true })
  db.addBatch(
    Array.from({ length: 3_000 }, (_, n) => ({ subject: `s${n % 10}`, predicate: 'p', object: `o${n}` })),
    { txId: 'first', sessionId: 'me' },
  )
  db.addFact(fact('a b c'), { edgeProperties: { w: 1 }, subjectProperties: { n: 1 } })
  await db.close()
  return file
}

test('usage', () => {
  for (const args of [[], ['-h'], ['--help']])
    assert.deepEqual([run(args).status, /Usage: nervusdb/.test(run(args).stdout)], [0, true])
  const unknown = run(['nonsense'])
  assert.ok(unknown.status === 1 && /unknown command nonsense/.test(unknown.stderr))
  assert.equal(run(['stats']).status, 1)
  assert.match(run(['stats', 'x', '--nonsense']).stderr, /unknown option --nonsense/)
  assert.match(run(['export', 'x', '--format']).stderr, /--format needs a value/)
  assert.match(run(['check', 'x', '--strict=yes']).stderr, /--strict takes no value/)
  assert.match(run(['hot', 'x', '--top', 'many']).stderr, /--top needs a number, not "many"/)
  assert.match(run(['stats', 'x', '-v']).stderr, /unknown option -v/)
  assert.match(run(['stats', '--', '--all']).stderr, /there is no database at --all/)
  assert.deepEqual(
    [run(['stats', 'missing.db']).status, /NOT_FOUND/.test(run(['stats', 'missing.db']).stderr)],
    [1, true],
  )
})

test('stats', async () => {
  const file = await example()
  const stats = json('stats', file, '--all', '--txids', '--txids-window=60')
  assert.equal(stats.triples, 3_001)
  assert.equal(stats.dictionaryEntries, 3_014)
  assert.deepEqual(Object.keys(stats.orders), ['SPO', 'POS', 'OSP'])
  assert.ok(stats.pages > 0 && stats.orders.SPO.pages > 0 && stats.walBytes > 0)
  assert.equal(stats.txIdItems[0].id, 'first')
  assert.deepEqual(stats.txIdsBySession, { me: 1 })
  assert.equal(stats.propertyIndex.nodePropertyCount, 1)
})

test('check and repair', async () => {
  const file = await example()
  assert.match(run(['check', file]).stdout, /check passed: 3001 facts/)
  assert.equal(json('check', file, '--summary').ok, true)
  const pages = `${file}.pages`
  const [table] = fs
    .readdirSync(pages)
    .filter((name) => name.endsWith('.table'))
    .sort()
  const bytes = fs.readFileSync(path.join(pages, table))
  bytes[100] ^= 0xff
  fs.writeFileSync(path.join(pages, table), bytes)
  const broken = run(['check', file, '--strict'])
  assert.equal(broken.status, 2)
  assert.match(broken.stderr, /is damaged at byte/)
  assert.equal(JSON.parse(broken.stdout).ok, false)
  assert.match(run(['repair-page', file, 'SPO', '0']).stdout, /dry run/)
  const repaired = run(['repair', file])
  assert.deepEqual([repaired.status, /facts restored/.test(repaired.stdout)], [0, true])
  assert.match(run(['check', file]).stdout, /check passed: 3001 facts/)
  assert.match(run(['repair', file]).stdout, /no damage found/)
})

test('upkeep', async () => {
  const file = await example()
  assert.equal(json('compact', file).dryRun, true)
  assert.deepEqual(json('compact', file, '--force').ordersRewritten, ['SPO', 'POS', 'OSP'])
  assert.deepEqual(json('compact', file, '--force', '--mode=incremental').primariesMerged, 0)
  assert.deepEqual(json('auto-compact', file, '--quiet').selectedOrders, [])
  assert.equal(json('gc', file).dryRun, true)
  fs.writeFileSync(path.join(`${file}.pages`, '99999999.table'), Buffer.alloc(5_000))
  assert.equal(json('gc', file, '--force').bytesAfter, json('gc', file).bytesBefore)
  assert.ok(!fs.existsSync(path.join(`${file}.pages`, '99999999.table')))
  const db = await NervusDB.open(file)
  assert.deepEqual(json('gc', file, '--force'), { skipped: true, reason: 'active_readers', readers: 1 })
  assert.equal(json('readers', file, '--json').readers[0].pid, process.pid)
  await db.close()
  assert.match(run(['readers', file]).stdout, /^0 active readers/)
})

test('looking inside', async () => {
  const file = await example()
  assert.equal(json('hot', file, '--top=1').top[0].count, 300)
  const [first, ...others] = run(['dump', file, 'SPO', '0']).stdout.trim().split('\n')
  assert.equal(first, '0:1:2  // s0 p o0')
  assert.equal(others.length, 299)
  assert.equal(run(['dump', file, 'XYZ', '0']).status, 2)
  assert.equal(run(['dump', file, 'SPO', 'zero']).status, 1)
  assert.deepEqual(
    json('txids', file).items.map(({ id, sessionId }) => [id, sessionId]),
    [['first', 'me']],
  )
  assert.equal(json('txids', file, '--session=other').count, 0)
  assert.equal(json('txids', file, '--clear').count, 0)
  assert.match(run(['bench', fresh(), '500']).stdout, /look up/)
})

test('N-Triples and N-Quads go in and come out', () => {
  const directory = path.dirname(fresh())
  const lines = [
    '<http://e/a> <http://e/p> <http://e/b> .',
    '_:b1 <http://e/name> "A \\"q\\" \\\\ \\u00e9\\n"@en-GB . # note',
    '<http://e/a>\t<http://e/age>\t"4"^^<http://www.w3.org/2001/XMLSchema#int>.',
    '',
    '# only a comment',
  ]
  fs.writeFileSync(path.join(directory, 'a.nt'), lines.join('\r\n'))
  const at = { cwd: directory }
  assert.match(run(['import', 'x.db', 'a.nt'], at).stdout, /^3 facts loaded/)
  const out = run(['export', 'x.db'], at).stdout
  assert.deepEqual(out.trim().split('\n').sort(), [
    '<http://e/a> <http://e/age> "4"^^<http://www.w3.org/2001/XMLSchema#int> .',
    '<http://e/a> <http://e/p> <http://e/b> .',
    '_:b1 <http://e/name> "A \\"q\\" \\\\ é\\n"@en-GB .',
  ])
  assert.match(run(['import', '--format', 'nt', 'y.db', '-'], { ...at, input: out }).stdout, /^3 facts/)
  assert.equal(run(['export', 'y.db'], at).stdout, out)
  fs.writeFileSync(path.join(directory, 'a.nq'), '<http://e/a> <http://e/p> <http://e/c> <http://e/g> .\n')
  run(['import', 'x.db', 'a.nq'], at)
  assert.match(run(['export', 'x.db', '--format=jsonl'], at).stdout, /"edgeProperties":\{"graph":"http:\/\/e\/g"\}/)
  fs.writeFileSync(path.join(directory, 'bad.nt'), '<http://e/a> <http://e/p> <http://e/z> .\nnonsense\n')
  const bad = run(['import', 'z.db', 'bad.nt'], at)
  assert.deepEqual([bad.status, /bad\.nt:2: the subject must be an IRI or a blank node/.test(bad.stderr)], [1, true])
  assert.match(run(['import', 'z.db', 'bad.nt', '--skip-bad'], at).stdout, /^1 facts loaded, 1 bad lines/)
  assert.match(run(['import', 'z.db', 'missing.nt'], at).stderr, /ENOENT/)
})

test('CSV and JSON lines go in and come out', () => {
  const directory = path.dirname(fresh())
  const at = { cwd: directory }
  fs.writeFileSync(path.join(directory, 'a.csv'), 'from,kind,to\na,"says ""hi"", and",b\n"line\nbreak",x,y\n')
  assert.match(run(['import', 'x.db', 'a.csv', '--columns=from,kind,to'], at).stdout, /^2 facts/)
  assert.match(run(['import', 'x.db', 'a.csv'], at).stderr, /there is no column subject/)
  const csv = run(['export', 'x.db', '--format=csv'], at).stdout
  assert.equal(csv, 'subject,predicate,object\na,"says ""hi"", and",b\n"line\nbreak",x,y\n')
  const records = [
    { subject: 'a', predicate: 'p', object: 'b', subjectProperties: { n: 1 }, edgeProperties: { w: [1] } },
    { subject: '', predicate: 'ünï', object: '"quoted"' },
  ]
  fs.writeFileSync(
    path.join(directory, 'a.jsonl'),
    `${records.map((record) => JSON.stringify(record)).join('\n')}\n{"node":"b","properties":{"labels":["L"]}}\n`,
  )
  run(['import', 'y.db', 'a.jsonl'], at)
  run(['export', 'y.db', 'out.jsonl'], at)
  const found = fs
    .readFileSync(path.join(directory, 'out.jsonl'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(found, [{ ...records[0], objectProperties: { labels: ['L'] } }, records[1]])
  // Strings that are no terms of RDF survive N-Triples all the same.
  run(['export', 'y.db', 'out.nt'], at)
  run(['import', 'z.db', 'out.nt'], at)
  assert.match(run(['export', 'z.db', '--format=csv'], at).stdout, /^,ünï,"""quoted"""$/m)
})

test('the dashboard answers and only reads', async () => {
  const file = await example()
  const child = spawn(process.execPath, [cli, 'serve', file, '--port=0'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [chunk] = await new Promise((resolve) => child.stdout.once('data', (...data) => resolve(data)))
  const [url] = /http:\S+/.exec(String(chunk))
  const page = await fetch(url)
  assert.match(page.headers.get('content-security-policy'), /default-src 'none'/)
  assert.match(await page.text(), /<title>NervusDB<\/title>/)
  assert.equal((await (await fetch(`${url}figures`)).json()).triples, 3_001)
  assert.equal((await fetch(url, { method: 'POST' })).status, 405)
  assert.equal((await fetch(`${url}other`)).status, 404)
  child.kill('SIGTERM')
  assert.equal(await new Promise((resolve) => child.once('exit', resolve)), 0)
})
