// What has no rival but a goal, or the bare device: node alone.mjs; prints one JSON object.
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { NervusDB } from 'nervusdb'
import { places, repeated, term } from './data.mjs'

const isQuick = process.argv.includes('--quick')
const directory = fs.mkdtempSync(path.join(process.env.TARBOX_BENCH_DIR ?? process.cwd(), 'graph-alone-'))
const results = {}
const fact = (n) => ({ subject: `s${n % 1000}`, predicate: `p${n % 7}`, object: `o${n % 5000}` })
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]

/** A process that writes so much log and is killed. */
async function killed(file, facts) {
  const program = `
        import { NervusDB } from 'nervusdb';
        const db = await NervusDB.open(${JSON.stringify(file)});
        const batch = (from) => Array.from({ length: 10_000 }, (_, n) => ({ subject: 's' + (from + n) % 1000, predicate: 'p', object: 'o' + (from + n) % 65_537 }));
        for (let n = 0; n < ${facts}; n += 10_000) db.addBatch(batch(n));
        console.log('done');
        setInterval(() => {}, 1e6);`
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout.once('data', resolve))
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('exit', resolve))
}

const timed = async (work) => {
  const begin = performance.now()
  const value = await work()
  return [(performance.now() - begin) * 1000, value]
}

try {
  const file = path.join(directory, 'single.db')
  let db = await NervusDB.open(file)
  for (let n = 0; n < 20_000; n++) db.addFact(fact(n))
  const count = isQuick ? 50_000 : 300_000
  const begin = performance.now()
  for (let n = 0; n < count; n++) db.addFact(fact(n * 31))
  results.single = ((performance.now() - begin) / count) * 1000

  const bare = fs.openSync(path.join(directory, 'bare'), 'w')
  const bytes = Buffer.alloc(30, 7)
  const [ours, theirs] = [[], []]
  for (let n = 0; n < (isQuick ? 30 : 150); n++) {
    db.beginBatch()
    db.addFact(fact(n * 17))
    ours.push((await timed(() => db.commitBatch({ durable: true })))[0])
    theirs.push(
      (
        await timed(() => {
          fs.writeSync(bare, bytes, 0, bytes.length, n * bytes.length)
          fs.fdatasyncSync(bare)
        })
      )[0],
    )
  }
  fs.closeSync(bare)
  results.durable = median(ours)
  results.bare = median(theirs)
  await db.close()

  const clean = []
  for (let n = 0; n < 9; n++) {
    const [spent, opened] = await timed(() => NervusDB.open(file))
    clean.push(spent)
    await opened.close()
  }
  results.reopen = median(clean)

  const killedFile = path.join(directory, 'killed.db')
  await killed(killedFile, isQuick ? 500_000 : 5_000_000)
  const logs = fs.readdirSync(`${killedFile}.pages`).filter((name) => name.endsWith('.log'))
  results.logBytes = Math.max(...logs.map((name) => fs.statSync(path.join(`${killedFile}.pages`, name)).size))
  const [recovery, recovered] = await timed(() => NervusDB.open(killedFile))
  results.recovery = recovery
  await recovered.close()

  // The same kind of data, a hundred times as much.
  for (const [name, d] of [
    ['small', 46],
    ['large', isQuick ? 100 : 215],
  ]) {
    // Both fit the cache: what grows is the work, not the waiting for a device.
    const db = await NervusDB.open(path.join(directory, `${name}.db`), { cacheSize: 64 << 20 })
    let batch = []
    for (const [subject, predicate, object] of repeated(d)) {
      batch.push({ subject, predicate, object })
      if (batch.length === 10_000) db.addBatch(batch.splice(0))
    }
    db.addBatch(batch)
    await db.flush()
    const at = (place) => ({
      subject: term(Math.floor(place / d / d)),
      predicate: term(Math.floor(place / d) % d),
      object: term(place % d),
    })
    const best = []
    for (let round = 0; round < 5; round++) {
      const begin = performance.now()
      for (const place of places(d, 20_000)) db.find(at(place)).all()
      best.push(((performance.now() - begin) / 20_000) * 1000)
    }
    results[name] = Math.min(...best)
    await db.close()
  }
} finally {
  fs.rmSync(directory, { recursive: true, force: true })
}
console.log(JSON.stringify(results))
