// node main.mjs [--seed N] [--count N] [--length N] [--sync | --promises] [--all]: runs sequences of random calls on Node's file
// system and on the facade, and prints the shortest that differs; with --all it goes on, and prints each kind once.
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect, parseArgs } from 'node:util'
import { TarboxFs } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'
import { compare } from './run.mjs'

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    count: { type: 'string' },
    length: { type: 'string' },
    sync: { type: 'boolean' },
    promises: { type: 'boolean' },
    all: { type: 'boolean' },
  },
})
const first = Number(values.seed ?? 1)
const count = Number(values.count ?? 1000)
const length = Number(values.length ?? 14)

process.umask(0o022)
const top = fs.mkdtempSync(join(tmpdir(), 'tarbox-differs-'))
const synchronous = await openSync()
const { promises } = createFs(await TarboxFs.open())
const kinds = new Set()
for (let seed = first; seed < first + count; seed++) {
  for (const isSync of [false, true].filter((is) => (is ? !values.promises : !values.sync))) {
    const found = await compare({
      seed,
      length,
      isSync,
      real: isSync ? fs : fs.promises,
      ours: isSync ? synchronous : promises,
      top: join(top, 'at'),
    })
    if (!found) continue
    const kind = `${found.isSync} ${found.source.replace(/\(.*/, '')} ${found.node?.error?.code} ${found.tarbox?.error?.code}`
    if (kinds.has(kind)) continue
    kinds.add(kind)
    console.log(
      inspect(found, { depth: 8, maxStringLength: 400, breakLength: 160, compact: 8 })
        .replaceAll(join(top, 'at/1/2'), '')
        .replaceAll(/n{100,}/g, (name) => `n*${name.length}`),
    )
    process.exitCode = 1
    if (!values.all) process.exit()
  }
}
fs.rmSync(top, { recursive: true })
