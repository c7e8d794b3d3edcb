import type { NervusDB as Database } from 'nervusdb'
import { openSync } from 'tarbox/sync'
import { equal, fails, portOfPage, test } from './harness.js'
import { where } from './workspaces.js'

// As it is shipped: the module lies beside the bundle.
const entry = '/packages/nervusdb/dist/browser.js'
const open: typeof import('nervusdb')['NervusDB']['open'] = async (path, options) => {
  const { NervusDB } = (await import(entry)) as typeof import('nervusdb')
  return NervusDB.open(path, options)
}

const fact = (subject: string, object: string) => ({ subject, predicate: 'knows', object })

async function fresh(name: string): Promise<string> {
  const root = await navigator.storage.getDirectory()
  await root.removeEntry(`${name}.pages`, { recursive: true }).catch(() => {})
  return name
}

for (const useWasm of [true, false]) {
  const kind = useWasm ? 'WebAssembly' : 'JavaScript'

  test(`${kind}: facts and properties are there after reopening`, async () => {
    const path = await fresh(`graph-${kind}`)
    let db: Database = await open(path, { useWasm })
    db.addFact(fact('älice', 'bob'), { subjectProperties: { age: 42, labels: ['Person'] } })
    db.addFact(fact('bob', 'carol'))
    equal(
      db
        .find({ subject: 'älice' }, { anchor: 'object' })
        .follow('knows')
        .all()
        .map(({ object }) => object),
      ['carol'],
    )
    await db.close()
    db = await open(path, { useWasm: !useWasm })
    equal(db.findByLabel('Person').all()[0]?.subjectProperties, { age: 42, labels: ['Person'] })
    await db.close()
  })

  test(`${kind}: many facts, flushed and merged`, async () => {
    const path = await fresh(`many-${kind}`)
    let db: Database = await open(path, { useWasm })
    for (let round = 0; round < 6; round++) {
      db.addFacts(
        Array.from({ length: 20_000 }, (_, n) => ({ subject: `s${n % 100}`, predicate: `p${round}`, object: `o${n}` })),
      )
      await db.flush()
    }
    db.deleteFact({ subject: 's0', predicate: 'p0', object: 'o0' })
    equal(db.find({}).length, 119_999)
    equal(await db.withSnapshot(async () => db.find({ subject: 's1' }).length), 1_200)
    await db.close()
    db = await open(path, { useWasm })
    equal(db.find({}).length, 119_999)
    await db.close()
  })
}

test('what was committed survives a handle that was never closed', async () => {
  const path = await fresh('dropped')
  const db = await open(path)
  db.beginBatch({ txId: 'one' })
  db.addFact(fact('a', 'b'))
  db.commitBatch({ durable: true })
  db[Symbol.dispose]()
  const again = await open(path)
  equal(again.listFacts().length, 1)
  await again.close()
})

test('one path is open once', async () => {
  const path = await fresh('once')
  const db = await open(path)
  await fails(() => open(path), /LOCKED/)
  await db.close()
  await (await open(path)).close()
  await fails(() => open('nowhere/at-all'), /ENOENT/)
  await fails(() => open('../out'), /INVALID_ARGUMENT/)
})

test('memory needs no files', async () => {
  const db = await open(':memory:')
  db.addFact(fact('a', 'b'))
  equal(db.find({}).length, 1)
  await db.close()
})

/** The files of a database, each changed by its header and contents. */
async function slots(path: string, change: (handle: any, name: string) => void): Promise<void> {
  const root = await navigator.storage.getDirectory()
  const directory = await (await root.getDirectoryHandle(`${path}.pages`)).getDirectoryHandle('.opaque')
  for await (const entry of directory.values()) {
    const handle = await (entry as any).createSyncAccessHandle()
    const header = new Uint8Array(512)
    handle.read(header, { at: 0 })
    const name = new TextDecoder('utf-8', { ignoreBOM: true }).decode(header)
    change(handle, name.slice(0, name.indexOf('\0')))
    handle.close()
  }
}

test('a file whose header is damaged is kept as it is, and no new database is made over it', async () => {
  const path = await fresh('damaged')
  const db = await open(path)
  db.addFact(fact('a', 'b'))
  await db.close()
  await slots(path, (handle, name) => {
    if (name !== '') handle.write(Uint8Array.of(name.charCodeAt(0) ^ 1), { at: 0 })
  })
  await fails(() => open(path), /CORRUPT|no manifest.*damaged/)
  await fails(() => open(path), /CORRUPT|no manifest.*damaged/)
  await slots(path, (handle, name) => {
    if (name !== '') handle.write(Uint8Array.of(name.charCodeAt(0) ^ 1), { at: 0 })
  })
  const again = await open(path)
  equal(again.listFacts().length, 1, 'what was there is there')
  await again.close()
})

test('a table whose header is damaged is missed, not replaced', async () => {
  const path = await fresh('damaged-table')
  const db = await open(path)
  db.addFact(fact('a', 'b'))
  await db.flush()
  await db.close()
  const turn = () =>
    slots(path, (handle, name) => {
      if (/table$|^fraph.*table$/.test(name)) handle.write(Uint8Array.of(name.charCodeAt(0) ^ 1), { at: 0 })
    })
  await turn()
  await fails(() => open(path), /.table/)
  await turn()
  const again = await open(path)
  equal(again.listFacts().length, 1)
  await again.close()
})

test('files of the first versions are told, and left alone', async () => {
  const path = await fresh('early')
  const root = await navigator.storage.getDirectory()
  const directory = await root.getDirectoryHandle(`${path}.pages`, { create: true })
  await directory.getFileHandle('slot-0', { create: true })
  await fails(() => open(path), /early version/)
  const names: string[] = []
  for await (const name of directory.keys()) names.push(name)
  equal(names.length, 1)
})

test('a snapshot reads on from files that a merge has deleted', async () => {
  const path = await fresh('snapshot')
  const db = await open(path)
  const add = (from: number) => db.addFacts(Array.from({ length: 5_000 }, (_, n) => fact(`s${from}`, `o${from + n}`)))
  add(0)
  await db.flush()
  await db.withSnapshot(async () => {
    for (let round = 1; round < 12; round++) {
      add(round * 5_000)
      await db.flush()
    }
    equal(db.find({}).limit(6_000).all().length, 5_000)
  })
  equal(db.find({}).length, 60_000)
  await db.close()
})

test('a graph among the files of a workspace goes back with them', async () => {
  const fs = await openSync({ ...where, name: 'graph', worker: await portOfPage() })
  fs.rmSync('/people', { force: true })
  fs.rmSync('/people.pages', { recursive: true, force: true })
  const layer = `with bob ${Date.now()}`
  let db = await open('/people', { fs })
  db.addFact(fact('alice', 'bob'))
  await db.close()
  fs.writeFileSync('/note', 'bob')
  fs.writeFileSync('/.tarbox/layers/new', layer)
  db = await open('/people', { fs })
  db.addFact(fact('alice', 'carol'))
  await fails(() => open('/people', { fs }), /the database is in use: another tab or worker has it open/)
  await db.close()
  fs.writeFileSync('/note', 'carol')
  const objects = async () => {
    const seen = await open('/people', { fs })
    const found = seen.listFacts().map(({ object }) => object)
    await seen.close()
    return [found, fs.readFileSync('/note', 'utf8')]
  }
  equal(await objects(), [['bob', 'carol'], 'carol'])
  fs.writeFileSync('/.tarbox/layers/switch', layer)
  equal(await objects(), [['bob'], 'bob'])
  fs.writeFileSync('/.tarbox/layers/switch', 'head')
  equal(await objects(), [['bob', 'carol'], 'carol'])
  await fs.close()
})
