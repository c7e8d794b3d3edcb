const { rollup } = require('rollup')
const fs = require('fs')
const path = require('path')
const dir = path.join(process.argv[2], 'rollup')
fs.mkdirSync(dir, { recursive: true })
fs.writeFileSync(
  path.join(dir, 'main.js'),
  "import { used } from './lib.js'; import('./late.js').then((m) => m.go(used)); export default class A {}",
)
fs.writeFileSync(
  path.join(dir, 'lib.js'),
  'export const used = 1; export const unused = () => sideEffect(); /*#__PURE__*/ f()',
)
fs.writeFileSync(path.join(dir, 'late.js'), 'export const go = console.log')
async function main() {
  const bundle = await rollup({ input: path.join(dir, 'main.js'), onwarn: (warning) => console.log(warning.code) })
  for (const format of ['es', 'cjs']) {
    const { output } = await bundle.generate({ format, exports: 'named' })
    for (const chunk of output) console.log(chunk.fileName, chunk.exports, chunk.code)
  }
  await bundle.write({ dir: path.join(dir, 'out'), format: 'es' })
  console.log(fs.readdirSync(path.join(dir, 'out')))
  await rollup({ input: path.join(dir, 'nope.js') }).catch((error) => console.log(error.code))
}
main()
