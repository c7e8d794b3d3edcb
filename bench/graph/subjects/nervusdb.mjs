import { NervusDB } from 'nervusdb'

const BATCH = 10_000

/** Ours, in files: durable when the load is done. */
export async function open(directory) {
  const db = await NervusDB.open(`${directory}graph.db`)
  return {
    async load(facts) {
      // A batch is a stream of facts, as a parser would give them.
      const source = facts[Symbol.iterator]()
      for (let isMore = true; isMore; ) {
        isMore = db.addBatch(batchOf(source)) === BATCH
      }
      await db.flush()
    },
    find: (subject, predicate, object) => db.find({ subject, predicate, object }).all(),
    count: (subject, predicate, object) => db.find({ subject, predicate, object }).length,
    scan: () => db.listFacts().length,
    text: (record) => record.subject.length + record.predicate.length + record.object.length,
    close: () => db.close(),
  }
}

function* batchOf(source) {
  for (let left = BATCH; left > 0; left--) {
    const { done, value } = source.next()
    if (done) return
    const [subject, predicate, object] = value
    yield { subject, predicate, object }
  }
}
