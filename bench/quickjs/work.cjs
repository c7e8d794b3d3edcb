// What is measured, in whichever engine this runs: prints µs of each operation as JSON. Its arguments: a directory, how many rounds.
'use strict'
const fs = require('fs')
const [root, rounds] = [process.argv[2] ?? '/bench', Number(process.argv[3] ?? 5)]

fs.mkdirSync(`${root}/d`, { recursive: true })
fs.writeFileSync(`${root}/d/small`, 'x'.repeat(4096))
const line = 'y'.repeat(1024)

const OPERATIONS = {
  stat: [20000, () => fs.statSync(`${root}/d/small`).size],
  read: [5000, () => fs.readFileSync(`${root}/d/small`, 'utf8').length],
  write: [5000, (i) => fs.writeFileSync(`${root}/d/w${i % 100}`, line)],
}
const now = () => Number(process.hrtime.bigint()) / 1000
const found = {}
for (const [name, [count, operation]] of Object.entries(OPERATIONS)) {
  let best = Infinity
  for (let round = 0; round < rounds; round++) {
    const begun = now()
    for (let i = 0; i < count; i++) operation(i)
    best = Math.min(best, (now() - begun) / count)
  }
  found[name] = best
}
// Modules as large as those of packages are, all of them once.
fs.mkdirSync(`${root}/modules`, { recursive: true })
const part = (n) => `
exports.part${n} = function part${n}(input, { depth = ${n}, seen = new Map() } = {}) {
  if (seen.has(input)) return seen.get(input)
  const out = []
  for (const [key, value] of Object.entries(input ?? {})) {
    if (typeof value === 'object') out.push(exports.part${n}(value, { depth: depth + 1, seen }))
    else out.push(\`\${key}:\${value}\`)
  }
  seen.set(input, out)
  return out.join(',')
}`
const body = Array.from({ length: 10 }, (_, n) => part(n)).join('\n')
for (let i = 0; i < 1000; i++) fs.writeFileSync(`${root}/modules/m${i}.js`, `exports.n = ${i}\n${body}`)
const begun = now()
for (let i = 0; i < 1000; i++) require(`${root}/modules/m${i}.js`)
found.require = (now() - begun) / 1000
console.log(JSON.stringify(found))
