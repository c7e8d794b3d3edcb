const babel = require('@babel/core')
const source =
  'class A { #x = 1; static { this.y = a?.b ?? c; } get x() { return this.#x ** 2 } }\nexport default async function* g() { yield* new A() }'
console.log(babel.transformSync(source, { configFile: false, babelrc: false, compact: false }).code)
const swap = () => ({
  visitor: {
    Identifier(path) {
      if (path.node.name === 'a') path.node.name = 'renamed'
    },
  },
})
const made = babel.transformSync('const a = 1; f(a)', {
  plugins: [swap],
  configFile: false,
  babelrc: false,
  sourceMaps: true,
  filename: 'in.js',
})
console.log(made.code, JSON.stringify(made.map))
try {
  babel.parseSync('let = ;', { configFile: false, babelrc: false })
} catch (error) {
  console.log(error.code, error.message)
}
