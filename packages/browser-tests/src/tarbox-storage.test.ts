import { TarboxError } from 'tarbox'
import { assert, equal, fails, test } from './harness.js'
import { edit } from './idb.js'
import { open } from './workspaces.js'

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
    /^EUCLEAN.*is damaged.*\/tarbox.db.*it has \d+ of \d+ pages.*onDamage: 'proceed'/,
  )
  equal((error as TarboxError).errno, -117)
  await fails(() => open({ name }), /^EUCLEAN.*cannot be moved/)

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
