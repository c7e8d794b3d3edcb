// Makes the sources of the JavaScript side small, for modules that are downloaded: `node minify.mjs < LIST`, where LIST is JSON,
// `[{ "name", "source" }]`; prints the same with what became of each. Functions and classes keep their names, which stack traces show.
import { readFileSync } from 'node:fs'
import { minifySync } from 'oxc-minify'

const keepNames = { function: true, class: true }
const options = { module: false, compress: { keepNames }, mangle: { toplevel: false, keepNames } }

function small({ name, source }) {
  // As a value that is assigned, or nobody would need it.
  const { code, errors } = minifySync(`${name}.js`, `_=${source}`, options)
  if (errors.length > 0) throw new Error(`${name}: ${errors[0].message}`)
  return { name, source: code.replace(/^_=/, '').replace(/;\s*$/, '') }
}
console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(small)))
