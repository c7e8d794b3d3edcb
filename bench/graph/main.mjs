// The store of facts beside its rivals, in Node: node main.mjs [ROW] [--quick] [--json]
//
// Rows as `cargo xtask bench` prints them: row, ours, peer, ratio of the costs (under 1 is ahead), goal, unit.
import { execFileSync } from 'node:child_process'
import { missing } from '../../packages/nervusdb/examples/wordnet-facts.mjs'

const isQuick = process.argv.includes('--quick')
const asJson = process.argv.includes('--json')
const [filter = ''] = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const D = isQuick ? 48 : 128
const ROUNDS = Number(process.env.TARBOX_BENCH_ROUNDS ?? (isQuick ? 1 : 3))
let [goals, over] = [0, 0]

function run(script, ...args) {
  const output = execFileSync(process.execPath, ['--expose-gc', '--max-old-space-size=6000', script, ...args], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    env: { ...process.env, SYNAPSEDB_SILENCE_QUERY_WARNINGS: '1' },
  })
  return JSON.parse(output.trim().split('\n').at(-1))
}

function row(name, ours, peer, goal, unit) {
  if (!name.startsWith(filter) || !(ours > 0) || !(peer > 0)) return
  const ratio = ours / peer
  const verdict = goal === undefined ? '-' : ratio <= goal ? 'ok' : 'over'
  goals += goal === undefined ? 0 : 1
  over += verdict === 'over' ? 1 : 0
  if (asJson) console.log(JSON.stringify({ row: name, ours, peer, ratio, goal, verdict, unit }))
  else
    console.log(
      [
        name,
        ours.toFixed(3),
        peer.toFixed(3),
        ratio.toFixed(3),
        goal === undefined ? '-' : `${verdict} <= ${goal}`,
        unit,
      ].join('\t'),
    )
}

const wants = (...names) => names.some((name) => name.startsWith(filter) || filter.startsWith(name))
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** Several processes each, in turns; the median of every figure. */
function turns(names, data, d) {
  const found = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of round % 2 === 0 ? names : [...names].reverse())
      found[name].push(run('subject.mjs', name, data, String(d)))
  }
  return Object.fromEntries(
    names.map((name) => {
      const keys = Object.keys(found[name][0])
      return [name, Object.fromEntries(keys.map((key) => [key, median(found[name].map((result) => result[key]))]))]
    }),
  )
}

const MEMORY = ['n3', 'rdf-stores-record', 'rdf-stores-map']
const QUERIES = { exact: 'exact', sp: 'S P ?', s: 'S ? ?', p: '? P ?', o: '? ? O', count: 'count S ? ?', scan: 'scan' }

if (wants('graph memory')) {
  const all = turns(['nervusdb', ...MEMORY], 'repeated', D)
  const ours = all.nervusdb
  const least = (key) => Math.min(...MEMORY.map((name) => all[name][key]))
  row('graph memory load vs fastest in memory', ours.load, least('load'), 1, 'µs/fact')
  row('graph memory load vs goal', ours.load, 0.5, 1, 'µs/fact')
  for (const name of MEMORY) row(`graph memory load vs ${name}`, ours.load, all[name].load, undefined, 'µs/fact')
  for (const [key, name] of Object.entries(QUERIES)) {
    row(`graph memory ${name} vs fastest`, ours[key], least(key), 1, 'µs')
    for (const rival of MEMORY) row(`graph memory ${name} vs ${rival}`, ours[key], all[rival][key], undefined, 'µs')
  }
  row('graph memory resident vs leanest', ours.resident, least('resident'), 0.6, 'MB')
  row('graph memory disk vs goal', ours.disk, 12, 1, 'bytes/fact')
}
if (wants('graph unique')) {
  const all = turns(['nervusdb', 'n3'], 'unique', isQuick ? D : 100)
  row('graph unique load vs n3', all.nervusdb.load, all.n3.load, undefined, 'µs/fact')
  row('graph unique load vs goal', all.nervusdb.load, 1 / 1.8, 1, 'µs/fact')
}
if (wants('graph wordnet')) {
  const problem = missing()
  if (problem !== undefined) console.error(`graph wordnet: left out: ${problem}`)
  else {
    const all = turns(['nervusdb', ...MEMORY], 'wordnet', 0)
    for (const name of MEMORY)
      row(`graph wordnet load vs ${name}`, all.nervusdb.load, all[name].load, name === 'n3' ? 1 : undefined, 'µs/fact')
    row(
      'graph wordnet resident vs leanest',
      all.nervusdb.resident,
      Math.min(...MEMORY.map((name) => all[name].resident)),
      undefined,
      'MB',
    )
  }
}
if (wants('graph chromium')) {
  const all = run('chromium.mjs', String(D / 2), 'nervusdb', ...MEMORY)
  for (const [key, name] of Object.entries({ load: 'load', ...QUERIES })) {
    const least = Math.min(...MEMORY.map((rival) => all[rival][key]))
    row(
      `graph chromium ${name} vs fastest in memory`,
      all.nervusdb[key],
      least,
      undefined,
      key === 'load' ? 'µs/fact' : 'µs',
    )
  }
}
if (wants('graph small')) {
  for (const [rival, d] of [
    ['quadstore', D / 2],
    ['oxigraph', D / 4],
  ]) {
    const [ours, theirs] = ['nervusdb', rival].map((name) => run('subject.mjs', name, 'repeated', String(d)))
    row(`graph small load vs ${rival}`, ours.load, theirs.load, rival === 'quadstore' ? 0.02 : undefined, 'µs/fact')
    for (const [key, name] of Object.entries(QUERIES))
      row(`graph small ${name} vs ${rival}`, ours[key], theirs[key] ?? 0, undefined, 'µs')
  }
}
if (wants('graph goals')) {
  const alone = run('alone.mjs', ...(isQuick ? ['--quick'] : []))
  row('graph goals single addFact vs goal', alone.single, 2.5, 1, 'µs')
  row('graph goals durable commit vs append+fdatasync', alone.durable, alone.bare, 1.2, 'µs')
  row('graph goals reopen vs goal', alone.reopen / 1000, 10, 1, 'ms')
  row(
    `graph goals reopen after kill -9 (${Math.round(alone.logBytes / 1e6)} MB of log) vs goal`,
    alone.recovery / 1000,
    1000,
    1,
    'ms',
  )
  row(`graph goals growth of a lookup, ${isQuick ? '1' : '10'} M vs 100 K facts`, alone.large, alone.small, 1.5, 'µs')
}
console.error(`${goals - over} of ${goals} goals met`)
