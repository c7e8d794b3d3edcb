import { DataFactory, Store } from 'n3'

const { namedNode, quad } = DataFactory
const node = (text) => (text === undefined ? null : namedNode(text))

export async function open() {
  const store = new Store()
  return {
    load(facts) {
      for (const [s, p, o] of facts) store.addQuad(quad(namedNode(s), namedNode(p), namedNode(o)))
    },
    find: (s, p, o) => store.getQuads(node(s), node(p), node(o), null),
    count: (s, p, o) => store.countQuads(node(s), node(p), node(o), null),
    scan: () => store.getQuads(null, null, null, null).length,
    text: (q) => q.subject.value.length + q.predicate.value.length + q.object.value.length,
    close() {},
  }
}
