import { rdfStore } from './rdf-stores.mjs'

export const open = async () => rdfStore('map')
