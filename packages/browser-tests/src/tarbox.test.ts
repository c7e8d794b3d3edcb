import { TarboxError, TarboxFs, type OpenOptions } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'
import { assert, equal, fails, portOfPage, test } from './harness.js'

const where = { wasm: '/packages/tarbox/dist/tarbox.wasm', worker: '/packages/tarbox/dist/worker.js' }
const open = (options: OpenOptions) => TarboxFs.open({ ...where, ...options })
let names = 0

/** Each test with each place to keep the files. */
function everywhere(title: string, body: (fs: TarboxFs, reopen: () => Promise<TarboxFs>) => Promise<void>): void {
  for (const storage of ['opfs', 'indexeddb', 'memory'] as const) {
    test(`${title} (${storage})`, async () => {
      const name = `t${names++}-${crypto.randomUUID().slice(0, 8)}`
      let fs = await open({ name, storage })
      equal(fs.storage, storage)
      await body(fs, async () => {
        await fs.close()
        return (fs = await open({ name, storage }))
      })
      await fs.close()
    })
  }
}

everywhere('files are written, read, listed and removed', async (fs) => {
  await fs.mkdir('/a/b', { recursive: true })
  await fs.writeFile('/a/b/hello.txt', 'hello')
  await fs.appendFile('/a/b/hello.txt', ' world')
  equal(await fs.readFile('/a/b/hello.txt', 'utf8'), 'hello world')
  equal([...(await fs.readFile('/a/b/hello.txt', { offset: 6, length: 3 }))], [119, 111, 114])
  const large = crypto.getRandomValues(new Uint8Array(65_536)).reduce((all, byte, at) => all.fill(byte, at * 50, at * 50 + 50), new Uint8Array(65_536 * 50))
  await fs.writeFile('/a/large', large)
  const back = await fs.readFile('/a/large')
  assert(back.length === large.length && back.every((byte, at) => byte === large[at]))
  equal((await fs.listDirectory('/a')).map(({ name, isDirectory, size }) => ({ name, isDirectory, size: isDirectory ? 0 : size })), [
    { name: 'b', isDirectory: true, size: 0 },
    { name: 'large', isDirectory: false, size: large.length },
  ])
  await fs.truncate('/a/b/hello.txt', 5)
  await fs.rename('/a/b/hello.txt', '/a/greeting')
  await fs.copy('/a/greeting', '/a/copy')
  await fs.symlink('greeting', '/a/link')
  equal([await fs.readlink('/a/link'), await fs.readFile('/a/link', 'utf8'), await fs.realpath('/a/link')], ['greeting', 'hello', '/a/greeting'])
  await fs.chmod('/a/greeting', 0o600)
  await fs.utimes('/a/greeting', 1_000_000_000, new Date(1_500_000_000_000))
  const stats = await fs.stat('/a/link')
  equal([stats.mode & 0o777, stats.mtimeMs, stats.atimeMs, stats.isFile(), stats.size], [0o600, 1_500_000_000_000, 1_000_000_000_000, true, 5])
  equal((await fs.lstat('/a/link')).isSymbolicLink(), true)
  await fs.rm('/a', { recursive: true })
  equal(await fs.listDirectory('/'), [])
  equal(await fs.fsck(), [])
})

everywhere('errors have codes and numbers', async (fs) => {
  const error = (await fails(() => fs.readFile('/missing'), /ENOENT.*no such file/)) as TarboxError
  equal([error.code, error.errno, error.path, error.syscall], ['ENOENT', -2, '/missing', 'readFile'])
  await fs.mkdir('/d')
  await fs.writeFile('/d/f', 'x')
  await fails(() => fs.mkdir('/d'), /^EEXIST/)
  await fails(() => fs.rmdir('/d'), /^ENOTEMPTY/)
  await fails(() => fs.rm('/d'), /^EISDIR/)
  await fails(() => fs.readFile('/d'), /^EISDIR/)
  await fails(() => fs.readFile('/d/f/g'), /^ENOTDIR/)
  await fails(() => fs.writeFile('/d/f', 'y', { exclusive: true }), /^EEXIST/)
  await fails(() => fs.writeFile('/d/f', 5 as never), /^EINVAL/)
  await fails(() => fs.truncate('/d/f', -1), /^EINVAL/)
  await fails(() => fs.open('/d/f', 'q' as never), /^EINVAL/)
  await fs.rm('/missing', { force: true })
  equal(await fs.readFile('/d/f', 'utf8'), 'x')
})

test('what was acknowledged is there after reopening', async () => {
  for (const storage of ['opfs', 'indexeddb'] as const) {
    const name = `again-${crypto.randomUUID().slice(0, 8)}`
    const first = await open({ name, storage })
    await Promise.all(Array.from({ length: 300 }, (_, at) => first.writeFile(`/f${at}`, `content ${at}`)))
    await first.writeFile('/big', new Uint8Array(5 << 20).fill(7))
    await first.close()
    const second = await open({ name, storage })
    equal((await second.listDirectory('/')).length, 301)
    equal(await second.readFile('/f123', 'utf8'), 'content 123')
    assert((await second.readFile('/big')).every((byte) => byte === 7))
    equal(await second.fsck(), [])
    await second.close()
  }
})

everywhere('open files read and write at positions, and stream', async (fs) => {
  const file = await fs.open('/f', 'w+')
  await file.write('0123456789', 0)
  await file.write('ab', 4)
  equal(new TextDecoder().decode(await file.read(4, 3)), '3ab6')
  await file.truncate(6)
  equal((await file.stat()).size, 6)
  await fs.rm('/f')
  equal(new TextDecoder().decode(await file.read(100, 0)), '0123ab', 'an open file outlives its name')
  await file.close()
  await fails(() => file.read(1, 0), /^EBADF/)

  const bytes = new Uint8Array(3_500_000).map((_, at) => at % 251)
  await new Blob([bytes]).stream().pipeTo(await fs.createWriteStream('/streamed'))
  const back = new Uint8Array(await new Response(await fs.createReadStream('/streamed')).arrayBuffer())
  assert(back.length === bytes.length && back.every((byte, at) => byte === at % 251))
  await fs.writeFile('/blob', new Blob(['from a blob']))
  equal(await fs.readFile('/blob', 'utf8'), 'from a blob')
})

everywhere('layers are sealed, compared, switched and dropped', async (fs) => {
  await fs.writeFile('/a', 'one')
  const sealed = await fs.layers.checkpoint('before', { description: 'the beginning' })
  equal([sealed.name, sealed.description], ['before', 'the beginning'])
  await fs.writeFile('/a', 'two')
  await fs.writeFile('/b', 'new')
  equal((await fs.layers.diff('before')).map(({ kind, path }) => `${kind} ${path}`), ['modified /a', 'added /b'])
  await fs.layers.tag('good', 'before')
  await fs.layers.switch('good')
  equal(await fs.readFile('/a', 'utf8'), 'one')
  await fails(() => fs.writeFile('/a', 'x'), /^EROFS/)
  await fs.layers.switch('head')
  equal(await fs.readFile('/a', 'utf8'), 'two')
  equal(await fs.readFile('/.tarbox/snapshots/before/a', 'utf8'), 'one')
  await fs.layers.checkpoint('after')
  await fs.layers.drop('before')
  equal((await fs.layers.list()).map(({ name }) => name), ['after', null])
})

everywhere('changes are seen as they happen', async (fs) => {
  await fs.mkdir('/w')
  const controller = new AbortController()
  const seen: string[] = []
  const watching = (async () => {
    for await (const { kind, path, from } of fs.watch('/w', { signal: controller.signal })) {
      seen.push(`${kind} ${from ? `${from} → ` : ''}${path}`)
      if (path === '/w/end') controller.abort()
    }
  })()
  await fs.writeFile('/elsewhere', 'x')
  await fs.writeFile('/w/a', 'x')
  await fs.rename('/w/a', '/w/b')
  await fs.rm('/w/b')
  await fs.writeFile('/w/end', '')
  await watching
  equal(seen.filter((line) => !line.startsWith('modify')), ['create /w/a', 'rename /w/a → /w/b', 'delete /w/b', 'create /w/end'])
})

everywhere('trees go out and come in as tar', async (fs) => {
  const long = `/t/${'long'.repeat(40)}/${'name'.repeat(50)}`
  await fs.mkdir(long, { recursive: true })
  await fs.writeFile(`${long}/ü.txt`, 'deep')
  await fs.writeFile('/t/big', new Uint8Array(2_500_001).fill(3))
  await fs.symlink('big', '/t/link')
  await fs.utimes('/t/big', 5, 1234.5)
  const tar = await new Response(fs.exportTar('/t')).blob()
  equal(tar.size % 512, 0)
  const imported = await fs.importTar(tar, '/copy')
  equal([imported.files, imported.links, imported.bytes], [2, 1, 2_500_005])
  equal(await fs.readFile(long.replace('/t', '/copy') + '/ü.txt', 'utf8'), 'deep')
  equal([await fs.readlink('/copy/link'), (await fs.stat('/copy/big')).size, (await fs.stat('/copy/big')).mtimeMs], ['big', 2_500_001, 1_234_500])

  const evil = new Uint8Array(await tar.arrayBuffer())
  evil[0] ^= 1
  await fails(() => fs.importTar(new Blob([evil]), '/bad'), /^EINVAL.*checksum/)
  await fails(() => fs.importTar(tar.slice(0, tar.size - 2_000_000), '/cut'), /^EINVAL.*ends in the middle/)
})

everywhere('the audit and the usage tell', async (fs) => {
  await fs.writeFile('/x', 'x')
  await fs.rm('/x')
  const records = await fs.audit({ path: '/x', limit: 10 })
  equal(records[0]!.operation, 'unlink')
  assert(records.every(({ agent }) => agent === 'browser'))
  await fails(() => fs.audit({ operation: 'nonsense' }), /^EINVAL.*nonsense/)
  const { bytes, layers, site } = await fs.usage()
  assert(bytes >= 0 && layers === 1 && site.quota > 0)
  assert((await fs.gc()).bytes >= 0)
})

test('the facade has the shape of node:fs/promises', async () => {
  const { promises } = createFs(await open({ name: 'facade', storage: 'memory' }))
  await promises.mkdir('/d/e', { recursive: true })
  await promises.writeFile('/d/f', 'text')
  equal(await promises.readFile('/d/f', 'utf8'), 'text')
  equal(await promises.readFile('/d/f', { encoding: 'utf8' }), 'text')
  assert((await promises.readFile('/d/f')) instanceof Uint8Array)
  equal(await promises.readdir('/d'), ['e', 'f'])
  equal((await promises.readdir('/d', { withFileTypes: true })).map((entry) => [entry.name, entry.isDirectory(), entry.isFile()]), [['e', true, false], ['f', false, true]])
  const error = (await fails(() => promises.stat('/nope'), /ENOENT/)) as TarboxError
  equal([error.code, error.errno], ['ENOENT', -2])
  await promises.unlink('/d/f')
  await promises.rm('/d', { recursive: true })
})

test('synchronous calls work in an isolated worker', async () => {
  const fs = await openSync({ ...where, name: 'sync', worker: await portOfPage() })
  fs.rmSync('/s', { recursive: true, force: true })
  fs.mkdirSync('/s/t', { recursive: true })
  fs.writeFileSync('/s/a', 'now')
  equal(fs.readFileSync('/s/a', 'utf8'), 'now')
  const large = new Uint8Array(3 << 20).fill(9)
  fs.writeFileSync('/s/large', large)
  assert(fs.readFileSync('/s/large').every((byte) => byte === 9))
  equal([fs.readdirSync('/s'), fs.existsSync('/s/b'), fs.statSync('/s/a').size], [['a', 'large', 't'], false, 3])
  const file = fs.openSync('/s/a', 'r+')
  fs.writeSync(file, 'NO', 0)
  const buffer = new Uint8Array(3)
  equal([fs.readSync(file, buffer, 0), new TextDecoder().decode(buffer)], [3, 'NOw'])
  fs.closeSync(file)
  await fails(() => fs.readFileSync('/s/missing'), /^ENOENT/)
  const other = await open({ name: 'sync' })
  equal(await other.readFile('/s/a', 'utf8'), 'NOw', 'another user of the same workspace')
  await other.close()
  await fs.close()
})

test('a workspace moves from IndexedDB to OPFS', async () => {
  const name = `move-${crypto.randomUUID().slice(0, 8)}`
  const before = await open({ name, storage: 'indexeddb' })
  await before.writeFile('/kept', 'moved')
  await before.writeFile('/large', new Uint8Array(1 << 20).fill(4))
  await before.close()
  const after = await open({ name })
  equal([after.storage, await after.readFile('/kept', 'utf8'), (await after.readFile('/large')).length], ['opfs', 'moved', 1 << 20])
  equal(await after.fsck(), [])
  await after.close()
  assert(!(await indexedDB.databases()).some((database) => database.name === `tarbox-${name}`))
})

test('two users of one workspace see the same', async () => {
  const [one, two] = [await open({ name: 'pair' }), await open({ name: 'pair' })]
  await two.rm('/p', { recursive: true, force: true })
  await two.mkdir('/p')
  const seen: string[] = []
  const watching = (async () => {
    for await (const { path } of two.watch('/p')) {
      seen.push(path)
      if (path === '/p/end') break
    }
  })()
  // The watch is known to the other once this has come back.
  await two.stat('/p')
  await one.writeFile('/p/a', 'from one')
  equal(await two.readFile('/p/a', 'utf8'), 'from one')
  const file = await two.open('/p/a', 'r+')
  await two.writeFile('/p/b', 'from two')
  equal(await one.readFile('/p/b', 'utf8'), 'from two')
  await one.writeFile('/p/end', '')
  await watching
  assert(seen.includes('/p/a') && seen.includes('/p/b'))
  await one.close()
  equal(await two.readFile('/p/a', 'utf8'), 'from one', 'the other has taken over')
  equal(new TextDecoder().decode(await file.read(4, 0)), 'from')
  await file.close()
  await two.writeFile('/p/c', 'alone')
  await two.close()
})

test('the constructor is reserved for a remote store', () => fails(() => new TarboxFs('https://example.org', 'key'), /^ENOTSUP.*TarboxFs.open/).then(() => undefined))
test('names that could lead elsewhere are refused', () => fails(() => open({ name: '../x' }), /^EINVAL/).then(() => undefined))
