import fs from 'node:fs'
import path from 'node:path'
import chokidar from 'chokidar'
const dir = path.join(process.argv[2], 'chokidar')
fs.mkdirSync(path.join(dir, 'a/b'), { recursive: true })
fs.writeFileSync(path.join(dir, 'a/one.txt'), '1')
const seen = []
const watcher = chokidar.watch(dir, { usePolling: true, interval: 20 })
watcher.on('all', (event, where) => seen.push(`${event} ${path.relative(dir, where)}`))
await new Promise((resolve) => watcher.on('ready', resolve))
console.log(seen.sort().join('\n'))
seen.length = 0
const next = (wanted) => new Promise((resolve) => watcher.on(wanted, resolve))
const added = next('add')
fs.writeFileSync(path.join(dir, 'a/b/two.txt'), '2')
await added
const gone = next('unlink')
fs.unlinkSync(path.join(dir, 'a/one.txt'))
await gone
console.log(seen.sort().join('\n'))
await watcher.close()
