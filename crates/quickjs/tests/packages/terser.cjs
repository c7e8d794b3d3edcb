const { minify } = require('terser')
const source =
  'function add(first, second) { if (false) { dead() } const sum = first + second; return sum } class A { #x = 1; get x() { return this.#x } } console.log(add(1, 2), new A().x, a?.b ?? `c${1 + 1}`)'
async function main() {
  console.log((await minify(source, { toplevel: true })).code)
  const made = await minify({ 'in.js': source }, { sourceMap: { filename: 'out.js' }, mangle: { properties: true } })
  console.log(made.code, made.map)
  await minify('let = ;').catch((error) => console.log(error.name, error.message, error.line, error.col))
}
main()
