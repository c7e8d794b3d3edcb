import { type WatchEvent } from 'tarbox'
import { assert, equal, fails } from './harness.js'
import { agentOf, everywhere, HAS_SITE } from './workspaces.js'

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

everywhere('the audit and the usage tell', async (fs) => {
  await fs.writeFile('/x', 'x')
  await fs.rm('/x')
  const records = await fs.audit({ path: '/x', limit: 10 })
  equal(records[0]!.operation, 'unlink')
  assert(records.every(({ agent }) => agent === agentOf(fs)))
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
  assert(bytes >= 0 && layers === 1 && site.quota > 0 === HAS_SITE)
  assert((await fs.gc()).bytes >= 0)
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
