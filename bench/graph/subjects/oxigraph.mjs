import oxigraph from 'oxigraph'

const { Store, namedNode, quad } = oxigraph
const node = (text) => (text === undefined ? null : namedNode(text))

export async function open() {
  const store = new Store()
  return {
    load(facts) {
      for (const [s, p, o] of facts) store.add(quad(namedNode(s), namedNode(p), namedNode(o)))
    },
    find: (s, p, o) => store.match(node(s), node(p), node(o), null),
    count: (s, p, o) => store.match(node(s), node(p), node(o), null).length,
    scan: () => store.match(null, null, null, null).length,
    text: (q) => q.subject.value.length + q.predicate.value.length + q.object.value.length,
    close() {},
  }
}
