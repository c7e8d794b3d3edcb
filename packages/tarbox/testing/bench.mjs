/**
 * Times of single calls: `node:fs`, memfs where it is installed, and a workspace in a file, each awaited and each synchronous, in
 * one run. Each figure is the median of rounds, in microseconds. `node bench.mjs [DIRECTORY [MEMFS]]`
 */
import nodefs from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { TarboxFs } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'

const [directory = tmpdir(), memfsAt] = process.argv.slice(2)
const top = mkdtempSync(join(directory, 'tarbox-bench-'))
const content = Buffer.alloc(1024, 'x')

/** What is timed: how often in a round, and how. */
const ROWS = {
  stat: [500, (fs, at) => fs.stat(`${at}/d/f1`)],
  'readFile 1 KiB': [500, (fs, at) => fs.readFile(`${at}/d/f1`)],
  'writeFile 1 KiB, not synced': [200, (fs, at, n) => fs.writeFile(`${at}/w${n}`, content)],
  'writeFile 1 KiB, synced': [30, (fs, at, n, synced) => synced(`${at}/s${n}`)],
  'readdir of 1,000': [20, (fs, at) => fs.readdir(`${at}/d`)],
}

function viaDescriptor(fs) {
  return async (path) => {
    const file = await fs.open(path, 'w')
    await file.writeFile(content)
    await file.sync()
    await file.close()
  }
}

function viaNumber(fs) {
  return (path) => {
    const file = fs.openSync(path, 'w')
    fs.writeSync(file, content)
    fs.fsyncSync(file)
    fs.closeSync(file)
  }
}

/** The synchronous functions by the names of those with promises. */
function unsuffixed(fs) {
  return Object.fromEntries(
    ['stat', 'readFile', 'writeFile', 'readdir', 'mkdir'].map((name) => [name, fs[`${name}Sync`].bind(fs)]),
  )
}

async function time({ fs, synced, at }) {
  const times = {}
  await fs.mkdir(`${at}/d`, { recursive: true })
  for (let n = 0; n < 1000; n++) await fs.writeFile(`${at}/d/f${n}`, content)
  for (const [row, [count, call]] of Object.entries(ROWS)) {
    const rounds = []
    for (let round = 0; round < 9; round++) {
      const start = performance.now()
      for (let n = 0; n < count; n++) {
        const result = call(fs, at, round * count + n, synced)
        if (result instanceof Promise) await result
      }
      rounds.push(((performance.now() - start) * 1000) / count)
    }
    times[row] = rounds.sort((a, b) => a - b)[4]
  }
  return times
}

const columns = {}
columns['node:fs/promises'] = await time({
  fs: nodefs.promises,
  synced: viaDescriptor(nodefs.promises),
  at: join(top, 'p'),
})
columns['node:fs, sync'] = await time({ fs: unsuffixed(nodefs), synced: viaNumber(nodefs), at: join(top, 's') })
if (memfsAt) {
  const { fs: memfs } = (await import(pathToFileURL(memfsAt).href)).default
  columns['memfs, promises'] = await time({ fs: memfs.promises, synced: viaDescriptor(memfs.promises), at: '/p' })
  columns['memfs, sync'] = await time({ fs: unsuffixed(memfs), synced: viaNumber(memfs), at: '/s' })
}
const relaxed = await TarboxFs.open({ path: join(top, 'relaxed.db'), durability: 'relaxed' })
const strict = await TarboxFs.open({ path: join(top, 'strict.db') })
columns['tarbox'] = await time({
  fs: createFs(relaxed).promises,
  synced: (path) => strict.writeFile(path.slice(2), content),
  at: '/p',
})
await Promise.all([relaxed.close(), strict.close()])
const sync = await openSync({ path: join(top, 'sync.db'), durability: 'relaxed' })
const strictSync = await openSync({ path: join(top, 'strict-sync.db') })
columns['tarbox, sync'] = await time({
  fs: unsuffixed(sync),
  synced: (path) => strictSync.writeFileSync(path.slice(2), content),
  at: '/s',
})
await Promise.all([sync.close(), strictSync.close()])
rmSync(top, { recursive: true })

const names = Object.keys(columns)
console.log(`| µs a call | ${names.join(' | ')} |\n| --- |${' ---: |'.repeat(names.length)}`)
for (const row of Object.keys(ROWS))
  console.log(`| ${row} | ${names.map((name) => columns[name][row].toPrecision(3)).join(' | ')} |`)
