/** A workspace that is a replica of one at a server, in Node.js: with a real server, which goes away and comes back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TarboxFs } from 'tarbox'
import { scratch } from '../testing/scratch.mjs'
import { alone, tarbox, tenant } from '../testing/server.mjs'

async function replica(t, { url, key }, options = {}) {
  const opened = await TarboxFs.open({ ...options, sync: { url, key } })
  t.after(() => opened.close())
  return opened
}

/** Waits for a status. */
async function until(workspace, is) {
  for await (const status of workspace.replica.watch()) if (is(status)) return status
  throw new Error('the workspace was closed')
}

/** Everything in a workspace: kinds, modes and contents. */
async function tree(workspace, path = '/') {
  const found = {}
  for (const entry of await workspace.listDirectory(path)) {
    const at = `${path === '/' ? '' : path}/${entry.name}`
    if (entry.isDirectory) Object.assign(found, { [at]: 'directory' }, await tree(workspace, at))
    else found[at] = await workspace.readFile(at, 'utf8')
  }
  return found
}

test('an empty replica becomes a clone, and changes go both ways by themselves', async (t) => {
  const at = await tenant()
  const remote = new TarboxFs(at.url, at.key)
  t.after(() => remote.close())
  await remote.mkdir('/notes')
  await remote.writeFile('/notes/theirs.txt', 'made at the server')
  const local = await replica(t, at)
  await local.synced()
  assert.equal(await local.readFile('/notes/theirs.txt', 'utf8'), 'made at the server')
  await local.writeFile('/notes/ours.txt', 'made here')
  await local.synced()
  assert.equal(await remote.readFile('/notes/ours.txt', 'utf8'), 'made here')
  // Nobody asks for these.
  const events = local.watch('/notes')
  const next = events.next()
  await remote.writeFile('/notes/theirs.txt', 'changed at the server')
  const { value } = await next
  assert.equal(value.path, '/notes/theirs.txt')
  await events.return()
  await until(local, ({ state }) => state === 'in step')
  assert.deepEqual(await tree(local), await tree(remote))
})

test('without a network it works on, says so, and comes back', async (t) => {
  const at = await alone(t)
  const path = scratch()
  let local = await replica(t, at, { path })
  await local.writeFile('/before.txt', 'before')
  await local.synced()
  await at.end('SIGKILL')
  await local.writeFile('/offline.txt', 'written without a network')
  const offline = await until(local, ({ state }) => state === 'offline')
  assert.equal(offline.error.code, 'EIO')
  assert.ok(offline.synced > 0)
  // What was not sent outlives the program, too.
  await local.close()
  local = await replica(t, at, { path })
  assert.equal(await local.readFile('/offline.txt', 'utf8'), 'written without a network')
  const waiting = local.synced()
  await at.start()
  await waiting
  const remote = new TarboxFs(at.url, at.key)
  t.after(() => remote.close())
  assert.equal(await remote.readFile('/offline.txt', 'utf8'), 'written without a network')
  assert.deepEqual(await tree(local), await tree(remote))
  // The command finds the same in the same file.
  await local.close()
  const listed = await tarbox(path, 'ls', '/')
  assert.match(listed, /offline\.txt/)
})

test('what both changed is there twice, until somebody decides', async (t) => {
  const at = await tenant()
  const path = scratch()
  let one = await replica(t, at, { path })
  const other = await replica(t, at)
  await one.writeFile('/plan.txt', 'as it was')
  await one.synced()
  await other.synced()
  // Neither hears of the other before both have written.
  await one.close()
  await tarbox(path, 'write', '/plan.txt', 'one')
  const remote = new TarboxFs(at.url, at.key)
  t.after(() => remote.close())
  await remote.writeFile('/plan.txt', 'the server')
  one = await replica(t, at, { path })
  const { conflicts } = await until(one, ({ conflicts, state }) => conflicts.length > 0 && state === 'in step')
  const [{ path: disputed, copy }] = conflicts
  assert.equal(disputed, '/plan.txt')
  assert.match(copy, /^\/plan\.conflict-[0-9a-f]+\.txt$/)
  assert.deepEqual(await tree(one), { '/plan.txt': 'the server', [copy]: 'one' })
  await one.replica.resolve('/plan.txt', 'ours')
  assert.deepEqual((await one.replica.status()).conflicts, [])
  await one.synced()
  await other.synced()
  for (const workspace of [one, other, remote]) assert.deepEqual(await tree(workspace), { '/plan.txt': 'one' })
})

test('large files, links, modes and times go along', async (t) => {
  const at = await tenant()
  const [local, remote] = [await replica(t, at), new TarboxFs(at.url, at.key)]
  t.after(() => remote.close())
  const large = new Uint8Array(3_000_000).map((_, i) => (i * 7) >> 3)
  await local.writeFile('/large', large)
  await local.symlink('large', '/link')
  await local.chmod('/large', 0o600)
  await local.utimes('/large', 1, 2)
  await local.synced()
  assert.deepEqual(Buffer.from(await remote.readFile('/large')), Buffer.from(large))
  assert.equal(await remote.readlink('/link'), 'large')
  const { mode, mtimeMs } = await remote.stat('/large')
  assert.deepEqual([mode & 0o7777, mtimeMs], [0o600, 2000])
})

test('a key that may not, and a workspace without a server, say so', async (t) => {
  const at = await tenant()
  const wrong = { ...at, key: `${at.key.slice(0, -1)}${at.key.endsWith('0') ? 1 : 0}` }
  const local = await replica(t, wrong)
  await assert.rejects(local.synced(), { code: 'EACCES' })
  await until(local, ({ state, error }) => state === 'refused' && error.code === 'EACCES')
  await local.writeFile('/a', 'works all the same')
  const plain = await TarboxFs.open()
  t.after(() => plain.close())
  await assert.rejects(plain.synced(), { code: 'ENOTSUP', message: /open it with \{ sync/ })
  await assert.rejects(TarboxFs.open({ sync: { url: 'nonsense', key: at.key } }), { code: 'EINVAL' })
})
