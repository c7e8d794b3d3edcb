/** What the facade of `node:fs` does that random calls do not reach. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { TarboxError, TarboxFs, workspacePort } from 'tarbox'
import { constants, createFs, Dirent, FileHandle } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'
import { everywhere } from '../testing/scratch.mjs'

async function facade(t) {
  const workspace = await TarboxFs.open(t.place)
  t.after(() => workspace.close())
  return { workspace, fs: createFs(workspace).promises }
}

async function synchronous(t) {
  const fs = await openSync(t.place)
  t.after(() => fs.close())
  return fs
}

test('both shapes have what Node.js has, but for what is documented', async (t) => {
  const node = await import('node:fs')
  const missing = ['lchmod', 'statfs']
  const { fs } = await facade(t)
  const promised = Object.keys(node.promises).filter((name) => !(name in fs))
  assert.deepEqual(promised.sort(), missing)
  const sync = await synchronous(t)
  const absent = Object.keys(node).filter((name) => name.endsWith('Sync') && !(name in sync) && node[name])
  assert.deepEqual(absent, ['statfsSync'])
  const different = Object.entries(constants).filter(([name, value]) => node.constants[name] !== value)
  assert.deepEqual(different, [])
  const handle = await fs.open('/f', 'w')
  assert.ok(handle instanceof FileHandle)
  const real = await node.promises.open('/dev/null')
  const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(real)).filter((name) => !(name in handle))
  assert.deepEqual(methods, ['getAsyncId', 'readLines', 'createReadStream', 'createWriteStream'])
  await Promise.all([real.close(), handle.close()])
})

everywhere('mkdir answers the first directory that it made, and gives its mode to all', async (t) => {
  const { fs } = await facade(t)
  assert.equal(await fs.mkdir('/a/b/c', { recursive: true, mode: 0o700 }), '/a')
  assert.equal(await fs.mkdir('/a/b/d/e', { recursive: true }), '/a/b/d')
  assert.equal(await fs.mkdir('/a/b', { recursive: true }), undefined)
  const modes = await Promise.all(
    ['/a', '/a/b', '/a/b/c', '/a/b/d'].map(async (path) => (await fs.stat(path)).mode & 0o777),
  )
  assert.deepEqual(modes, [0o700, 0o700, 0o700, 0o755])
})

everywhere('an entry says where it is, and what', async (t) => {
  const { fs } = await facade(t)
  await fs.mkdir('/d/e', { recursive: true })
  await fs.writeFile('/d/e/f', '')
  await fs.symlink('f', '/d/e/l')
  const found = await fs.readdir('/d/', { recursive: true, withFileTypes: true })
  assert.ok(found.every((entry) => entry instanceof Dirent))
  assert.deepEqual(
    found.map((entry) => [
      entry.parentPath,
      entry.name,
      entry.isDirectory(),
      entry.isFile(),
      entry.isSymbolicLink(),
      entry.isFIFO(),
      entry.isSocket(),
      entry.isBlockDevice(),
      entry.isCharacterDevice(),
    ]),
    [
      ['/d/', 'e', true, false, false, false, false, false, false],
      ['/d/e', 'f', false, true, false, false, false, false, false],
      ['/d/e', 'l', false, false, true, false, false, false, false],
    ],
  )
})

everywhere('a name and a text keep a byte order mark', async (t) => {
  const { fs } = await facade(t)
  await fs.writeFile('/\uFEFFname', '\uFEFFtext')
  assert.deepEqual(await fs.readdir('/'), ['\uFEFFname'])
  assert.equal(await fs.readFile('/\uFEFFname', 'utf8'), '\uFEFFtext')
  assert.equal(await fs.mkdir('/\uFEFFd/e', { recursive: true }), '/\uFEFFd')
  await fs.symlink('\uFEFFname', '/l')
  assert.deepEqual([await fs.readlink('/l'), await fs.realpath('/l')], ['\uFEFFname', '/\uFEFFname'])
})

everywhere('a path that is no UTF-8 is refused, not taken for another', async (t) => {
  const { fs } = await facade(t)
  await assert.rejects(fs.writeFile(Buffer.from([0x2f, 0xff]), 'lost'), { code: 'EILSEQ' })
  assert.deepEqual(await fs.readdir('/'), [])
})

everywhere('the real path of a file is the name it was asked for by', async (t) => {
  const { fs } = await facade(t)
  await fs.mkdir('/d')
  await fs.writeFile('/d/one', '')
  await fs.link('/d/one', '/two')
  await fs.symlink('../two', '/d/l')
  await fs.symlink('d', '/e')
  assert.deepEqual(
    await Promise.all(['/d/one', '/two', '/e/one', '/e/l', '/e/../e'].map((path) => fs.realpath(path))),
    ['/d/one', '/two', '/d/one', '/two', '/d'],
  )
})

everywhere(
  'times are exact to the nanosecond, and what 64 bits do not hold becomes the nearest that they do',
  async (t) => {
    const { fs, workspace } = await facade(t)
    await fs.writeFile('/f', '')
    await workspace.utimes('/f', new Date(1_700_000_000_123), 1_700_000_000.5)
    const stats = await fs.stat('/f', { bigint: true })
    assert.deepEqual([stats.atimeNs, stats.mtimeNs], [1_700_000_000_123_000_000n, 1_700_000_000_500_000_000n])
    await fs.utimes('/f', 0, 1e12)
    assert.equal((await fs.stat('/f', { bigint: true })).mtimeNs, 2n ** 63n - 1n)
    await assert.rejects(workspace.utimes('/f', Number.NaN, 0), { code: 'EINVAL' })
  },
)

everywhere('a directory that cannot be copied onto a file leaves it', async (t) => {
  const { fs } = await facade(t)
  await fs.mkdir('/d')
  await fs.writeFile('/f', 'kept')
  await assert.rejects(fs.copyFile('/d', '/f'), { code: 'EISDIR', syscall: 'copyfile', path: '/d', dest: '/f' })
  assert.equal(await fs.readFile('/f', 'utf8'), 'kept')
})

everywhere('a file is written from whatever comes piece by piece', async (t) => {
  const { fs } = await facade(t)
  await fs.writeFile(
    '/f',
    (function* () {
      yield 'one '
      yield Buffer.from('two ')
    })(),
  )
  await fs.appendFile('/f', new Blob(['three']).stream())
  assert.equal(await fs.readFile('/f', 'latin1'), 'one two three')
  const failing = (async function* () {
    yield 'some'
    throw new Error('broken')
  })()
  await assert.rejects(fs.writeFile('/g', failing), /broken/)
})

everywhere('a handle reads as a stream, and closes once', async (t) => {
  const { fs } = await facade(t)
  const content = 'x'.repeat(200_000)
  await fs.writeFile('/f', content)
  const handle = await fs.open('/f')
  assert.equal(await new Response(handle.readableWebStream()).text(), content)
  assert.throws(() => handle.readableWebStream(), { code: 'ERR_INVALID_STATE' })
  await Promise.all([handle.close(), handle.close()])
  assert.equal(handle.fd, -1)
  await assert.rejects(handle.stat(), { code: 'EBADF', message: 'file closed' })
})

everywhere('a handle stays with its file when that is renamed or removed', async (t) => {
  const { fs } = await facade(t)
  const handle = await fs.open('/f', 'w+')
  await fs.rename('/f', '/g')
  await fs.unlink('/g')
  await handle.writeFile('still')
  await handle.chmod(0o600)
  await handle.utimes(1, 2)
  const { nlink, mode, mtimeMs } = await handle.stat()
  assert.deepEqual([nlink, mode & 0o777, mtimeMs], [0, 0o600, 2000])
  await handle.close()
  assert.deepEqual(await fs.readdir('/'), [])
})

everywhere('a directory is read entry by entry', async (t) => {
  const { fs } = await facade(t)
  await fs.mkdir('/d/e', { recursive: true })
  await fs.writeFile('/d/f', '')
  const names = []
  for await (const entry of await fs.opendir('/d')) names.push(entry.name)
  assert.deepEqual(names, ['e', 'f'])
  const dir = await fs.opendir('/d')
  await dir.close()
  await assert.rejects(dir.read(), { code: 'ERR_DIR_CLOSED' })
})

everywhere('a watch tells of what is in a directory, or of all below it, until its signal', async (t) => {
  const { fs, workspace } = await facade(t)
  await fs.mkdir('/d/e', { recursive: true })
  for (const [recursive, expected] of [
    [false, ['rename f']],
    [true, ['rename e/deep', 'rename f']],
  ]) {
    const controller = new AbortController()
    const events = fs.watch('/d', { recursive, signal: controller.signal })
    const heard = []
    const ended = (async () => {
      for await (const { eventType, filename } of events) {
        if (eventType === 'rename') heard.push(`${eventType} ${filename}`)
        if (filename === 'f') controller.abort()
      }
    })()
    // The watch is there once the workspace has answered what came after it.
    await workspace.stat('/')
    await fs.writeFile('/d/e/deep', '')
    await fs.writeFile('/d/f', '')
    await assert.rejects(ended, { name: 'AbortError', code: 'ABORT_ERR' })
    assert.deepEqual(heard, expected)
    await fs.unlink('/d/e/deep')
    await fs.unlink('/d/f')
  }
})

everywhere('an aborted signal stops reading and writing before they begin', async (t) => {
  const { fs } = await facade(t)
  const signal = AbortSignal.abort('no more')
  await assert.rejects(fs.writeFile('/f', 'text', { signal }), {
    name: 'AbortError',
    code: 'ABORT_ERR',
    cause: 'no more',
  })
  await assert.rejects(fs.readFile('/f', { signal }), { code: 'ABORT_ERR' })
  assert.deepEqual(await fs.readdir('/'), [])
})

everywhere('synchronous calls take what binds a write to what was read', async (t) => {
  const fs = await synchronous(t)
  fs.writeFileSync('/f', 'one')
  const { version } = fs.statSync('/f')
  assert.throws(() => fs.writeFileSync('/f', '', { exclusive: true }), { code: 'EEXIST' })
  fs.writeFileSync('/f', 'two', { ifVersion: version })
  assert.throws(() => fs.writeFileSync('/f', 'three', { ifVersion: version }), { code: 'ESTALE' })
  assert.throws(() => fs.renameSync('/f', '/f', { replace: false }), { code: 'EEXIST' })
  assert.equal(fs.readFileSync('/f', 'utf8'), 'two')
  assert.deepEqual(
    fs.listDirectorySync('/').map(({ name }) => name),
    ['f'],
  )
})

everywhere('a reply of any size comes whole', async (t) => {
  const fs = await synchronous(t)
  const large = Buffer.alloc(5 << 20, 'abc')
  fs.writeFileSync('/large', large)
  assert.ok(large.equals(fs.readFileSync('/large')))
})

test('a synchronous call does not take the end of the one before for its own', async (t) => {
  const source = join(import.meta.dirname, '../src/shared.ts')
  const { outputFiles } = await build({ entryPoints: [source], bundle: true, format: 'esm', write: false })
  const { Waiter } = await import(`data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`)
  // Wakes whoever waits without an answer, as a late notification does, and answers then.
  const thread = new Worker(
    `require('node:worker_threads').parentPort.on('message', (buffer) => {
      const words = new Int32Array(buffer, 0, 2)
      while (Atomics.notify(words, 0) === 0);
      new Float64Array(buffer, 8, 1)[0] = 42
      Atomics.store(words, 0, 1)
      Atomics.notify(words, 0)
    })`,
    { eval: true },
  )
  t.after(() => thread.terminate())
  const waiter = new Waiter({ callInto: (buffer) => thread.postMessage(buffer) })
  assert.equal(waiter.call({ op: 0 }).value, 42)
})

test('that a workspace is closed is an error, not a file that is not there', async () => {
  const fs = await openSync()
  await fs.close()
  assert.throws(() => fs.existsSync('/f'), TarboxError)
})

test('a port leads to a workspace of another worker', async (t) => {
  const workspace = await TarboxFs.open({ worker: workspacePort() })
  t.after(() => workspace.close())
  await workspace.writeFile('/f', 'text')
  assert.equal(await workspace.readFile('/f', 'utf8'), 'text')
})

test('only memory is there to keep a workspace in', async () => {
  await assert.rejects(TarboxFs.open({ storage: 'opfs' }), { code: 'ENOTSUP', message: /memory/ })
})

test('a program ends though its workspace is open, and not before its calls are answered', async () => {
  const program = `
    import { fs } from 'tarbox/fs'
    import { openSync } from 'tarbox/sync'
    ;(await openSync()).writeFileSync('/f', 'text')
    await fs.writeFile('/f', 'text')
    fs.readFile('/f', 'utf8').then(console.log)
  `
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
  })
  assert.equal(stdout, 'text\n')
})
