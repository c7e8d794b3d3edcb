import fs from 'node:fs'
import path from 'node:path'
import { glob, globSync } from 'glob'
const dir = path.join(process.argv[2], 'glob')
for (const file of ['a/b/c.js', 'a/b/.hidden.js', 'a/d.ts', 'e.js', 'f/g/h/i.js', 'weird [x].js']) {
  fs.mkdirSync(path.dirname(path.join(dir, file)), { recursive: true })
  fs.writeFileSync(path.join(dir, file), '')
}
for (const pattern of [
  '**/*.js',
  '*',
  'a/**',
  '{a,f}/**/*.{ts,js}',
  '**/[a-d].*',
  '!(e).js',
  'weird \\[x\\].js',
  '../glob/e.js',
])
  console.log(
    pattern,
    (await glob(pattern, { cwd: dir })).sort(),
    globSync(pattern, { cwd: dir, dot: true, nodir: true }).sort(),
  )
