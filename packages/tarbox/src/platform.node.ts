/// What differs between browsers and Node.js: this is for Node.js.
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type MessagePort as Port, parentPort, type Transferable as Given, Worker as Thread } from 'node:worker_threads'
import { FileSlots } from 'tarbox-device/node'
import type * as browser from './platform.js'

export const STORAGES: typeof browser.STORAGES = ['memory']

export const SHARES_STREAMS: typeof browser.SHARES_STREAMS = false

export const MODULE: typeof browser.MODULE = new URL('../tarbox.wasm', import.meta.url)

export const SYNC_MODULE: typeof browser.SYNC_MODULE = new URL('../tarbox-sync.wasm', import.meta.url)

export const MAY_START_WORKERS: typeof browser.MAY_START_WORKERS = true

/** A thread that is spoken to like a worker of a browser. */
class ThreadWorker {
  onmessage: ((event: { data: unknown }) => void) | undefined
  onerror: ((event: { message: string }) => void) | undefined
  readonly #thread: Thread

  constructor(script: string | URL) {
    // What the program was started with is not for workers.
    this.#thread = new Thread(script, { execArgv: [] })
    this.#thread.on('message', (data) => this.onmessage?.({ data }))
    this.#thread.on('error', ({ message }) => this.onerror?.({ message }))
  }

  postMessage(message: unknown, transfer: readonly Given[] = []): void {
    this.#thread.postMessage(message, transfer)
  }

  terminate(): void {
    void this.#thread.terminate()
  }

  ref(): void {
    this.#thread.ref()
  }

  unref(): void {
    this.#thread.unref()
  }
}

export const startWorker: typeof browser.startWorker = (script = new URL('./worker.js', import.meta.url)) =>
  new ThreadWorker(script) as never

export const workerScope: typeof browser.workerScope = () => parentPort as never

export const keepsAlive: typeof browser.keepsAlive = (remote, keeps) => {
  const counted = remote as unknown as Pick<Port, 'ref' | 'unref'>
  if (keeps) counted.ref()
  else counted.unref()
}

export const compileModule: typeof browser.compileModule = async (wasm) => {
  const url = new URL(wasm)
  return url.protocol === 'file:' ? WebAssembly.compile(await readFile(url)) : WebAssembly.compileStreaming(fetch(url))
}

export const moduleSource: typeof browser.moduleSource = compileModule

export const fileOf: typeof browser.fileOf = (path) => resolve(path instanceof URL ? fileURLToPath(path) : path)

export const fileStore: typeof browser.fileStore = (path, name) => new FileSlots(path, name)

export const AGENT: typeof browser.AGENT = 'node'

/** What is in memory is nobody else's; in a file, what a program makes is its user's, as for the command. */
export const userOf: typeof browser.userOf = (storage) => {
  const { getuid, getgid, getgroups } = process
  return storage === 'file' && getuid && getgid && getgroups ? [getuid(), getgid(), ...getgroups()] : []
}

export const refusalOfSync: typeof browser.refusalOfSync = () => undefined

export const siteStorage: typeof browser.siteStorage = async () => ({ usage: 0, quota: 0, persisted: false })
