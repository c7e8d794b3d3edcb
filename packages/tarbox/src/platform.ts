/// What differs between browsers and Node.js: this is for browsers, `platform.node.ts` for Node.js.
import type { ModuleSource, SlotStore } from 'tarbox-device'
import { TarboxError } from './errors.js'
import type { Storage } from './messages.js'
import type { Remote } from './remote.js'
import type { Endpoint } from './serve.js'

/** Where a workspace can be kept, the usual one first. */
export const STORAGES: readonly Exclude<Storage, 'file' | 'server'>[] = ['opfs', 'indexeddb', 'memory']

/** Whether there are others on this machine to share a stream of a server with, and locks for it. */
export const SHARES_STREAMS: boolean = true

/** Where the module is unless something else is said. */
export const MODULE = new URL('./tarbox.wasm', import.meta.url)

/** The same for a workspace that is a replica of one at a server. */
export const SYNC_MODULE = new URL('./tarbox-sync.wasm', import.meta.url)

/**
 * In Firefox a worker that starts another may wait for ever (each waits on one condition, and the one wake-up there is
 * goes to either), so there the workspace is in the worker that asks for it.
 */
export const MAY_START_WORKERS =
  typeof Worker === 'function' && (typeof document !== 'undefined' || !navigator.userAgent.includes('Firefox/'))

export function startWorker(script?: string | URL): Worker {
  if (script !== undefined) return new Worker(script, { type: 'module' })
  // Bundlers look for exactly this.
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
}

/** What a worker hears the one through that has started it. */
export function workerScope(): Endpoint & Pick<EventTarget, 'addEventListener'> & { close(): void } {
  return self as never
}

/** Whether a worker, or a port to one, keeps this program from ending: a page ends when it is left. */
export function keepsAlive(_remote: Remote, _keeps: boolean): void {}

/** The database file at a path, as a worker finds it. */
export function fileOf(_path: string | URL): string {
  throw new TarboxError('ENOTSUP', 'A workspace has a path in Node.js; here it has a name: open it with { name }.')
}

/** The files of a database, by what the module calls it. */
export function fileStore(path: string, _name: string): SlotStore {
  throw new TarboxError('ENOTSUP', `There are no files here, so that ${path} cannot be opened.`)
}

/** The way in that the audit names. */
export const AGENT: string = 'browser'

/** The numbers of the user and the groups that what is done in a workspace is done by, the user's own group first; none for root. */
export function userOf(_storage: Storage): number[] {
  return []
}

export function compileModule(wasm: string): Promise<WebAssembly.Module> {
  return WebAssembly.compileStreaming(fetch(wasm))
}

/** What a worker loads the module from. */
export async function moduleSource(wasm: string): Promise<ModuleSource> {
  return wasm
}

/** Why synchronous calls cannot be made here, if so. */
export function refusalOfSync(): string | undefined {
  if (globalThis.crossOriginIsolated && typeof document === 'undefined') return undefined
  return 'Synchronous calls need a worker in a page that is cross-origin isolated: serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, as `tarbox dev` does.'
}

/** The browser's estimate for this site. */
export async function siteStorage(): Promise<{ usage: number; quota: number; persisted: boolean }> {
  const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([
    navigator.storage.estimate(),
    navigator.storage.persisted(),
  ])
  return { usage, quota, persisted }
}
