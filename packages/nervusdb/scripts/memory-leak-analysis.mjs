// Looks for leaks: opens, inserts 1,000, queries and closes, again and again, and tells what grows without end.
//
//   node --expose-gc scripts/memory-leak-analysis.mjs [rounds=1000]
//
// The rounds are measured in turns. A leak grows in every turn; what the JavaScript engine makes only once (compiled code,
// tables that double) does not. So heap and external memory each have to have a turn in which they grow by less than 2,000
// bytes a round, and open files and listeners on `process` one in which they do not grow; else it exits with 1.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { NervusDB } from 'nervusdb'

const BYTES_A_ROUND = 2_000
const TURNS = 10
const WARM_UP = 10
const rounds = Number(process.argv[2] ?? 1000)
if (typeof globalThis.gc !== 'function') {
  console.error('run it with --expose-gc')
  process.exit(2)
}
const directory = mkdtempSync(path.join(tmpdir(), 'nervusdb-leaks-'))

async function round(n) {
  // Some rounds end otherwise: in memory, half-way through an open that fails, dropped without a close.
  const kind = n % 10
  const db = await NervusDB.open(kind === 1 ? ':memory:' : path.join(directory, `${n % 3}.db`), {
    enableLock: kind === 2,
  })
  await NervusDB.open(directory).catch(() => {})
  for (let i = 0; i < 1_000; i++) db.addFact({ subject: `s${i % 50}`, predicate: `p${i % 5}`, object: `o${i}` })
  db.setNodeProperties(0, { round: n, labels: ['L'] })
  const query = db.find({ subject: 's1' })
  query.follow('p1').all()
  for await (const _ of query) break
  await db.withSnapshot(() => db.findByLabel('L').all())
  if (kind === 3) db[Symbol.dispose]()
  else await db.close()
}

async function measure() {
  for (let n = 0; n < 4; n++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0)
  const handles = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
  return { heapUsed, external, arrayBuffers, listeners, handles }
}

try {
  for (let n = 0; n < WARM_UP; n++) await round(n)
  const limit = (name) => (name === 'listeners' || name === 'handles' ? 0 : BYTES_A_ROUND * rounds)
  let before = await measure()
  let growing = Object.keys(before)
  for (let turn = 1; turn <= TURNS && growing.length > 0; turn++) {
    for (let n = 0; n < rounds; n++) await round(n)
    const after = await measure()
    console.log(
      `turn ${turn}: ${Object.keys(after)
        .map((name) => `${name} ${after[name]} (${after[name] - before[name]})`)
        .join(', ')}`,
    )
    growing = growing.filter((name) => after[name] - before[name] > limit(name))
    before = after
  }
  console.log(
    growing.length > 0
      ? `grew in each of ${TURNS} turns of ${rounds} rounds: ${growing.join(', ')}`
      : `nothing leaks over turns of ${rounds} rounds`,
  )
  process.exitCode = growing.length > 0 ? 1 : 0
} finally {
  rmSync(directory, { recursive: true, force: true })
}
