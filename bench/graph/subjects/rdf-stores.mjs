import { DataFactory } from 'rdf-data-factory'
import {
  RdfStore,
  RdfStoreIndexNestedMap,
  RdfStoreIndexNestedRecord,
  TermDictionaryNumberRecordFullTerms,
} from 'rdf-stores'

const factory = new DataFactory()
const node = (text) => (text === undefined ? undefined : factory.namedNode(text))

/** Its three indexes, of one kind. */
export function rdfStore(kind) {
  const Index = kind === 'map' ? RdfStoreIndexNestedMap : RdfStoreIndexNestedRecord
  const store = new RdfStore({
    indexCombinations: RdfStore.DEFAULT_INDEX_COMBINATIONS,
    indexConstructor: (options) => new Index(options),
    dictionary: new TermDictionaryNumberRecordFullTerms(),
    dataFactory: factory,
  })
  return {
    load(facts) {
      for (const [s, p, o] of facts)
        store.addQuad(factory.quad(factory.namedNode(s), factory.namedNode(p), factory.namedNode(o)))
    },
    find: (s, p, o) => store.getQuads(node(s), node(p), node(o)),
    count: (s, p, o) => store.countQuads(node(s), node(p), node(o)),
    scan: () => store.getQuads().length,
    text: (q) => q.subject.value.length + q.predicate.value.length + q.object.value.length,
    close() {},
  }
}
