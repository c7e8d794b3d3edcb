import { ImportError, type Incoming, type Progress, type TarProgress } from 'tarbox'
import { assert, equal, fails } from './harness.js'
import { everywhere } from './workspaces.js'

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
  await fails(() => fs.importFiles([{ path: 'up/x', data: '' }], '/in'), /^EINVAL.*not a directory/)
  await fails(() => fs.importFiles([{ path: 'd1', data: '' }], '/in'), /^EISDIR/)
  assert(!(await fs.exists('/x')))
  equal(await fs.fsck(), [])
})
