/** A device without room: an error says so, what was accepted stays, and something can still be deleted. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { TarboxFs } from 'tarbox'
import { scratch, TARBOX, tarbox } from '../testing/scratch.mjs'
import { small } from '../testing/small.mjs'

/** Writes files until it fails, and says which are there. */
async function fill(fs, size) {
  const there = []
  for (let at = 0; at < 1000; at++) {
    const content = randomBytes(size)
    try {
      await fs.writeFile(`/f${size}-${at}`, content)
    } catch (error) {
      assert.equal(error.code, 'ENOSPC', error)
      return there
    }
    there.push([`/f${size}-${at}`, content])
  }
  return assert.fail('it did not fill up')
}

test('a full device loses nothing, and what is deleted there makes room', async (t) => {
  const directory = small(t)
  if (!directory) return t.skip('nothing can be mounted here')
  const path = join(directory, 'work.db')
  let fs = await TarboxFs.open({ path })
  const there = [...(await fill(fs, 1 << 20)), ...(await fill(fs, 1000))]
  assert.ok(there.length > 3)
  const check = async (files) => {
    for (const [name, content] of files) assert.ok(content.equals(await fs.readFile(name)), name)
    assert.deepEqual(await fs.fsck(), [])
  }
  await check(there)
  // However full it is: what else was there, too, is taken.
  const rest = join(directory, 'rest')
  const { bavail, bsize } = statfsSync(directory)
  writeFileSync(rest, new Uint8Array(Math.max(0, bavail * bsize)))
  await assert.rejects(fs.writeFile('/more', new Uint8Array(100_000)), { code: 'ENOSPC' })
  await fs.close().catch(({ code }) => assert.equal(code, 'ENOSPC'))
  fs = await TarboxFs.open({ path })
  await check(there)
  for (const [name] of there.splice(0, 4)) await fs.rm(name)
  await fs.gc()
  await fs.writeFile('/again', 'there is room again')
  await check(there)
  await fs.close()
  if (existsSync(TARBOX)) await tarbox(path, 'fsck')
})

test('a file that may not grow is a full device', async () => {
  const path = scratch()
  // Blocks of 1 KiB; the signal that comes with it ends no program of Node.js.
  const script = `
    import { TarboxFs } from 'tarbox'
    const fs = await TarboxFs.open({ path: ${JSON.stringify(path)} })
    let code
    let at = 0
    while (!code) await fs.writeFile('/f' + at, Buffer.alloc(1 << 20, at)).then(() => at++, (error) => (code = error.code))
    console.log(code, at)
  `
  const output = execFileSync(
    'bash',
    ['-c', 'ulimit -f 6000; exec "$0" --input-type=module --eval "$1"', process.execPath, script],
    {
      cwd: import.meta.dirname,
      encoding: 'utf8',
    },
  )
  const [, code, count] = /^(\w+) (\d+)\n$/.exec(output)
  assert.equal(code, 'ENOSPC')
  const fs = await TarboxFs.open({ path })
  for (let at = 0; at < Number(count); at++)
    assert.ok(Buffer.alloc(1 << 20, at).equals(await fs.readFile(`/f${at}`)), `file ${at} of ${count}`)
  assert.deepEqual(await fs.fsck(), [])
  await fs.close()
})
