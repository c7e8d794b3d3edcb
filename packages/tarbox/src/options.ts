import { MODULE, STORAGES } from '#platform'
import { TarboxError } from './errors.js'
import type { Init } from './messages.js'
import type { RemoteSource } from './remote.js'

/** Which workspace to open, and how. */
export interface OpenOptions {
  /** Which workspace of this site. */
  name?: string
  /**
   * Where it is kept. `opfs` (what is usual) falls back to `indexeddb` in browsers without file handles, and moves over when
   * they have them. In Node.js there is `memory` alone.
   */
  storage?: 'opfs' | 'indexeddb' | 'memory'
  /** `strict` (the default): a change that was acknowledged is on the device. `relaxed`: some moments later. */
  durability?: 'strict' | 'relaxed'
  /**
   * What becomes of a workspace of which a part is damaged or gone. `refuse` (the default): opening fails with `EUCLEAN`, and
   * says what is wrong. `proceed`: it goes on with the rest, or begins anew. What is damaged is kept either way.
   */
  onDamage?: 'refuse' | 'proceed'
  /** Where `tarbox.wasm` is, if not beside this file. */
  wasm?: string | URL
  /** `worker.js` or a worker made of it, if the bundler cannot find it; or a port that {@link workspacePort} has made. */
  worker?: RemoteSource
}

/** What the worker is told. */
export function initOf({
  name = 'default',
  storage = STORAGES[0]!,
  durability = 'strict',
  onDamage = 'refuse',
  ...options
}: OpenOptions): Init {
  if (!/^[\w.-]{1,64}$/.test(name) || /^\.+$/.test(name)) {
    throw new TarboxError(
      'EINVAL',
      `A workspace's name has 1 to 64 letters, digits, -, _ and dots, so it cannot be '${name}'.`,
    )
  }
  if (!STORAGES.includes(storage)) {
    throw new TarboxError('ENOTSUP', `A workspace cannot be kept in '${storage}' here, only in ${STORAGES.join(', ')}.`)
  }
  const wasm = new URL(options.wasm ?? MODULE, MODULE).href
  return { name, storage, durability, onDamage, wasm }
}
