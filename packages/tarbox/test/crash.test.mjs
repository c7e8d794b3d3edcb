/** A program of Node.js that is killed while it writes: what was durable is there, and the database is whole. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { TarboxFs } from 'tarbox'
import { versionOf } from '../testing/content.mjs'
import { scratch, TARBOX, tarbox } from '../testing/scratch.mjs'

const ROUNDS = process.env.TARBOX_LONG === '1' ? 300 : 30
const WRITER = join(import.meta.dirname, '../testing/writer.mjs')

/** Lets a writer go on for so many lines and a little more, and kills it. Notes in `durable` what it said. */
async function crash(path, first, how, durable) {
  const writer = spawn(process.execPath, [WRITER, path, String(first), how], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(writer, 'exit')
  let left = 1 + Math.floor(Math.random() * 40)
  for await (const line of createInterface(writer.stdout)) {
    const [name, version] = line.split(' ')
    durable.set(name, Number(version))
    if (--left === 0) setTimeout(() => writer.kill('SIGKILL'), Math.random() * 20)
  }
  const [code, signal] = await ended
  assert.deepEqual([code, signal], [null, 'SIGKILL'])
}

for (const how of ['strict', 'relaxed', 'facade']) {
  test(`${ROUNDS / 3} programs are killed, and what was durable is there (${how})`, async (t) => {
    const path = scratch()
    const durable = new Map()
    for (let round = 0; round < ROUNDS / 3; round++) {
      await crash(path, round * 100_000, how, durable)
      // Each of the two finds what the crash has left, in turn.
      if (round % 2 === 0 && existsSync(TARBOX)) await tarbox(path, 'fsck')
      const workspace = await TarboxFs.open({ path })
      assert.deepEqual(await workspace.fsck(), [])
      for (const [name, version] of durable) {
        const found = versionOf(name, Buffer.from(await workspace.readFile(`/${name}`)))
        assert.ok(
          found >= version,
          `round ${round}: ${name} was durable in version ${version}, and is there in ${found}`,
        )
      }
      await workspace.close()
    }
  })
}
