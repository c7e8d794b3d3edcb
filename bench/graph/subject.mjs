// Measures one subject in a process of its own: node --expose-gc subject.mjs NAME DATA D; prints one JSON object.
//
// DATA is repeated or unique, with D³ facts, or wordnet. Costs are microseconds.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { wordnet } from '../../packages/nervusdb/examples/wordnet-facts.mjs'
import { repeated, unique } from './data.mjs'
import { queries } from './queries.mjs'

const [name, data, size] = process.argv.slice(2)
const d = Number(size)
const directory = mkdtempSync(path.join(process.env.TARBOX_BENCH_DIR ?? process.cwd(), `graph-${name}-`))
const { open } = await import(`./subjects/${name}.mjs`)
const results = {}
const isSlow = name === 'quadstore' || name === 'oxigraph'

try {
  const subject = await open(`${directory}/`)
  // WordNet is read before, so that reading it does not count.
  const facts = data === 'wordnet' ? await wordnetFacts() : data === 'unique' ? unique(d) : repeated(d)
  const count = facts.length ?? d ** 3
  const begin = performance.now()
  await subject.load(facts)
  results.load = ((performance.now() - begin) / count) * 1000
  globalThis.gc()
  globalThis.gc()
  results.resident = process.memoryUsage().rss / 1e6
  if (data === 'repeated') Object.assign(results, await queries(subject, d, isSlow))
  await subject.close()
  results.disk = bytesOf(directory) / count
} finally {
  rmSync(directory, { recursive: true, force: true })
}
console.log(JSON.stringify(results))

async function wordnetFacts() {
  const facts = []
  for await (const some of wordnet())
    for (const { subject, predicate, object } of some) facts.push([subject, predicate, object])
  return facts
}

function bytesOf(directory) {
  const names = readdirSync(directory, { recursive: true, withFileTypes: true })
  return names
    .filter((entry) => entry.isFile())
    .reduce((total, entry) => total + statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size, 0)
}
