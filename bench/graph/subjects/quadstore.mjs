import path from 'node:path'
import { ClassicLevel } from 'classic-level'
import { DataFactory } from 'rdf-data-factory'
import { Quadstore } from 'quadstore'

const factory = new DataFactory()
const node = (text) => (text === undefined ? undefined : factory.namedNode(text))
const BATCH = 10_000

export async function open(directory) {
  const store = new Quadstore({ backend: new ClassicLevel(path.join(directory, 'level')), dataFactory: factory })
  await store.open()
  const pattern = (s, p, o) => ({ subject: node(s), predicate: node(p), object: node(o) })
  const find = async (s, p, o) => (await store.get(pattern(s, p, o))).items
  return {
    async load(facts) {
      let batch = []
      for (const [s, p, o] of facts) {
        batch.push(factory.quad(factory.namedNode(s), factory.namedNode(p), factory.namedNode(o)))
        if (batch.length < BATCH) continue
        await store.multiPut(batch)
        batch = []
      }
      await store.multiPut(batch)
    },
    find,
    count: async (s, p, o) => (await find(s, p, o)).length,
    scan: async () => (await find()).length,
    text: (q) => q.subject.value.length + q.predicate.value.length + q.object.value.length,
    close: () => store.close(),
  }
}
