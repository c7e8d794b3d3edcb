/** The same random calls on Node's own file system and on the facade give the same, of everything that can be seen. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { inspect } from 'node:util'
import { TarboxFs } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'
import { compare } from '../testing/differential/run.mjs'
import { everywhere } from '../testing/scratch.mjs'

const isLong = process.env.TARBOX_LONG === '1'
const sequences = isLong ? 20_000 : 150
/** Others in each long run: what it finds, it says how to repeat. */
const first = isLong ? Math.floor(Math.random() * 2 ** 31) : 1

let directory

before(() => {
  process.umask(0o022)
  directory = fs.mkdtempSync(join(tmpdir(), 'tarbox-differs-'))
})
after(() => fs.rmSync(directory, { recursive: true }))

for (const isSync of [false, true]) {
  everywhere(`${sequences} sequences of ${isSync ? 'synchronous' : 'promised'} calls`, async (t) => {
    // That changes are durable is tested elsewhere.
    const place = { ...t.place, durability: 'relaxed' }
    const workspace = await (isSync ? openSync(place) : TarboxFs.open(place))
    t.after(() => workspace.close())
    const [real, ours] = isSync ? [fs, workspace] : [fs.promises, createFs(workspace).promises]
    for (let seed = first; seed < first + sequences; seed++) {
      const found = await compare({ seed, length: 14, isSync, real, ours, top: join(directory, 'at') })
      assert.equal(
        found,
        undefined,
        `${inspect(found, { depth: 8 })}\nnode packages/tarbox/testing/differential/main.mjs --seed ${seed} --count 1`,
      )
    }
  })
}
