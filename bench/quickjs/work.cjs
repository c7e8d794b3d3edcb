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
// Modules that need each other, all of them once.
fs.mkdirSync(`${root}/modules`, { recursive: true })
for (let i = 0; i < 1000; i++)
  fs.writeFileSync(`${root}/modules/m${i}.js`, `exports.n = ${i}; exports.f = (a) => a + ${i}`)
const begun = now()
for (let i = 0; i < 1000; i++) require(`${root}/modules/m${i}.js`)
found.require = (now() - begun) / 1000
console.log(JSON.stringify(found))
