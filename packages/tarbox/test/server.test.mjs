/** A workspace at a server: what only a network does to it. The suites of all places run on it, too. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { TarboxError, TarboxFs } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'
import { cuttingProxy } from '../testing/cutting-proxy.mjs'
import { scratch } from '../testing/scratch.mjs'
import { alone, db, newKey, portOf, tarbox, tenant } from '../testing/server.mjs'

test('the constructor asks for nothing, and the first call finds out', async (t) => {
  const { url, key } = await tenant()
  const workspace = new TarboxFs(url, key)
  t.after(() => workspace.close())
  await workspace.writeFile('/hello.txt', 'hello')
  assert.equal(await workspace.readFile('/hello.txt', 'utf8'), 'hello')
  assert.equal(workspace.storage, 'server')
  assert.equal(await workspace.init(), workspace)
  await assert.rejects(workspace.stat('/none'), (error) => {
    assert.ok(error instanceof TarboxError)
    assert.deepEqual([error.code, error.errno, error.path, error.syscall], ['ENOENT', -2, '/none', 'stat'])
    return true
  })
})

test('what is no server or no key is refused with a reason', async () => {
  const { url, key } = await tenant()
  for (const [at, given, why] of [
    ['nonsense', key, /not the URL of a server/],
    ['ftp://example.org', key, /begins with https/],
    ['http://user:secret@example.org', key, /nothing but \?tenant/],
    [`${url}?key=${key}`, key, /nothing but \?tenant/],
    [url, 'secret', /not a key/],
    [url, undefined, /not a key/],
  ])
    assert.throws(() => new TarboxFs(at, given), { code: 'EINVAL', message: why }, String(at))
  const wrong = `${key.slice(0, -1)}${key.endsWith('0') ? 1 : 0}`
  await assert.rejects(new TarboxFs(url, wrong).init(), { code: 'EACCES', message: /unknown, revoked or expired/ })
  await assert.rejects(new TarboxFs(url, wrong).readFile('/a'), { code: 'EACCES' })
  await assert.rejects(new TarboxFs('http://127.0.0.1:9', key, { patience: 50 }).init(), {
    code: 'EIO',
    message: /cannot be reached/,
  })
  const { tenant: name } = await capabilities(url, key)
  const writer = await newKey(name, '--scope', 'write')
  await assert.rejects(new TarboxFs(`${url}?tenant=t0`, writer).init(), { code: 'EACCES', message: /another tenant/ })
})

test('neither a module nor a worker is loaded', async (t) => {
  const { url, key } = await tenant()
  const directory = dirname(scratch())
  const node = dirname(fileURLToPath(import.meta.resolve('tarbox')))
  for (const name of fs.readdirSync(node).filter((name) => name.endsWith('js') && !name.startsWith('worker')))
    fs.copyFileSync(join(node, name), join(directory, name))
  fs.writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  const script = `
    import { TarboxFs } from ${JSON.stringify(join(directory, 'index.js'))}
    const fs = new TarboxFs(${JSON.stringify(url)}, ${JSON.stringify(key)})
    await fs.writeFile('/a', 'text')
    console.log(await fs.readFile('/a', 'utf8'))
  `
  // Nothing is closed: a program ends all the same.
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
  assert.equal(stdout, 'text\n')
})

test('a change is made once, however often its answer is lost', async (t) => {
  const at = await alone(t)
  const proxy = await cuttingProxy(portOf(at.url))
  t.after(() => proxy.close())
  const workspace = await new TarboxFs(proxy.url, at.key).init()
  await workspace.writeFile('/log', '')
  for (let round = 1; round <= 12; round++) {
    proxy.cutAnswers = 1 + (round % 3)
    await workspace.appendFile('/log', 'x')
    await workspace.mkdir(`/d${round}`)
    await workspace.rename(`/d${round}`, `/e${round}`)
    assert.equal((await workspace.readFile('/log')).length, round)
  }
  assert.ok(proxy.cut >= 12)
  await workspace.close()
})

test('after a restart a client goes on, and says what it does not know', async (t) => {
  const at = await alone(t)
  const workspace = await new TarboxFs(at.url, at.key).init()
  const file = await workspace.open('/open', 'w+')
  await file.write('before')
  await at.restart('SIGKILL')
  await workspace.appendFile('/log', 'one')
  await file.write('behind', 6)
  assert.equal(Buffer.from(await file.read(20, 0)).toString(), 'beforebehind', 'it is opened again')
  await file.close()
  assert.equal(await workspace.readFile('/log', 'utf8'), 'one')

  const proxy = await cuttingProxy(portOf(at.url))
  t.after(() => proxy.close())
  const far = await new TarboxFs(proxy.url, at.key, { patience: 60_000 }).init()
  await far.appendFile('/log', 'two')
  // The answer is lost, and then who could tell it again.
  proxy.cutAnswers = 1
  proxy.refuses = false
  const lost = far.appendFile('/log', 'three').then(
    () => 'made',
    (error) => error.code,
  )
  while (proxy.cutAnswers > 0) await new Promise((resolve) => setImmediate(resolve))
  proxy.refuses = true
  await at.restart('SIGKILL')
  proxy.refuses = false
  // It may also have been answered before the server was gone.
  assert.ok(['EAGAIN', 'made'].includes(await lost))
  assert.equal(await far.readFile('/log', 'utf8'), 'onetwothree')
  await Promise.all([far.close(), workspace.close()])
})

test('all that was acknowledged is there after the server is killed', async (t) => {
  const at = await alone(t)
  for (let round = 0; round < (process.env.TARBOX_LONG ? 100 : 5); round++) {
    const workspace = await new TarboxFs(at.url, at.key, { patience: 60_000 }).init()
    const acknowledged = new Set()
    let stopped = false
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let number = 0; !stopped; number++) {
        const path = `/r${round}-${writer}-${number}`
        try {
          await workspace.writeFile(path, path, { exclusive: true })
          acknowledged.add(path)
        } catch (error) {
          assert.ok(['EAGAIN', 'EIO', 'EEXIST'].includes(error.code), error)
        }
      }
    })
    while (acknowledged.size < 20) await new Promise((resolve) => setTimeout(resolve, 1))
    const restarted = at.restart('SIGKILL')
    stopped = true
    await restarted
    await Promise.all(writers)
    for (const path of acknowledged) assert.equal(await workspace.readFile(path, 'utf8'), path)
    assert.deepEqual(await workspace.fsck(), [])
    await workspace.close()
  }
})

test('large content comes and goes in pieces, whole', async (t) => {
  const { url, key } = await tenant()
  const workspace = new TarboxFs(url, key)
  t.after(() => workspace.close())
  const large = Buffer.alloc(20 << 20, 'large content ')
  await workspace.writeFile('/large', large)
  assert.ok(large.equals(await workspace.readFile('/large')))
  await workspace.appendFile('/large', large)
  assert.equal((await workspace.stat('/large')).size, 2 * large.length)
  const part = await workspace.readFile('/large', { offset: large.length - 5, length: 10 << 20 })
  assert.ok(
    Buffer.concat([large, large])
      .subarray(large.length - 5, large.length - 5 + (10 << 20))
      .equals(part),
  )
  const file = await workspace.open('/large', 'r+')
  assert.equal((await file.read(12 << 20, 0)).length, 12 << 20)
  assert.equal(await file.write(large.subarray(0, 10 << 20), 1), 10 << 20)
  await file.close()
})

test('a key bounds what a page does', async () => {
  const { url, key } = await tenant()
  const root = new TarboxFs(url, key)
  await root.mkdir('/site/deep', { recursive: true })
  await root.writeFile('/site/page', 'page')
  await root.writeFile('/secret', 'secret')
  await root.symlink('/secret', '/site/link')
  await root.symlink('../secret', '/site/up')
  await root.layers.checkpoint('one')
  const { tenant: tenantName } = await capabilities(url, key)
  const reader = new TarboxFs(url, await newKey(tenantName, '--scope', 'read'))
  assert.equal(await reader.readFile('/secret', 'utf8'), 'secret')
  for (const refused of [
    () => reader.writeFile('/x', ''),
    () => reader.open('/secret', 'r+'),
    () => reader.rm('/secret'),
    () => reader.layers.checkpoint('two'),
    () => reader.layers.switch('one'),
    () => reader.gc(),
    () => reader.fsck(),
  ])
    await assert.rejects(refused(), { code: 'EACCES' }, String(refused))
  const handle = await reader.open('/secret')
  assert.equal(Buffer.from(await handle.read(100, 0)).toString(), 'secret')
  await handle.close()

  const writer = new TarboxFs(url, await newKey(tenantName, '--scope', 'write'))
  await assert.rejects(writer.writeFile('/.tarbox/layers/new', 'mine'), { code: 'EPERM' })

  const site = new TarboxFs(url, await newKey(tenantName, '--scope', 'write', '--path', '/site'))
  assert.equal(await site.readFile('/page', 'utf8'), 'page')
  assert.deepEqual(
    (await site.listDirectory('/')).map(({ name }) => name),
    ['deep', 'link', 'page', 'up'],
  )
  assert.equal(await site.realpath('/deep'), '/deep')
  assert.equal(await site.realpath('/page'), '/page')
  for (const path of ['/link', '/up', '/../secret', '/deep/../../secret', '../secret'])
    await assert.rejects(site.readFile(path), ({ code }) => ['EPERM', 'ENOENT', 'EACCES'].includes(code), path)
  await assert.rejects(site.layers.checkpoint('mine'), { code: 'EACCES' })
  await site.writeFile('/new', 'new')
  assert.equal(await root.readFile('/site/new', 'utf8'), 'new')
  await root.writeFile('/elsewhere', '')
  const records = await site.audit({ limit: 100 })
  assert.ok(records.length > 0 && records.every(({ path }) => !path.includes('secret') && !path.startsWith('/site')))
  const changes = await site.layers.diff('one')
  assert.deepEqual(
    changes.map(({ kind, path }) => `${kind} ${path}`),
    ['added /new'],
  )
  await Promise.all([root, reader, writer, site].map((workspace) => workspace.close()))
})

async function capabilities(url, key) {
  const response = await fetch(new URL('api/v1/system/capabilities', url), {
    headers: { authorization: `Bearer ${key}` },
  })
  return response.json()
}

test('changes are told to all clients, and streams survive a restart', async (t) => {
  const at = await alone(t)
  const [one, two] = [new TarboxFs(at.url, at.key), new TarboxFs(at.url, at.key)]
  await one.mkdir('/d')
  const seen = []
  const watching = (async () => {
    for await (const event of two.watch('/d', { layers: true })) {
      seen.push(event)
      if (event.name === 'last') return
    }
  })()
  await two.stat('/d')
  await one.writeFile('/d/a', 'a')
  await one.writeFile('/elsewhere', '')
  await at.restart('SIGKILL')
  await one.writeFile('/d/b', 'b')
  await one.layers.checkpoint('last')
  await watching
  const paths = new Set(seen.map(({ path }) => path).filter(Boolean))
  assert.ok(paths.has('/d/a') && paths.has('/d/b') && !paths.has('/elsewhere'), [...paths].join())
  assert.ok(seen.filter(({ path }) => path === '/d/b').every(({ client }) => client === one.client))
  await Promise.all([one.close(), two.close()])
})

test('a key that is revoked ends what it does', async () => {
  const { url, key } = await tenant()
  const workspace = new TarboxFs(url, key)
  const watching = (async () => {
    for await (const _ of workspace.watch('/'));
  })()
  watching.catch(() => undefined)
  await workspace.writeFile('/a', 'a')
  await tarbox(db, 'key', 'revoke', key.split('_')[1])
  await assert.rejects(workspace.writeFile('/b', 'b'), { code: 'EACCES' })
  await assert.rejects(watching, { code: 'EACCES' })
})

test("nobody gets at another's session", async () => {
  const [mine, theirs] = [await tenant(), await tenant()]
  const open = async ({ url, key }, session, what, rest) => {
    const { tenant } = await capabilities(url, key)
    const head = Buffer.alloc(28)
    session?.copy(head)
    head.writeBigUInt64LE(BigInt(what === 4 ? 0 : 0), 16)
    head.writeUInt32LE(what, 24)
    return fetch(new URL(`api/v1/workspace/${tenant}`, url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: Buffer.concat([head, Buffer.from(rest)]),
    })
  }
  const session = Buffer.from(await (await open(mine, undefined, 2, 'me')).arrayBuffer())
  assert.equal(session.length, 16)
  assert.equal((await open(theirs, session, 4, '')).status, 410)
  assert.equal((await open(mine, session, 4, '')).status, 200)
  assert.equal((await open(mine, session, 4, '')).status, 410)
  for (const rest of ['', 'x', Buffer.alloc(32, 255)])
    assert.equal((await open(mine, undefined, 0, rest)).status, rest === '' ? 200 : 400)
})

test('the facades of node:fs work there, too', async (t) => {
  const { url, key } = await tenant()
  const workspace = new TarboxFs(url, key)
  t.after(() => workspace.close())
  const { promises } = createFs(workspace)
  await promises.mkdir('/p/q', { recursive: true })
  await promises.writeFile('/p/q/f', 'text')
  assert.deepEqual(await promises.readdir('/p/q'), ['f'])
  const sync = await openSync({ url, key })
  t.after(() => sync.close())
  assert.equal(sync.readFileSync('/p/q/f', 'utf8'), 'text')
  sync.writeFileSync('/p/q/g', 'more')
  assert.throws(() => sync.statSync('/none'), { code: 'ENOENT', path: '/none' })
  assert.equal(await promises.readFile('/p/q/g', 'utf8'), 'more')
})

test('one request is enough for what is called together', async (t) => {
  const { url, key } = await tenant()
  const workspace = await new TarboxFs(url, key).init()
  t.after(() => workspace.close())
  const { fetch: real } = globalThis
  let requests = 0
  globalThis.fetch = (...given) => {
    requests += 1
    return real(...given)
  }
  t.after(() => (globalThis.fetch = real))
  await Promise.all(Array.from({ length: 100 }, (_, at) => workspace.writeFile(`/f${at}`, String(at))))
  assert.equal(requests, 1)
  await workspace.readFile('/f7')
  assert.equal(requests, 2)
  await workspace.listDirectory('/')
  assert.equal(requests, 3)
})
