/// What scenarios let a page do, on its main thread.
import { TarboxFs } from 'tarbox'

const where = { wasm: '/packages/tarbox/dist/tarbox.wasm', worker: '/packages/tarbox/dist/worker.js' }
let fs: TarboxFs | undefined
const rejections: string[] = []
addEventListener('unhandledrejection', (event) => rejections.push(String(event.reason?.stack ?? event.reason)))

/** What a page has written and had acknowledged, kept by whoever asks before it is killed. */
let acknowledged = 0
const seen: string[] = []

const actions = {
  async open(name: string, storage: 'opfs' | 'indexeddb' = 'opfs'): Promise<string> {
    fs = await TarboxFs.open({ ...where, name, storage })
    return fs.storage
  },
  write: (path: string, text: string) => fs!.writeFile(path, text),
  read: (path: string) => fs!.readFile(path, 'utf8'),
  list: async (path: string) => (await fs!.listDirectory(path)).map(({ name }) => name),
  fsck: () => fs!.fsck(),
  close: () => fs!.close(),
  /** Writes numbered files one after the other, for ever. Each holds its number many times over. */
  writeForEver(directory: string): void {
    void (async () => {
      await fs!.mkdir(directory, { recursive: true })
      for (let number = 0; ; number++) {
        await fs!.writeFile(`${directory}/${number}`, `${number} `.repeat(1 + ((number * 37) % 3000)))
        acknowledged = number + 1
      }
    })()
  },
  acknowledged: () => acknowledged,
  /** Reads what a page that was killed had written; gives the first file that is not as it has to be. */
  async check(directory: string, count: number): Promise<string> {
    for (let number = 0; number < count; number++) {
      const found = await fs!.readFile(`${directory}/${number}`, 'utf8').catch(String)
      const expected = `${number} `.repeat(1 + ((number * 37) % 3000))
      if (found !== expected) return `${directory}/${number} has ${found.length} characters of ${expected.length}: ${found.slice(0, 80)}`
    }
    return ''
  },
  /** Begins to watch, and returns when that is so. */
  async watch(path: string): Promise<void> {
    void (async () => {
      for await (const event of fs!.watch(path)) seen.push(`${event.kind} ${event.path}`)
    })()
    await fs!.stat('/')
  },
  seen: () => seen,
  rejections: () => rejections,
}

Object.assign(window, { actions })
