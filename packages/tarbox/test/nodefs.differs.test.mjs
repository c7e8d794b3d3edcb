/** The same random calls on Node's own file system and on the facade give the same, of everything that can be seen. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { inspect } from 'node:util'
import { TarboxFs } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'
import { compare } from '../testing/differential/run.mjs'

const isLong = process.env.TARBOX_LONG === '1'
const sequences = isLong ? 20_000 : 150
/** Others in each long run: what it finds, it says how to repeat. */
const first = isLong ? Math.floor(Math.random() * 2 ** 31) : 1

let directory
let workspace
let synchronous

before(async () => {
  process.umask(0o022)
  directory = fs.mkdtempSync(join(tmpdir(), 'tarbox-differs-'))
  workspace = await TarboxFs.open()
  synchronous = await openSync()
})

after(async () => {
  fs.rmSync(directory, { recursive: true })
  await workspace.close()
  await synchronous.close()
})

for (const isSync of [false, true]) {
  test(`${sequences} sequences of ${isSync ? 'synchronous' : 'promised'} calls`, async () => {
    const [real, ours] = isSync ? [fs, synchronous] : [fs.promises, createFs(workspace).promises]
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
