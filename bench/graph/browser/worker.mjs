// One store in a worker, where the private file system is: asked as in Node.
import { repeated } from '../data.mjs'
import { queries } from '../queries.mjs'

onmessage = async ({ data: [name, d] }) => {
  const { open } = await SUBJECTS[name]()
  const subject = await open('')
  const begin = performance.now()
  await subject.load(repeated(d))
  const load = ((performance.now() - begin) / d ** 3) * 1000
  postMessage({ load, ...(await queries(subject, d, false)) })
  await subject.close()
}

const SUBJECTS = {
  nervusdb: () => import('../subjects/nervusdb.mjs'),
  n3: () => import('../subjects/n3.mjs'),
  'rdf-stores-record': () => import('../subjects/rdf-stores-record.mjs'),
  'rdf-stores-map': () => import('../subjects/rdf-stores-map.mjs'),
}
