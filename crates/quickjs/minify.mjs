// Makes the sources in a directory small: `node minify.mjs DIR`. Each is a function. Functions and classes in it keep their names, which
// stack traces and messages show.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { minifySync } from 'oxc-minify'

const keepNames = { function: true, class: true }
const options = { module: false, compress: { keepNames }, mangle: { toplevel: false, keepNames } }
const [dir] = process.argv.slice(2)

for (const name of readdirSync(dir)) {
  const file = join(dir, name)
  // As a value that is assigned, or nobody would need it.
  const { code, errors } = minifySync(name, `_=${readFileSync(file, 'utf8')}`, options)
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`)
  writeFileSync(file, code.replace(/^_\s*=\s*/, '').replace(/;\s*$/, ''))
}
