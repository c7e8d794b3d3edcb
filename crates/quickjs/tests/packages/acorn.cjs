const acorn = require('acorn')
const tree = acorn.parse('const f = async (a, ...b) => { for await (const x of a) yield_(x?.y ?? b) }', {
  ecmaVersion: 'latest',
  locations: true,
})
console.log(JSON.stringify(tree))
console.log([...acorn.tokenizer('a => `b${c}`', { ecmaVersion: 2022 })].map((token) => token.type.label).join())
try {
  acorn.parse('let let = 1', { ecmaVersion: 2022 })
} catch (error) {
  console.log(error.name, error.message, error.pos)
}
