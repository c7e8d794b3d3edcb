import fs from 'node:fs'
import path from 'node:path'
import { rimraf, rimrafSync } from 'rimraf'
const dir = path.join(process.argv[2], 'rimraf')
for (let i = 0; i < 40; i++) {
  fs.mkdirSync(path.join(dir, `a${i % 5}/b${i}`), { recursive: true })
  fs.writeFileSync(path.join(dir, `a${i % 5}/b${i}/c`), '')
}
fs.symlinkSync('a0', path.join(dir, 'link'))
console.log(await rimraf(path.join(dir, 'a1')), fs.readdirSync(dir))
console.log(await rimraf(`${dir}/a[23]`, { glob: true }), fs.readdirSync(dir))
console.log(rimrafSync(path.join(dir, 'link')), fs.readdirSync(dir))
console.log(await rimraf(dir), fs.existsSync(dir))
