/// What scenarios let a page do, on its main thread.
import { TarboxFs } from 'tarbox'

const where = { wasm: '/packages/tarbox/dist/tarbox.wasm', worker: '/packages/tarbox/dist/worker.js' }
let fs: TarboxFs | undefined
const rejections: string[] = []
addEventListener('unhandledrejection', (event) => rejections.push(String(event.reason?.stack ?? event.reason)))

/** What a page has written and had acknowledged, kept by whoever asks before it is killed. */
let acknowledged = 0
const seen: string[] = []
let written: Promise<void> | undefined
let left = false

let holder: Worker | undefined

async function holdAll(name: string): Promise<void> {
  let directory = await navigator.storage.getDirectory()
  for (const part of ['.tarbox', name, '.opaque']) directory = await directory.getDirectoryHandle(part)
  const held = []
  for await (const entry of (directory as any).values()) held.push(await entry.createSyncAccessHandle())
  postMessage(held.length)
}

/** 256 KiB that nothing can make smaller, from a seed. */
function filling(seed: number): Uint8Array {
  const words = new Uint32Array(65_536)
  let state = (seed + 1) * 0x9e3779b9
  for (let at = 0; at < words.length; at++) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    words[at] = state
  }
  return new Uint8Array(words.buffer)
}

const actions = {
  async open(name: string, storage: 'opfs' | 'indexeddb' | 'memory' = 'opfs'): Promise<string> {
    fs = await TarboxFs.open({ ...where, name, storage })
    return fs.storage
  },
  /** As a replica of a workspace at a server. */
  async openReplica(name: string, url: string, key: string): Promise<string> {
    fs = await TarboxFs.open({ ...where, wasm: '/packages/tarbox/dist/tarbox-sync.wasm', name, sync: { url, key } })
    return fs.storage
  },
  synced: () => fs!.synced(),
  /** Calls a function, which is given as its source, with the workspace. */
  call: (source: string, ...values: unknown[]) => new Function(`return ${source}`)()(fs, ...values),
  syncStatus: () => fs!.replica.status(),
  resolve: (path: string, as: 'ours' | 'theirs' | 'both') => fs!.replica.resolve(path, as),
  /** What opening says when it fails. */
  openError: (name: string) => actions.open(name).then(() => '', String),
  /** Writes files until there is no room; says how many were acknowledged, and what the first that was not failed with. */
  async fill(directory: string): Promise<{ count: number; error: string }> {
    await fs!.mkdir(directory, { recursive: true })
    for (let count = 0; count < 1000; count++) {
      try {
        await fs!.writeFile(`${directory}/${count}`, filling(count))
      } catch (error) {
        return { count, error: String(error) }
      }
    }
    return { count: 1000, error: '' }
  },
  /** The first of those files that is not as it has to be. */
  async checkFilled(directory: string, count: number): Promise<string> {
    for (let number = 0; number < count; number++) {
      const [found, expected] = [await fs!.readFile(`${directory}/${number}`), filling(number)]
      if (found.length !== expected.length || found.some((byte, at) => byte !== expected[at]))
        return `${directory}/${number}`
    }
    return ''
  },
  remove: (path: string) => fs!.rm(path, { recursive: true }),
  gc: () => fs!.gc(),
  /** Whatever comes of it, in words. */
  tryToWrite: (path: string, text: string) => fs!.writeFile(path, text).then(() => 'written', String),
  /** Replaces a file by so many pieces of 256 KiB, one at a time; whatever comes of it, in words. */
  tryToReplace(path: string, pieces: number): Promise<string> {
    let next = 0
    const stream = new ReadableStream<Uint8Array>({
      pull: (controller) => (next < pieces ? controller.enqueue(filling(next++)) : controller.close()),
    })
    return fs!.writeFile(path, stream).then(() => 'written', String)
  },
  clearSite: async () => void (await fetch('/clear')),
  /** Holds the file handles of a workspace as another program would. */
  hold(name: string): Promise<number> {
    holder = new Worker(
      URL.createObjectURL(new Blob([`(${holdAll})(${JSON.stringify(name)})`], { type: 'text/javascript' })),
    )
    return new Promise((resolve) => (holder!.onmessage = ({ data }) => resolve(data)))
  },
  letGo: () => holder!.terminate(),
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
      if (found !== expected)
        return `${directory}/${number} has ${found.length} characters of ${expected.length}: ${found.slice(0, 80)}`
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
  /** What a page does that is left: `say` notes whether it may come back, the others begin something. */
  whenLeft(what: 'say' | 'write' | 'close'): void {
    addEventListener('pagehide', ({ persisted }) => {
      if (what === 'say') localStorage.setItem('persisted', String(persisted))
      if (what === 'write') written = fs!.writeFile('/last', 'written on the way out')
      if (what === 'close') void fs!.close()
    })
  },
  mayComeBack: () => localStorage.getItem('persisted') === 'true',
  /** Whether this page is the one that was left. */
  isSame: () => left,
  leave(url: string): void {
    left = true
    location.href = url
  },
  written: () => written,
  /** As a browser does that saves energy. */
  freeze: (isFrozen: boolean) => void document.dispatchEvent(new Event(isFrozen ? 'freeze' : 'resume')),
  rejections: () => rejections,
}

Object.assign(window, { actions })
