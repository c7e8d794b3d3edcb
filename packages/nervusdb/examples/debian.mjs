// The packages this machine has as a graph: what breaks if one goes, and why is another here?
//
//   node examples/debian.mjs [package] [from] [to]
import { createReadStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { NervusDB } from 'nervusdb'

const [name = 'libc6', from = 'git', to = 'libc6'] = process.argv.slice(2)
const status = process.env.DPKG_STATUS ?? '/var/lib/dpkg/status'

/** The stanzas of a control file: field by name. */
async function* stanzas(file) {
  let stanza = {}
  let field = ''
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (line === '') {
      if (stanza.Package !== undefined) yield stanza
      stanza = {}
    } else if (/^\s/.test(line)) stanza[field] += line
    else {
      field = line.slice(0, line.indexOf(':'))
      stanza[field] = line.slice(field.length + 1).trim()
    }
  }
  if (stanza.Package !== undefined) yield stanza
}

/** Names in `a (>= 1), b | c`; of alternatives, each. */
const names = (list = '') =>
  list
    .split(/[,|]/)
    .map((part) => part.trim().split(/[ :(]/)[0])
    .filter((part) => part !== '')

const directory = mkdtempSync(path.join(tmpdir(), 'debian-'))
const db = await NervusDB.open(path.join(directory, 'packages.db'))
try {
  db.beginBatch()
  for await (const stanza of stanzas(status)) {
    if (!stanza.Status?.includes(' installed')) continue
    const subject = stanza.Package
    const properties = {
      version: stanza.Version,
      kilobytes: Number(stanza['Installed-Size'] ?? 0),
      labels: [stanza.Priority ?? 'optional'],
    }
    db.addFact(
      { subject, predicate: 'in section', object: stanza.Section ?? 'none' },
      { subjectProperties: properties },
    )
    for (const object of names(stanza['Pre-Depends'])) db.addFact({ subject, predicate: 'depends on', object })
    for (const object of names(stanza.Depends)) db.addFact({ subject, predicate: 'depends on', object })
    for (const object of names(stanza.Recommends)) db.addFact({ subject, predicate: 'recommends', object })
    for (const object of names(stanza.Provides)) db.addFact({ subject, predicate: 'provides', object })
  }
  db.commitBatch({ durable: true })
  console.log(`${db.find({}).length} facts about ${db.find({ predicate: 'in section' }).length} packages`)

  const broken = db
    .find({ predicate: 'depends on', object: name })
    .followPath('depends on', { max: 20 }, { direction: 'reverse' })
  const direct = db.find({ predicate: 'depends on', object: name }).all()
  const all = new Set([...direct, ...broken.all()].map(({ subject }) => subject))
  const size = [...all].reduce((sum, one) => sum + (db.getNodeProperties(db.getNodeId(one))?.kilobytes ?? 0), 0)
  console.log(
    `without ${name}, ${direct.length} packages break at once, ${all.size} in the end: ${Math.round(size / 1024)} MB`,
  )

  const why = db.shortestPath(from, to, { predicates: ['depends on', 'recommends'], maxHops: 20 })
  console.log(
    why === null
      ? `${from} does not need ${to}`
      : ['why:', from, ...why.map(({ predicate, object }) => `${predicate} ${object}`)].join('\n  '),
  )

  const top = db
    .aggregate()
    .match({ predicate: 'depends on' })
    .groupBy(['object'])
    .count()
    .orderBy('count', 'DESC')
    .limit(5)
    .execute()
  console.log('needed most:', top.map(({ object, count }) => `${object} (${count})`).join(', '))
  console.log(
    'essential enough to be required:',
    db.findByLabel('required').whereProperty('kilobytes', '>', 5_000).length,
    'facts of large packages',
  )
} finally {
  await db.close()
  rmSync(directory, { recursive: true })
}
