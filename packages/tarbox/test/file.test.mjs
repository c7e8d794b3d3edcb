/** A workspace in a database file. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { TarboxFs } from 'tarbox'
import { openSync } from 'tarbox/sync'
import { node, scratch } from '../testing/scratch.mjs'

test('what was written is there when it is opened again', async (t) => {
  const path = scratch()
  const large = Buffer.alloc(3 << 20, 'tarbox')
  for (let round = 0; round < 3; round++) {
    const workspace = await TarboxFs.open({ path: round === 2 ? pathToFileURL(path) : path })
    assert.equal(workspace.storage, 'file')
    if (round > 0) {
      assert.ok(large.equals(await workspace.readFile('/large')))
      assert.equal(await workspace.readFile('/small', 'utf8'), 'text')
    }
    await workspace.writeFile('/large', large)
    await workspace.writeFile('/small', 'text')
    assert.deepEqual(await workspace.fsck(), [])
    await workspace.close()
  }
  assert.deepEqual(fs.readdirSync(dirname(path)).sort(), ['work.db', 'work.db-blocks'])
})

test('one at a time has it, in a process and in several', async (t) => {
  const path = scratch()
  const one = await TarboxFs.open({ path })
  await assert.rejects(TarboxFs.open({ path }), { code: 'EBUSY', message: /this process has it open/ })
  await assert.rejects(openSync({ path }), { code: 'EBUSY' })
  const attempt = `
    import { TarboxFs } from 'tarbox'
    await TarboxFs.open({ path: ${JSON.stringify(path)} }).catch(({ code, message }) => console.log(code, message))
  `
  assert.match(await node(attempt), new RegExp(`^EBUSY .*process ${process.pid} has it open`))
  await one.writeFile('/f', 'still')
  await one.close()
  const again = await TarboxFs.open({ path })
  assert.equal(await again.readFile('/f', 'utf8'), 'still')
  await again.close()
})

test('of many that begin together one gets it', async (t) => {
  const path = scratch()
  const attempt = `
    import { TarboxFs } from 'tarbox'
    const fs = await TarboxFs.open({ path: ${JSON.stringify(path)} }).catch(({ code }) => console.log(code))
    await fs?.appendFile('/log', 'x')
    await fs?.close()
  `
  const outputs = await Promise.all(Array.from({ length: 6 }, () => node(attempt)))
  const got = outputs.filter((output) => output === '').length
  assert.ok(got >= 1, 'somebody')
  assert.ok(
    outputs.every((output) => ['', 'EBUSY\n'].includes(output)),
    outputs.join(),
  )
  const workspace = await TarboxFs.open({ path })
  assert.equal((await workspace.stat('/log')).size, got)
  await workspace.close()
})

test('a path that cannot be is refused, and nothing is left beside it', async (t) => {
  const directory = dirname(scratch())
  const cases = {
    text: ['Dear diary', 'EINVAL'],
    short: ['x', 'EINVAL'],
    'header only': ['SQLite format 3\0', 'EINVAL'],
    nonsense: [`SQLite format 3\0${'nonsense'.repeat(1000)}`, 'EINVAL'],
  }
  for (const [name, [content]] of Object.entries(cases)) fs.writeFileSync(join(directory, name), content)
  const before = fs.readdirSync(directory)
  for (const [name, [, code]] of Object.entries(cases)) {
    const path = join(directory, name)
    await assert.rejects(TarboxFs.open({ path }), { code, message: /not a Tarbox database/ }, name)
  }
  await assert.rejects(TarboxFs.open({ path: directory }), { code: 'EISDIR' })
  await assert.rejects(TarboxFs.open({ path: join(directory, 'no/such.db') }), { code: 'ENOENT' })
  await assert.rejects(TarboxFs.open({ path: join(directory, 'a.db'), name: 'a' }), { code: 'EINVAL' })
  await assert.rejects(TarboxFs.open({ path: new URL('https://example.com/a.db') }), { code: 'ERR_INVALID_URL_SCHEME' })
  assert.deepEqual(fs.readdirSync(directory), before)
  for (const [name, [content]] of Object.entries(cases))
    assert.equal(fs.readFileSync(join(directory, name), 'latin1'), content)
})

test('an acknowledged change was synced to the device, and a file of its own in its directory too', async (t) => {
  const path = scratch()
  const trace = join(dirname(path), 'trace')
  const program = `
    import { TarboxFs } from 'tarbox'
    import fs from 'node:fs'
    const workspace = await TarboxFs.open({ path: ${JSON.stringify(path)} })
    await workspace.writeFile('/small', 'text')
    fs.existsSync('/mark one')
    await workspace.writeFile('/small', 'more')
    fs.existsSync('/mark two')
    await workspace.writeFile('/large', Buffer.alloc(1 << 20, 7))
    fs.existsSync('/mark three')
    await workspace.readFile('/small')
    fs.existsSync('/mark four')
    await workspace.close()
  `
  const args = [
    '-f',
    '-y',
    '-o',
    trace,
    '-e',
    'trace=fsync,fdatasync,access,pwrite64',
    process.execPath,
    '--input-type=module',
    '--eval',
    program,
  ]
  const missing = await new Promise((resolve, reject) =>
    execFile('strace', args, { cwd: import.meta.dirname }, (error) =>
      error?.code === 'ENOENT' ? resolve(true) : error ? reject(error) : resolve(false),
    ),
  )
  if (missing) return t.skip('strace is not there')
  const calls = fs.readFileSync(trace, 'utf8')
  const [, small, large, read] = calls.split(/.*\/mark \w+.*\n/)
  const synced = (part) => [...part.matchAll(/f(?:data)?sync\(\d+<([^>]*)>/g)].map(([, file]) => file)
  const written = (part) => [...part.matchAll(/pwrite64\(\d+<([^>]*)>/g)].map(([, file]) => file)
  assert.deepEqual(synced(small), [`${path}-wal`], 'one sync')
  assert.ok(written(small).every((file) => file === `${path}-wal`))
  for (const file of [`${path}-blocks/t1/00000001`, `${path}-blocks/t1`, `${path}-blocks`, `${path}-wal`])
    assert.ok(synced(large).includes(file), `${file} among ${synced(large)}`)
  assert.deepEqual([...synced(read), ...written(read)], [], 'reading writes nothing')
  assert.equal(synced(calls).filter((file) => file === dirname(path)).length > 0, true, 'the names beside the database')
})
