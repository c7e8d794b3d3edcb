/** A workspace that is a replica of one at a server, in Node.js: with a real server, which goes away and comes back. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { test } from 'node:test'
import { TarboxFs } from 'tarbox'
import { replica, until } from '../testing/replicas.mjs'
import { scratch } from '../testing/scratch.mjs'
import { alone, portOf, tarbox, tenant } from '../testing/server.mjs'

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

/** A replica that is closed, of a server that is gone, with a file that both changed. */
async function disputed(t) {
  const at = await alone(t)
  const path = scratch()
  const remote = new TarboxFs(at.url, at.key)
  t.after(() => remote.close())
  const local = await replica(t, at, { path })
  await local.writeFile('/plan.txt', 'as it was')
  await local.synced()
  await local.close()
  await tarbox(path, 'write', '/plan.txt', 'here')
  await remote.writeFile('/plan.txt', 'there')
  const again = await replica(t, at, { path })
  await again.synced()
  assert.equal((await again.replica.status()).conflicts.length, 1)
  await again.close()
  await at.end('SIGKILL')
  return { at, path, remote }
}

test('opened without a server, it knows its conflicts and what is to be sent at once, and they can be decided', async (t) => {
  const { at, path, remote } = await disputed(t)
  let local = await replica(t, at, { path })
  // This is the first thing that is asked of it, and no round has ended.
  const { conflicts, synced, ahead } = await local.replica.status()
  assert.equal(conflicts[0].path, '/plan.txt')
  assert.equal(await local.readFile(conflicts[0].copy, 'utf8'), 'here')
  assert.ok(synced > 0)
  assert.equal(ahead, 0)
  await until(local, ({ state, retry }) => state === 'offline' && retry > 0)
  await local.writeFile('/more.txt', 'written offline')
  await local.writeFile('/even more.txt', 'written offline')
  await until(local, ({ ahead }) => ahead === 2)
  await assert.rejects(local.replica.resolve('/more.txt', 'ours'), { code: 'ENOENT' })
  await local.replica.resolve('/plan.txt', 'ours')
  assert.deepEqual((await local.replica.status()).conflicts, [])
  assert.equal(await local.readFile('/plan.txt', 'utf8'), 'here')
  // Decided is decided, also for whoever opens it next.
  await local.close()
  local = await replica(t, at, { path })
  assert.deepEqual((await local.replica.status()).conflicts, [])
  await at.start()
  await local.synced()
  assert.equal(await remote.readFile('/plan.txt', 'utf8'), 'here')
  assert.deepEqual(await tree(local), await tree(remote))
  assert.deepEqual((await local.replica.status()).conflicts, [])
})

test('a conflict that is decided while a round waits for its server stays decided', async (t) => {
  const { at, path, remote } = await disputed(t)
  // It takes what it is sent, and says nothing.
  let asked = 0
  const silent = createServer(() => (asked += 1)).listen(portOf(at.url), '127.0.0.1')
  await once(silent, 'listening')
  const local = await replica(t, { ...at, url: `${at.url}?tenant=default` }, { path })
  await until(local, ({ state }) => state === 'syncing')
  while (asked === 0) await new Promise((resolve) => setImmediate(resolve))
  const [{ copy }] = (await local.replica.status()).conflicts
  await local.replica.resolve(copy, 'theirs')
  silent.closeAllConnections()
  silent.close()
  await once(silent, 'close')
  await at.start()
  await local.synced()
  assert.deepEqual((await local.replica.status()).conflicts, [])
  for (const workspace of [local, remote]) assert.deepEqual(await tree(workspace), { '/plan.txt': 'there' })
})

test('a key that is refused is not shown at each change, and another one is tried at once', async (t) => {
  let asked = 0
  const refusing = createServer((_, response) => {
    asked += 1
    response.writeHead(401, { 'content-type': 'application/problem+json' }).end('{"detail":"this key is not known"}')
  }).listen(0, '127.0.0.1')
  await once(refusing, 'listening')
  t.after(() => refusing.close())
  const at = await tenant()
  const path = scratch()
  let local = await replica(t, { ...at, url: `http://127.0.0.1:${refusing.address().port}` }, { path })
  const { error, retry } = await until(local, ({ state, retry }) => state === 'refused' && retry !== undefined)
  assert.equal(error.code, 'EACCES')
  assert.ok(retry > 0)
  for (let number = 0; number < 200; number++) await local.writeFile('/file', `change ${number}`)
  // Each pause is longer than the one before: however slow this machine is, these are a few.
  assert.ok(asked < 20, `it was asked ${asked} times`)
  // Who asks for it is told.
  await assert.rejects(local.synced(), { code: 'EACCES' })
  await local.close()
  local = await replica(t, at, { path })
  await local.synced()
  assert.equal((await local.replica.status()).state, 'in step')
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
