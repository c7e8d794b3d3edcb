import { TarboxError, TarboxFs } from 'tarbox'
import { nameOf } from 'tarbox-device'
import { assert, equal, fails, test } from './harness.js'
import { open, everywhere } from './workspaces.js'

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

test('what cannot be a key of a server is refused before it is sent', () =>
  fails(() => new TarboxFs('https://example.org', 'key'), /^EINVAL.*not a key/).then(() => undefined))
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
