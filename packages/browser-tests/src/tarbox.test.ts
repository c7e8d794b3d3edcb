import {
  ImportError,
  type Incoming,
  TarboxError,
  TarboxFs,
  type OpenOptions,
  type Progress,
  type TarProgress,
  type WatchEvent,
} from 'tarbox'
import { createFs } from 'tarbox/fs'
import { nameOf } from 'tarbox-device'
import { openSync } from 'tarbox/sync'
import { assert, equal, fails, portOfPage, test } from './harness.js'
import { edit } from './idb.js'

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
  const large = crypto
    .getRandomValues(new Uint8Array(65_536))
    .reduce((all, byte, at) => all.fill(byte, at * 50, at * 50 + 50), new Uint8Array(65_536 * 50))
  await fs.writeFile('/a/large', large)
  const back = await fs.readFile('/a/large')
  assert(back.length === large.length && back.every((byte, at) => byte === large[at]))
  equal(
    (await fs.listDirectory('/a')).map(({ name, isDirectory, size }) => ({
      name,
      isDirectory,
      size: isDirectory ? 0 : size,
    })),
    [
      { name: 'b', isDirectory: true, size: 0 },
      { name: 'large', isDirectory: false, size: large.length },
    ],
  )
  await fs.truncate('/a/b/hello.txt', 5)
  await fs.rename('/a/b/hello.txt', '/a/greeting')
  await fs.copy('/a/greeting', '/a/copy')
  await fs.symlink('greeting', '/a/link')
  equal(
    [await fs.readlink('/a/link'), await fs.readFile('/a/link', 'utf8'), await fs.realpath('/a/link')],
    ['greeting', 'hello', '/a/greeting'],
  )
  await fs.chmod('/a/greeting', 0o600)
  await fs.utimes('/a/greeting', 1_000_000_000, new Date(1_500_000_000_000))
  const stats = await fs.stat('/a/link')
  equal(
    [stats.mode & 0o777, stats.mtimeMs, stats.atimeMs, stats.isFile(), stats.size],
    [0o600, 1_500_000_000_000, 1_000_000_000_000, true, 5],
  )
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
  equal(
    (await fs.layers.diff('before')).map(({ kind, path }) => `${kind} ${path}`),
    ['modified /a', 'added /b'],
  )
  await fs.layers.tag('good', 'before')
  await fs.layers.switch('good')
  equal(await fs.readFile('/a', 'utf8'), 'one')
  await fails(() => fs.writeFile('/a', 'x'), /^EROFS/)
  await fs.layers.switch('head')
  equal(await fs.readFile('/a', 'utf8'), 'two')
  equal(await fs.readFile('/.tarbox/snapshots/before/a', 'utf8'), 'one')
  await fs.layers.checkpoint('after')
  await fs.layers.drop('before')
  equal(
    (await fs.layers.list()).map(({ name }) => name),
    ['after', null],
  )
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
  equal(
    seen.filter((line) => !line.startsWith('modify')),
    ['create /w/a', 'rename /w/a → /w/b', 'delete /w/b', 'create /w/end'],
  )
})

everywhere('a file is written only as it was read, or only as a new one', async (fs) => {
  await fs.writeFile('/a', 'one', { exclusive: true })
  const { version } = await fs.stat('/a')
  await fs.writeFile('/a', 'two', { ifVersion: version })
  const error = (await fails(
    () => fs.writeFile('/a', 'three', { ifVersion: version }),
    /^ESTALE.*read it again/,
  )) as TarboxError
  equal([error.code, error.errno, error.path], ['ESTALE', -116, '/a'])
  await fails(() => fs.writeFile('/a', new Blob(['four']), { ifVersion: version }), /^ESTALE/)
  await fails(() => fs.open('/a', 'w', 0o644, { ifVersion: version }), /^ESTALE/)
  await fails(() => fs.writeFile('/a', 'five', { exclusive: true }), /^EEXIST/)
  equal(await fs.readFile('/a', 'utf8'), 'two', 'nothing has changed')
  await fs.writeFile('/a', new Blob(['six']), { ifVersion: (await fs.stat('/a')).version })
  equal(await fs.readFile('/a', 'utf8'), 'six')

  // Each change is another version, however fast they come.
  const versions = new Set<string>()
  for (let round = 0; round < 200; round++) {
    await fs.writeFile('/b', 'same')
    versions.add((await fs.stat('/b')).version)
  }
  const stats = await Promise.all(
    Array.from({ length: 200 }, async () => (await Promise.all([fs.writeFile('/b', 'same'), fs.stat('/b')]))[1]),
  )
  equal(new Set([...versions, ...stats.map((one) => one.version)]).size, 400)
  const { version: last } = await fs.stat('/b')
  await fs.rm('/b')
  await fails(() => fs.writeFile('/b', 'x', { ifVersion: last }), /^ENOENT/)
})

everywhere('nothing is replaced unless that is meant, and trees are copied', async (fs) => {
  await fs.mkdir('/t/sub', { recursive: true })
  await fs.writeFile('/t/sub/f', 'deep')
  await fs.symlink('sub/f', '/t/link')
  await fs.writeFile('/taken', 'kept')
  await fails(() => fs.rename('/t/sub/f', '/taken', { replace: false }), /^EEXIST/)
  equal([await fs.readFile('/taken', 'utf8'), await fs.readFile('/t/sub/f', 'utf8')], ['kept', 'deep'])
  await fails(() => fs.copy('/t', '/copy'), /^EISDIR/)
  await fs.copy('/t', '/copy', { recursive: true })
  equal([await fs.readFile('/copy/link', 'utf8'), await fs.readlink('/copy/link')], ['deep', 'sub/f'])
  await fails(() => fs.copy('/t', '/copy', { recursive: true, exclusive: true }), /^EEXIST/)
  await fails(() => fs.copy('/t', '/t/sub/new', { recursive: true }), /^EINVAL.*into itself/)
  await fs.layers.checkpoint('before')
  await fs.rm('/t', { recursive: true })
  await fs.copy('/.tarbox/snapshots/before/t', '/t', { recursive: true })
  equal(await fs.readFile('/t/sub/f', 'utf8'), 'deep', 'out of the past')
  await fs.rename('/t/sub/f', '/taken')
  equal(await fs.readFile('/taken', 'utf8'), 'deep')
  equal(await fs.fsck(), [])
})

everywhere('watchers hear of layers, and whose a change was', async (fs) => {
  const seen: WatchEvent[] = []
  const plain: string[] = []
  const watching = Promise.all([
    (async () => {
      for await (const event of fs.watch('/', { layers: true })) {
        seen.push(event)
        if (event.kind === 'drop') return
      }
    })(),
    (async () => {
      for await (const { kind, path } of fs.watch('/')) {
        plain.push(kind)
        if (path === '/end') return
      }
    })(),
  ])
  await fs.writeFile('/a', 'x')
  await fs.layers.checkpoint('one')
  await fs.layers.tag('good', 'one')
  await fs.layers.switch('one')
  await fs.layers.switch('head')
  await fs.layers.drop('one')
  await fs.writeFile('/end', '')
  await watching
  const layers = seen.map((event) => ('name' in event ? `${event.kind} ${event.name}` : `${event.kind} ${event.path}`))
  equal(
    layers.filter((line) => !/create|modify/.test(line)),
    ['checkpoint one', 'tag good', 'rescan /', 'switch one', 'rescan /', 'switch head', 'drop one'],
  )
  assert(
    seen.every(({ client }) => client === fs.client),
    'all of it was ours',
  )
  assert(
    seen.every(({ seq }, at) => at === 0 || seq >= seen[at - 1]!.seq),
    'in order',
  )
  assert(plain.every((kind) => ['create', 'modify', 'rescan'].includes(kind)))
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
  equal(
    [await fs.readlink('/copy/link'), (await fs.stat('/copy/big')).size, (await fs.stat('/copy/big')).mtimeMs],
    ['big', 2_500_001, 1_234_500],
  )

  const evil = new Uint8Array(await tar.arrayBuffer())
  evil[0]! ^= 1
  await fails(() => fs.importTar(new Blob([evil]), '/bad'), /^EINVAL.*does not begin like one/)
  await fails(() => fs.importTar(tar.slice(0, tar.size - 2_000_000), '/cut'), /^EINVAL.*cut off/)
})

/** A header of a tar archive, with content behind it. */
function member(
  name: string,
  kind: string,
  {
    link = '',
    content = '',
    magic = 'ustar\x0000',
    fields = {},
  }: { link?: string; content?: string; magic?: string; fields?: Record<number, string> } = {},
): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(512 + Math.ceil(content.length / 512) * 512)
  const put = (at: number, text: string) =>
    block.set(
      Uint8Array.from(text, (letter) => letter.charCodeAt(0)),
      at,
    )
  put(0, name)
  put(
    100,
    '0000750\0' +
      '0000007\0' +
      '0000010\0' +
      content.length.toString(8).padStart(11, '0') +
      '\0' +
      '00000000005\0' +
      '        ' +
      kind,
  )
  put(157, link)
  put(257, magic)
  for (const [at, text] of Object.entries(fields)) put(Number(at), text)
  put(
    148,
    block
      .slice(0, 512)
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0') + '\0',
  )
  put(512, content)
  return block
}

everywhere('an archive comes in as GNU tar and bsdtar unpack it', async (fs) => {
  const octal = (value: number) => value.toString(8).padStart(11, '0') + '\0'
  const pax = (text: string) => member('pax', 'x', { content: text })
  const parts = [
    member('d/', '5'),
    pax('18 mtime=-5000.25\n'),
    member('d/f', '0', { content: 'hello' }),
    member('d/f', '1', { link: 'd/f' }),
    member('d/l', '2', { link: 'f' }),
    member('d/m', '1', { link: 'd/l' }),
    member('p', '6'),
    member('q', '1', { link: 'p', fields: { 124: octal(5) } }),
    member('s', 'S', {
      magic: 'ustar  \0',
      content: 'x'.repeat(512),
      fields: { 386: octal(1024), 398: octal(512), 483: octal(5000) },
    }),
    member('odd', 'Z', { content: 'odd' }),
    member('../up', '0', { content: 'evil' }),
    member('none', '1', { link: 'nothing' }),
    member('last', '0', { content: 'last' }),
  ]
  const error = await fails(
    () => fs.importTar(new Blob([...parts, new Uint8Array(1024)]), '/t'),
    /^EPERM.*leads out.*and 1 more/,
  )
  assert(error instanceof ImportError)
  equal(
    error.problems.map(({ code, path }) => `${code} ${path}`),
    ['EPERM /t/../up', 'ENOENT /t/none'],
  )
  // The file, the pipe, the one with holes, the odd and the last one; and three more names.
  equal(
    [error.imported.files, error.imported.directories, error.imported.links, error.imported.bytes],
    [5, 1, 3, 5 + 5000 + 3 + 4],
  )
  equal(
    [await fs.readFile('/t/d/f', 'utf8'), await fs.readlink('/t/d/m'), await fs.readFile('/t/last', 'utf8')],
    ['hello', 'f', 'last'],
  )
  const [file, directory, link, pipe, holes] = await Promise.all(
    ['/t/d/f', '/t/d', '/t/d/l', '/t/q', '/t/s'].map((path) => fs.lstat(path)),
  )
  equal([file!.mtimeMs, file!.uid, file!.gid, file!.mode & 0o777], [-5_000_250, 7, 8, 0o750])
  equal([directory!.mtimeMs, link!.mtimeMs, link!.nlink, pipe!.isFIFO(), pipe!.nlink], [5000, 5000, 2, true, 2])
  equal([holes!.size, holes!.blocks < 9, (await fs.readFile('/t/s'))[1024]], [5000, true, 120])

  // And out again, with all of it.
  const tar = await new Response(fs.exportTar('/t')).blob()
  const again = await fs.importTar(tar, '/again')
  equal([again.files, again.directories, again.links, again.bytes, again.warnings], [5, 1, 3, 5 + 5000 + 3 + 4, []])
  const [copy, sparse] = await Promise.all(['/again/d/f', '/again/s'].map((path) => fs.lstat(path)))
  equal(
    [copy!.mtimeMs, copy!.uid, copy!.mode & 0o777, sparse!.size, sparse!.blocks < 9],
    [-5_000_250, 7, 0o750, 5000, true],
  )
  equal(await fs.fsck(), [])
})

everywhere('an import tells how far it is, and what is there when it is stopped', async (fs) => {
  const files = Array.from(
    { length: 600 },
    (_, at): Incoming => ({ path: `d${at % 7}/f${at}`, data: `content ${at}`, mtime: 1_000 + at }),
  )
  const large = new Uint8Array(3 << 20).map((_, at) => at % 249)
  const heard: Progress[] = []
  const imported = await fs.importFiles([...files, { path: 'large', data: new Blob([large]), mode: 0o600 }], '/in', {
    onProgress: (progress) => heard.push(progress),
  })
  equal(
    [imported.files, imported.bytes],
    [601, files.reduce((sum, { data }) => sum + (data as string).length, large.length)],
  )
  assert(heard.length > 4 && heard.every(({ bytes }, at) => at === 0 || bytes >= heard[at - 1]!.bytes))
  equal([heard.at(-1)!.files, heard.at(-1)!.path], [601, '/in/large'])
  equal(
    [
      await fs.readFile('/in/d3/f500', 'utf8'),
      (await fs.stat('/in/d3/f500')).mtimeMs,
      (await fs.stat('/in/large')).mode & 0o777,
    ],
    ['content 500', 1_500_000, 0o600],
  )

  const told: Progress[] = []
  const tar = await new Response(fs.exportTar('/in', { onProgress: (progress) => told.push(progress) })).blob()
  equal([told.at(-1)!.files, told.at(-1)!.directories, told.at(-1)!.bytes], [601, 7, imported.bytes])
  const read: TarProgress[] = []
  await fs.importTar(tar, '/again', { onProgress: (progress) => read.push(progress) })
  const last = read.at(-1)!
  assert(last.size === tar.size && last.read <= tar.size && last.read > tar.size - 4096 && last.files === 601)
  equal(await fs.readFile('/again/d3/f500', 'utf8'), 'content 500')

  // Stopped in the large file, which was there before and is what it was.
  await fs.mkdir('/part')
  await fs.writeFile('/part/large', 'before')
  const controller = new AbortController()
  const onProgress = ({ path, bytes }: Progress) =>
    path === '/part/large' && bytes > 1 << 20 && controller.abort('enough')
  const error = await fails(
    () => fs.importTar(tar, '/part', { signal: controller.signal, onProgress }),
    /^ECANCELED.*files were imported before that/,
  )
  assert(error instanceof ImportError && error.cause === 'enough')
  equal(await fs.readFile('/part/large', 'utf8'), 'before')
  let there = 0
  for (const { name, isDirectory } of await fs.listDirectory('/part')) {
    assert(isDirectory || name === 'large', `${name} is left over`)
    if (isDirectory) there += (await fs.listDirectory(`/part/${name}`)).length
  }
  equal(there, error.imported.files)

  // A source that gives no more is not waited for.
  const slow = new AbortController()
  const never = new ReadableStream<Uint8Array>({ pull: () => slow.abort() }, { highWaterMark: 0 })
  await fails(() => fs.importTar(never, '/never', { signal: slow.signal }), /^ECANCELED/)
  await fails(() => fs.importFiles([{ path: 'x', data: '' }], '/never', { signal: AbortSignal.abort() }), /^ECANCELED/)
  await fails(() => fs.exportTar('/in', { signal: AbortSignal.abort() }).getReader().read(), /^ECANCELED/)
  await fails(() => fs.importFiles([{ path: '../x', data: '' }], '/in'), /^EINVAL.*out of the tree/)
  await fs.symlink('/', '/in/up')
  await fails(() => fs.importFiles([{ path: 'up/x', data: '' }], '/in'), /^EINVAL.*no directory/)
  await fails(() => fs.importFiles([{ path: 'd1', data: '' }], '/in'), /^EISDIR/)
  assert(!(await fs.exists('/x')))
  equal(await fs.fsck(), [])
})

everywhere('the audit and the usage tell', async (fs) => {
  await fs.writeFile('/x', 'x')
  await fs.rm('/x')
  const records = await fs.audit({ path: '/x', limit: 10 })
  equal(records[0]!.operation, 'unlink')
  assert(records.every(({ agent }) => agent === 'browser'))
  await fails(() => fs.audit({ operation: 'nonsense' }), /^EINVAL.*nonsense/)
  assert(records.every(({ client }) => client === fs.client))
  await Promise.all(Array.from({ length: 25 }, (_, at) => fs.writeFile(`/n${at}`, '')))
  const all = await fs.audit({ limit: 100 })
  const paged = []
  for (
    let page = await fs.audit({ limit: 7 });
    page.length > 0;
    page = await fs.audit({ limit: 7, before: page.at(-1)!.seq })
  )
    paged.push(...page)
  equal(paged, all)
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
  equal(
    (await promises.readdir('/d', { withFileTypes: true })).map((entry) => [
      entry.name,
      entry.isDirectory(),
      entry.isFile(),
    ]),
    [
      ['e', true, false],
      ['f', false, true],
    ],
  )
  const error = (await fails(() => promises.stat('/nope'), /ENOENT/)) as TarboxError
  equal([error.code, error.errno], ['ENOENT', -2])
  await promises.cp('/d', '/copy', { recursive: true })
  equal(await promises.readFile('/copy/f', 'utf8'), 'text')
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
  equal([fs.readSync(file, buffer, { position: 0 }), new TextDecoder().decode(buffer)], [3, 'NOw'])
  fs.closeSync(file)
  await fails(() => fs.readFileSync('/s/missing'), /^ENOENT/)
  const { version } = fs.statSync('/s/a')
  fs.cpSync('/s', '/s2', { recursive: true })
  await fails(() => fs.cpSync('/s', '/s2', { recursive: true, errorOnExist: true, force: false }), /EEXIST/)
  await fails(() => fs.renameSync('/s2/a', '/s/large', { replace: false }), /^EEXIST/)
  await fails(() => fs.writeFileSync('/s/a', '', { exclusive: true }), /^EEXIST/)
  fs.utimesSync('/s/a', 1, 1)
  await fails(() => fs.writeFileSync('/s/a', '', { ifVersion: version }), /^ESTALE/)
  fs.rmSync('/s2', { recursive: true })
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
  equal(
    [after.storage, await after.readFile('/kept', 'utf8'), (await after.readFile('/large')).length],
    ['opfs', 'moved', 1 << 20],
  )
  equal(await after.fsck(), [])
  await after.close()
  assert(!(await indexedDB.databases()).some((database) => database.name === `tarbox-${name}`))
})

test('a workspace that is in both places stays in both', async () => {
  const name = `both-${crypto.randomUUID().slice(0, 8)}`
  for (const storage of ['opfs', 'indexeddb'] as const) {
    const fs = await open({ name, storage })
    await fs.writeFile('/where', storage)
    await fs.close()
  }
  for (const storage of ['opfs', 'indexeddb'] as const) {
    const fs = await open({ name, storage })
    equal([fs.storage, await fs.readFile('/where', 'utf8')], [storage, storage])
    await fs.close()
  }
})

/** Files of a workspace, each settled by itself. */
async function made(name: string, storage: 'opfs' | 'indexeddb'): Promise<void> {
  const fs = await open({ name, storage })
  await fs.writeFile('/precious', 'kept'.repeat(20_000))
  await fs.close()
}

/** The name of the file that holds the database. */
async function fileOf(database: string, path: string): Promise<string> {
  const keys = (await edit(database, (pages) => pages.getAllKeys())) as [string, number][]
  for (const [file] of keys.filter(([, number]) => number === 0)) {
    const page = await edit(database, (pages) => pages.get([file, 0]))
    if (new TextDecoder().decode(new Uint8Array(page as ArrayBuffer, 0, 512)).startsWith(`${path}\0`)) return file
  }
  throw new Error(`no file is ${path}`)
}

test('a workspace of which IndexedDB has lost a page is not opened, and kept', async () => {
  const name = `torn-${crypto.randomUUID().slice(0, 8)}`
  const database = `tarbox-${name}`
  await made(name, 'indexeddb')
  const file = await fileOf(database, '/tarbox.db')
  const page = await edit(database, (pages) => pages.get([file, 2]))
  await edit(database, (pages) => pages.delete([file, 2]))
  const error = await fails(
    () => open({ name, storage: 'indexeddb' }),
    /^EUCLEAN.*is damaged.*\/tarbox.db.*pages are there.*onDamage: 'proceed'/,
  )
  equal((error as TarboxError).errno, -117)
  await fails(() => open({ name }), /^EUCLEAN.*cannot move/)

  const anew = await open({ name, storage: 'indexeddb', onDamage: 'proceed' })
  equal(await anew.listDirectory('/'), [])
  await anew.close()
  assert(
    (await edit(database, (pages) => pages.count(IDBKeyRange.bound([file, 0], [file, Infinity])))) > 2,
    'what is left is there',
  )
  await edit(database, (pages) => pages.put(page, [file, 2]))
})

test('a workspace with a damaged header is not opened, and is there again when it is mended', async () => {
  const name = `header-${crypto.randomUUID().slice(0, 8)}`
  const database = `tarbox-${name}`
  await made(name, 'indexeddb')
  const file = await fileOf(database, '/tarbox.db')
  const spoil = async () => {
    const page = new Uint8Array((await edit(database, (pages) => pages.get([file, 0]))) as ArrayBuffer)
    page[518]! ^= 0xff
    await edit(database, (pages) => pages.put(page.buffer, [file, 0]))
  }
  await spoil()
  await fails(() => open({ name, storage: 'indexeddb' }), /^EUCLEAN.*the digest of its header does not fit/)
  await spoil()
  const fs = await open({ name, storage: 'indexeddb' })
  equal((await fs.readFile('/precious', 'utf8')).length, 80_000)
  equal(await fs.fsck(), [])
  await fs.close()
})

test('a damaged header of a private file is treated the same', async () => {
  const name = `header-${crypto.randomUUID().slice(0, 8)}`
  await made(name, 'opfs')
  const spoil = async () => {
    let directory = await navigator.storage.getDirectory()
    for (const part of ['.tarbox', name, '.opaque']) directory = await directory.getDirectoryHandle(part)
    for await (const entry of (directory as any).values()) {
      const handle = await entry.createSyncAccessHandle()
      const header = new Uint8Array(524)
      handle.read(header, { at: 0 })
      header[518]! ^= 0xff
      if (new TextDecoder().decode(header).startsWith('/tarbox.db\0')) handle.write(header, { at: 0 })
      handle.close()
    }
  }
  await spoil()
  await fails(() => open({ name }), /^EUCLEAN.*the digest of its header does not fit/)
  const anew = await open({ name, onDamage: 'proceed' })
  await anew.writeFile('/new', 'x')
  await anew.close()
  const again = await open({ name, onDamage: 'proceed' })
  equal(await again.readFile('/new', 'utf8'), 'x')
  await again.close()
})

test('a database that the browser has deleted is missed', async () => {
  const name = `gone-${crypto.randomUUID().slice(0, 8)}`
  await made(name, 'indexeddb')
  await new Promise((resolve) => (indexedDB.deleteDatabase(`tarbox-${name}`).onsuccess = resolve))
  await fails(() => open({ name, storage: 'indexeddb' }), /^EUCLEAN.*has lost the IndexedDB database/)
  const anew = await open({ name, storage: 'indexeddb', onDamage: 'proceed' })
  equal(await anew.listDirectory('/'), [])
  await anew.close()
})

everywhere('a watch ends when the workspace is closed', async (fs, reopen) => {
  const seen: string[] = []
  const watching = (async () => {
    for await (const { kind } of fs.watch('/')) seen.push(kind)
  })()
  await fs.writeFile('/a', '')
  const again = await reopen()
  await watching
  assert(seen.includes('create'))
  await fails(() => fs.watch('/').next(), /^EBADF/)
  await again.stat('/')
})

test('files that a user had open are closed when it goes', async () => {
  const name = `handles-${crypto.randomUUID().slice(0, 8)}`
  const [one, two] = [await open({ name }), await open({ name })]
  const { inodes } = await one.usage()
  await two.writeFile('/f', 'held')
  const file = await two.open('/f')
  await one.rm('/f')
  equal([(await one.usage()).inodes, new TextDecoder().decode(await file.read(4, 0))], [inodes + 1, 'held'])
  await two.close()
  // That it goes is heard some moments later.
  while ((await one.usage()).inodes > inodes);
  await one.close()
})

test('two users of one workspace see the same', async () => {
  const [one, two] = [await open({ name: 'pair' }), await open({ name: 'pair' })]
  await two.rm('/p', { recursive: true, force: true })
  await two.mkdir('/p')
  const seen: string[] = []
  assert(one.client !== two.client)
  const names = new Map([
    [one.client, 'one'],
    [two.client, 'two'],
  ])
  const watching = (async () => {
    for await (const { path, client } of two.watch('/p')) {
      seen.push(path)
      equal(names.get(client!), path === '/p/b' ? 'two' : 'one', path)
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

test('the constructor is reserved for a remote store', () =>
  fails(() => new TarboxFs('https://example.org', 'key'), /^ENOTSUP.*TarboxFs.open/).then(() => undefined))
test('names that could lead elsewhere are refused', () =>
  fails(() => open({ name: '../x' }), /^EINVAL/).then(() => undefined))

everywhere('names, targets and contents that begin with U+FEFF come back as they were', async (fs) => {
  const names = ['a', '\ufeffa', '\ufeff', '\ufffd', '\ufeff\ufeffa'].sort()
  for (const name of names) {
    await fs.writeFile(`/${name}`, `\ufeff${name}`)
    await fs.mkdir('/links', { recursive: true })
    await fs.symlink(`\ufeff${name}`, `/links/${name}`)
  }
  equal((await fs.listDirectory('/links')).map(({ name }) => name).sort(), names)
  for (const name of names) {
    equal(
      [await fs.readFile(`/${name}`, 'utf8'), await fs.readlink(`/links/${name}`), await fs.realpath(`/${name}`)],
      [`\ufeff${name}`, `\ufeff${name}`, `/${name}`],
    )
  }
  // Half a surrogate pair is no name: as bytes, all such names would be one.
  for (const name of ['\ud800', 'x\udc80']) {
    await fails(() => fs.writeFile(`/${name}`, 'x'), /^EILSEQ/)
    await fails(() => fs.symlink(name, '/links/new'), /^EILSEQ/)
    await fails(() => fs.rename('/a', `/${name}`), /^EILSEQ/)
  }
  equal((await fs.listDirectory('/')).length, names.length + 1)
})

test('names that are no UTF-8 do not look the same', () => {
  const [one, other] = [nameOf(Uint8Array.of(97, 0xff, 0xc3, 0xa4)), nameOf(Uint8Array.of(97, 0xfe, 0xc3, 0xa4))]
  equal([one, other], ['a\udcffä', 'a\udcfeä'])
})

everywhere('a stream replaces a file as a whole or not at all', async (fs) => {
  const PIECE = 300_000
  /** So many pieces, and then an error. */
  const broken = (pieces: number) =>
    new ReadableStream<Uint8Array>({
      pull(controller) {
        if (pieces-- > 0) controller.enqueue(new Uint8Array(PIECE).fill(pieces))
        else controller.error(new Error('the source broke'))
      },
    })
  await fs.writeFile('/a', 'old', { mode: 0o600 })
  const { ino, version } = await fs.stat('/a')
  for (const pieces of [0, 1, 9]) {
    await fails(() => fs.writeFile('/a', broken(pieces)), /the source broke/)
    await fails(() => fs.writeFile('/a', broken(pieces), { ifVersion: version }), /the source broke/)
    await fails(() => fs.writeFile('/new', broken(pieces), { exclusive: true }), /the source broke/)
  }
  await fails(
    () => fs.writeFile('/a', new ReadableStream({ start: (controller) => controller.enqueue(5 as never) })),
    /^EINVAL/,
  )
  equal([await fs.readFile('/a', 'utf8'), (await fs.stat('/a')).version], ['old', version], 'as it was')
  equal(
    (await fs.listDirectory('/')).map(({ name }) => name),
    ['a'],
  )

  const bytes = new Uint8Array(5_000_000).map((_, at) => at % 253)
  await fs.writeFile('/a', new Blob([bytes]).stream(), { ifVersion: version })
  const back = await fs.readFile('/a')
  assert(back.length === bytes.length && back.every((byte, at) => byte === bytes[at]))
  equal([(await fs.stat('/a')).ino, (await fs.stat('/a')).mode & 0o777], [ino, 0o600], 'it is the same file still')
  // A version that is another by the time all has come is refused then.
  const late = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        await fs.writeFile('/a', 'in between')
        controller.enqueue(Uint8Array.of(1))
        controller.close()
      },
    },
    { highWaterMark: 0 },
  )
  await fails(async () => fs.writeFile('/a', late, { ifVersion: (await fs.stat('/a')).version }), /^ESTALE/)
  equal(await fs.readFile('/a', 'utf8'), 'in between')
  for (const blob of [new Blob(), new Blob(['x'])]) {
    await fs.writeFile('/a', blob)
    equal((await fs.stat('/a')).size, blob.size)
  }
  equal(await fs.fsck(), [])
})
