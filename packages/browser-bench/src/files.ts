/// Small files, large ones and many from the main thread: ours, ZenFS, the asynchronous private files, and the floor.
import { WebAccess } from '@zenfs/dom'
import { configure, fs as zen } from '@zenfs/core'
import { TarboxFs } from 'tarbox'
import { race, repeat, type Tell } from './race.js'

const where = { wasm: '/packages/tarbox/dist/tarbox.wasm', worker: '/packages/tarbox/dist/worker.js' }

async function floor() {
  const worker = new Worker('/floor.js', { type: 'module' })
  const ask = (message: object): Promise<any> =>
    new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data)
      worker.postMessage(message)
    })
  await ask({ open: true })
  return ask
}

/** Files made so far, which the rows after that go through again and again. */
class Files {
  #made = 0
  #next = 0

  create(act: (name: string) => Promise<unknown>): () => Promise<unknown> {
    return () => act(String(this.#made++))
  }

  again(act: (name: string) => Promise<unknown>): () => Promise<unknown> {
    return () => act(String(this.#next++ % this.#made))
  }
}

export async function small(quick: boolean, tell: Tell): Promise<void> {
  const ask = await floor()
  const fs = await TarboxFs.open({ ...where, name: 'bench' })
  await fs.rm('/bench', { recursive: true, force: true })
  await fs.mkdir('/bench')
  const root = await navigator.storage.getDirectory()
  await root.removeEntry('bench-raw', { recursive: true }).catch(() => undefined)
  const raw = await root.getDirectoryHandle('bench-raw', { create: true })
  await root.removeEntry('bench-zen', { recursive: true }).catch(() => undefined)
  const zenRoot = await root.getDirectoryHandle('bench-zen', { create: true })
  await configure({ mounts: { '/zen': { backend: WebAccess, handle: zenRoot } } } as any)

  const content = crypto.getRandomValues(new Uint8Array(1024))
  const count = quick ? 50 : 200
  const rounds = quick ? 2 : 5
  const writeRaw = async (name: string) => {
    const stream = await (await raw.getFileHandle(name, { create: true })).createWritable()
    await stream.write(content)
    await stream.close()
  }
  const row = (name: string, ours: number, theirs: number) =>
    tell({ name, ours: ours * 1e3, theirs: theirs * 1e3, unit: 'µs' })
  type Act = () => Promise<unknown>
  const compare = async (what: string, floorOf: Act, act: { ours: Act; zen: Act; raw: Act }) => {
    const each = (one: Act) => () => repeat(count, one)
    const bare = await race(rounds, count, { ours: each(act.ours), floor: each(floorOf) })
    row(`${what} / the floor`, bare.ours, bare.floor)
    // By themselves: what rivals leave the device to do would be waited for by whoever flushes next.
    const { ours, zen, raw } = await race(rounds, count, {
      ours: each(act.ours),
      zen: each(act.zen),
      raw: each(act.raw),
    })
    row(`${what} / ZenFS`, ours, zen)
    row(`${what} / private files, asynchronous`, ours, raw)
  }

  const append = () => ask({ append: content })
  const [mine, zens, raws] = [new Files(), new Files(), new Files()]
  await compare('create a file of 1 KiB, durable', append, {
    ours: mine.create((name) => fs.writeFile(`/bench/${name}`, content)),
    zen: zens.create((name) => zen.promises.writeFile(`/zen/${name}`, content)),
    raw: raws.create(writeRaw),
  })
  await compare('overwrite a file of 1 KiB, durable', append, {
    ours: mine.again((name) => fs.writeFile(`/bench/${name}`, content)),
    zen: zens.again((name) => zen.promises.writeFile(`/zen/${name}`, content)),
    raw: raws.again(writeRaw),
  })
  await compare('read a file of 1 KiB', () => ask({ echo: 1024 }), {
    ours: mine.again((name) => fs.readFile(`/bench/${name}`)),
    zen: zens.again((name) => zen.promises.readFile(`/zen/${name}`)),
    raw: raws.again(async (name) => (await (await raw.getFileHandle(name)).getFile()).arrayBuffer()),
  })
  await compare('stat', () => ask({ echo: 104 }), {
    ours: mine.again((name) => fs.stat(`/bench/${name}`)),
    zen: zens.again((name) => zen.promises.stat(`/zen/${name}`)),
    raw: raws.again(async (name) => (await raw.getFileHandle(name)).getFile()),
  })
  await fs.rm('/bench', { recursive: true })
  await fs.close()
}

export async function large(quick: boolean, tell: Tell): Promise<void> {
  const ask = await floor()
  const fs = await TarboxFs.open({ ...where, name: 'bench' })
  const content = crypto.getRandomValues(new Uint8Array(1024))
  await fs.mkdir('/thousand', { recursive: true })
  await Promise.all(Array.from({ length: 1000 }, (_, at) => fs.writeFile(`/thousand/file-${at}`, content)))
  const listed = await race(quick ? 3 : 15, 1, {
    ours: () => fs.listDirectory('/thousand'),
    floor: () => ask({ echo: 43_000 }),
  })
  tell({ name: 'list 1,000 / the floor', ours: listed.ours * 1e3, theirs: listed.floor * 1e3, unit: 'µs' })

  const size = quick ? 8 << 20 : 64 << 20
  const large = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(large.subarray(at, at + 65_536))
  let turn = 0
  const wrote = await race(quick ? 2 : 4, 1, {
    ours: () => fs.writeFile(`/large-${turn++ % 2}`, large),
    floor: () => ask({ write: large }),
  })
  tell({ name: `write ${size >> 20} MiB / bare handle`, ours: wrote.ours, theirs: wrote.floor, unit: 'ms' })
  const read = await race(quick ? 2 : 4, 1, { ours: () => fs.readFile('/large-0'), floor: () => ask({ read: size }) })
  tell({ name: `read ${size >> 20} MiB / bare handle`, ours: read.ours, theirs: read.floor, unit: 'ms' })
  await fs.rm('/large-0')
  await fs.rm('/large-1')
  await fs.rm('/thousand', { recursive: true })
  await fs.close()
}

/** The same directory in a workspace of 500 files and in one of many. */
export async function scale(quick: boolean, tell: Tell): Promise<void> {
  const open = async (files: number) => {
    const fs = await TarboxFs.open({ ...where, name: `bench-${files}` })
    if (await fs.exists('/done')) return fs
    const incoming = Array.from({ length: files }, (_, at) => ({
      path: `d${Math.floor(at / 100)}/f${at % 100}`,
      data: 'x',
    }))
    await fs.importFiles(incoming)
    await fs.writeFile('/done', '')
    return fs
  }
  const [small, large] = [await open(500), await open(quick ? 5_000 : 50_000)]
  const times = quick ? 50 : 300
  const stats = (fs: TarboxFs) => {
    let n = 0
    return repeat(times, () => fs.stat(`/d${n % 5}/f${n++ % 100}`))
  }
  const lists = (fs: TarboxFs) => {
    let n = 0
    return repeat(times / 3, () => fs.listDirectory(`/d${n++ % 5}`))
  }
  const stat = await race(5, times, { ours: () => stats(large), theirs: () => stats(small) })
  const list = await race(5, times / 3, { ours: () => lists(large), theirs: () => lists(small) })
  await small.close()
  await large.close()
  const among = `among ${quick ? '5,000' : '50,000'} files / among 500`
  tell({ name: `stat ${among}`, ours: stat.ours * 1e3, theirs: stat.theirs * 1e3, unit: 'µs' })
  tell({ name: `list ${among}`, ours: list.ours * 1e3, theirs: list.theirs * 1e3, unit: 'µs' })
}

/** In a worker, where SQLite lives. */
function sqlite(quick: boolean, tell: Tell): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker('/sqlite.js', { type: 'module' })
    worker.onerror = (event) => reject(new Error(event.message))
    worker.onmessage = ({ data }) => {
      if (data.error) reject(new Error(data.error))
      else if (data.done) resolve()
      else tell(data.row)
    }
    worker.postMessage({ quick })
  })
}

const SUITES = { sqlite, small, large, scale }

Object.assign(window, {
  /** Rows go to the console, so that nobody has to look for them while the next is measured. */
  runSuite: (suite: keyof typeof SUITES, quick: boolean) =>
    SUITES[suite](quick, (row) => console.log(`row ${JSON.stringify(row)}`)),
})
