/// Small files and large ones from the main thread: ours, ZenFS, the asynchronous private files, and the floor.
import { WebAccess } from '@zenfs/dom'
import { configure, fs as zen } from '@zenfs/core'
import { TarboxFs } from 'tarbox'
import { race, type Row } from './race.js'

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

export async function run(quick: boolean): Promise<Row[]> {
  const rows: Row[] = []
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
  const numbers = (round: number) => Array.from({ length: count }, (_, at) => (round + 1) * count + at)
  const writeRaw = async (name: string) => {
    const stream = await (await raw.getFileHandle(name, { create: true })).createWritable()
    await stream.write(content)
    await stream.close()
  }
  const row = (name: string, ours: number, theirs: number) => rows.push({ name, ours: ours * 1e3, theirs: theirs * 1e3, unit: 'µs' })
  const compare = async (what: string, floorOf: () => Promise<unknown>, act: { ours: (n: number) => Promise<unknown>; zen: (n: number) => Promise<unknown>; raw: (n: number) => Promise<unknown> }) => {
    const each = (one: (n: number) => Promise<unknown>) => async (round: number) => {
      for (const n of numbers(round)) await one(n)
    }
    const bare = await race(rounds, count, { ours: each(act.ours), floor: each(floorOf) })
    row(`${what} / the floor`, bare.ours, bare.floor)
    // By themselves: what rivals leave the device to do would be waited for by whoever flushes next.
    const { ours, zen, raw } = await race(rounds, count, { ours: each(act.ours), zen: each(act.zen), raw: each(act.raw) })
    row(`${what} / ZenFS`, ours, zen)
    row(`${what} / private files, asynchronous`, ours, raw)
  }

  const append = () => ask({ append: content })
  await compare('create a file of 1 KiB, durable', append, {
    ours: (n) => fs.writeFile(`/bench/${n}`, content),
    zen: (n) => zen.promises.writeFile(`/zen/${n}`, content),
    raw: (n) => writeRaw(String(n)),
  })
  await compare('overwrite a file of 1 KiB, durable', append, {
    ours: (n) => fs.writeFile(`/bench/${n}`, content),
    zen: (n) => zen.promises.writeFile(`/zen/${n}`, content),
    raw: (n) => writeRaw(String(n)),
  })
  await compare('read a file of 1 KiB', () => ask({ echo: 1024 }), {
    ours: (n) => fs.readFile(`/bench/${n}`),
    zen: (n) => zen.promises.readFile(`/zen/${n}`),
    raw: async (n) => (await (await raw.getFileHandle(String(n))).getFile()).arrayBuffer(),
  })
  await compare('stat', () => ask({ echo: 104 }), {
    ours: (n) => fs.stat(`/bench/${n}`),
    zen: (n) => zen.promises.stat(`/zen/${n}`),
    raw: async (n) => (await raw.getFileHandle(String(n))).getFile(),
  })

  await fs.mkdir('/thousand')
  await Promise.all(Array.from({ length: 1000 }, (_, at) => fs.writeFile(`/thousand/file-${at}`, content)))
  const listed = await race(quick ? 3 : 15, 1, { ours: () => fs.listDirectory('/thousand'), floor: () => ask({ echo: 43_000 }) })
  row('list 1,000 / the floor', listed.ours, listed.floor)

  const size = quick ? 8 << 20 : 64 << 20
  const large = new Uint8Array(size)
  for (let at = 0; at < size; at += 65_536) crypto.getRandomValues(large.subarray(at, at + 65_536))
  let turn = 0
  const wrote = await race(quick ? 2 : 4, 1, { ours: () => fs.writeFile(`/large-${turn++ % 2}`, large), floor: () => ask({ write: large }) })
  rows.push({ name: `write ${size >> 20} MiB / bare handle`, ours: wrote.ours, theirs: wrote.floor, unit: 'ms' })
  const read = await race(quick ? 2 : 4, 1, { ours: () => fs.readFile('/large-0'), floor: () => ask({ read: size }) })
  rows.push({ name: `read ${size >> 20} MiB / bare handle`, ours: read.ours, theirs: read.floor, unit: 'ms' })
  await fs.rm('/large-0')
  await fs.rm('/large-1')
  await fs.rm('/bench', { recursive: true })
  await fs.rm('/thousand', { recursive: true })
  await fs.close()

  rows.push(...(await scale(quick)))
  return rows
}

/** The same directory in a workspace of 500 files and in one of many. */
async function scale(quick: boolean): Promise<Row[]> {
  const open = async (files: number) => {
    const fs = await TarboxFs.open({ ...where, name: `bench-${files}` })
    if (await fs.exists('/done')) return fs
    for (let directory = 0; directory < files / 100; directory++) {
      await fs.mkdir(`/d${directory}`, { recursive: true })
      await Promise.all(Array.from({ length: 100 }, (_, at) => fs.writeFile(`/d${directory}/f${at}`, 'x')))
    }
    await fs.writeFile('/done', '')
    return fs
  }
  const [small, large] = [await open(500), await open(quick ? 5_000 : 50_000)]
  const times = quick ? 50 : 300
  const stats = async (fs: TarboxFs) => {
    for (let n = 0; n < times; n++) await fs.stat(`/d${n % 5}/f${n % 100}`)
  }
  const lists = async (fs: TarboxFs) => {
    for (let n = 0; n < times / 3; n++) await fs.listDirectory(`/d${n % 5}`)
  }
  const stat = await race(5, times, { ours: () => stats(large), theirs: () => stats(small) })
  const list = await race(5, times / 3, { ours: () => lists(large), theirs: () => lists(small) })
  await small.close()
  await large.close()
  return [
    { name: `stat among ${quick ? '5,000' : '50,000'} files / among 500`, ours: stat.ours * 1e3, theirs: stat.theirs * 1e3, unit: 'µs' },
    { name: `list among ${quick ? '5,000' : '50,000'} files / among 500`, ours: list.ours * 1e3, theirs: list.theirs * 1e3, unit: 'µs' },
  ]
}

Object.assign(window, {
  runFiles: run,
  runSqlite: (quick: boolean) =>
    new Promise<Row[]>((resolve, reject) => {
      const worker = new Worker('/sqlite.js', { type: 'module' })
      worker.onerror = (event) => reject(new Error(event.message))
      worker.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.rows))
      worker.postMessage({ quick })
    }),
})
