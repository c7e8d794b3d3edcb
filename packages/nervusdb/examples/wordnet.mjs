// WordNet as a graph: senses of a word, what it is a kind of, and the way from one sense to another.
//
//   apt-get install wordnet-base
//   node examples/wordnet.mjs [word] [sense] [sense]      such as: node examples/wordnet.mjs whale whale.n coffee.n
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { NervusDB } from 'nervusdb'
import { missing, wordnet } from './wordnet-facts.mjs'

const problem = missing()
if (problem !== undefined) {
  console.error(problem)
  process.exit(1)
}
const [word = 'whale', from = 'whale', to = 'coffee'] = process.argv.slice(2)

const directory = mkdtempSync(path.join(tmpdir(), 'wordnet-'))
const db = await NervusDB.open(path.join(directory, 'wordnet.db'))
try {
  const begin = performance.now()
  let facts = []
  for await (const some of wordnet()) {
    facts.push(...some)
    if (facts.length > 10_000) db.addFacts(facts.splice(0))
  }
  db.addFacts(facts)
  await db.flush()
  console.log(
    `${db.find({}).length.toLocaleString('en')} facts in ${((performance.now() - begin) / 1000).toFixed(1)} s`,
  )

  const text = (synset, predicate) =>
    db
      .find({ subject: synset, predicate })
      .all()
      .map(({ object }) => object)
  const senses = (what, kind) =>
    db
      .find({ predicate: 'word', object: what })
      .all()
      .map(({ subject }) => subject)
      .filter((id) => kind === undefined || id.startsWith(kind))
  console.log(`\nsenses of ${word}:`)
  for (const synset of senses(word)) console.log(`  ${text(synset, 'word').join(', ')}: ${text(synset, 'gloss')[0]}`)

  const [start, end] = [senses(from, 'n')[0], senses(to, 'n')[0]]
  const predicates = ['is a', 'is an', 'has kind', 'has instance', 'part of', 'has part', 'member of', 'has member']
  const found = start && end ? db.shortestPathBidirectional(start, end, { predicates, maxHops: 30 }) : null
  console.log(`\nfrom ${from} to ${to}:`)
  if (found === null) console.log('  no path')
  else
    for (const { subject, predicate, object } of found)
      console.log(`  ${text(subject, 'word')[0]} ${predicate} ${text(object, 'word')[0]}`)

  const deep = db.find({ subject: start }).followPath('is a', { max: 30 }).all()
  console.log(`\n${from} is, in the end: ${deep.map(({ object }) => text(object, 'word')[0]).join(' < ')}`)
} finally {
  await db.close()
  rmSync(directory, { recursive: true })
}
