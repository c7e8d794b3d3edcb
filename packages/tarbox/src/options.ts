import { fileOf, MODULE, STORAGES, SYNC_MODULE } from '#platform'

import { TarboxError } from './errors.js'
import type { Init } from './messages.js'
import type { RemoteSource } from './remote.js'
import { addressOf, type ServerOptions } from './server/address.js'

/** A module that is shipped beside this script. */
export function shipped(name: string): URL {
  return new URL(name, MODULE)
}

/** Options for opening a workspace. */
export interface OpenOptions {
  /** The name of the workspace. */
  name?: string
  /**
   * The database file that the workspace is in, as the command `tarbox` has it; in Node.js only. It is made if it is not there.
   * One process at a time can have it open; the next one fails with `EBUSY`, and a message that says who has it.
   */
  path?: string | URL
  /** A server, as {@link TarboxFs}'s constructor takes it: `https://files.example.org`. */
  url?: string | URL
  /** The key to it. */
  key?: string
  /** Milliseconds for which a server that does not answer is asked again; 30,000 unless said otherwise. */
  patience?: number
  /**
   * A server that this workspace is kept in step with: it is complete here, works without a network, and meets the server whenever that
   * can be reached. The key is one for a whole tenant, with the scope `write`.
   */
  sync?: { url: string | URL; key: string }
  /**
   * Where to store it. `opfs` (the default) falls back to `indexeddb` in browsers without file handles; the files are moved when
   * the browser supports them. In Node.js, a workspace without a `path` is in `memory`.
   */
  storage?: 'opfs' | 'indexeddb' | 'memory'
  /** `strict` (the default): acknowledged changes are on the device. `relaxed`: they are written moments later. */
  durability?: 'strict' | 'relaxed'
  /**
   * What to do if a part of the workspace is damaged or missing. `refuse` (the default): opening fails with `EUCLEAN` and a
   * description. `proceed`: open what is left, or start a new workspace. Damaged files are kept in both cases.
   */
  onDamage?: 'refuse' | 'proceed'
  /** The URL of `tarbox.wasm`, or with `sync` that of `tarbox-sync.wasm`, if it is not next to this file. */
  wasm?: string | URL
  /** The URL of `worker.js` or a worker created from it, if the bundler cannot find it; or a port created by {@link workspacePort}. */
  worker?: RemoteSource
}

/** What the worker is told. */
export function initOf(options: OpenOptions): Init {
  const server = serverOf(options)
  if (server) {
    addressOf(server)
    return {
      ...named(options),
      name: String(server.url),
      storage: 'server',
      server: { ...server, url: String(server.url) },
    }
  }
  const { path } = options
  if (path === undefined) return named(options)
  if (options.name !== undefined || options.storage !== undefined)
    throw new TarboxError('EINVAL', 'A workspace has a path, or a name and a storage, not both.')
  return { ...named(options), name: String(path), storage: 'file', path: fileOf(path) }
}

/** The server that a workspace is at, if it is at one. */
export function serverOf(options: OpenOptions): ServerOptions | undefined {
  const { url, key = '', durability, patience } = options
  if (url === undefined) return undefined
  if (options.path !== undefined || options.name !== undefined || options.storage !== undefined || options.sync)
    throw new TarboxError('EINVAL', 'A workspace has a URL, or a path, or a name and a storage, only one of these.')
  return { url, key, durability, patience }
}

function named({
  name = 'default',
  storage = STORAGES[0]!,
  durability = 'strict',
  onDamage = 'refuse',
  ...options
}: OpenOptions): Init {
  if (!/^[\w.-]{1,64}$/.test(name) || /^\.+$/.test(name)) {
    throw new TarboxError(
      'EINVAL',
      `A workspace's name must have 1 to 64 letters, digits, -, _ and dots, so it cannot be '${name}'.`,
    )
  }
  if (!STORAGES.includes(storage)) {
    throw new TarboxError(
      'ENOTSUP',
      `A workspace cannot be stored in '${storage}' here, only in ${STORAGES.join(', ')}.`,
    )
  }
  const { sync } = options
  if (sync) addressOf(sync)
  const wasm = new URL(options.wasm ?? (sync ? SYNC_MODULE : MODULE), MODULE).href
  return {
    name,
    storage,
    durability,
    onDamage,
    wasm,
    ...(sync && { sync: { url: String(sync.url), key: sync.key } }),
  }
}
