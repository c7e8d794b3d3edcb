import { codeOf } from '../errors.js'
import type { Storage } from '../storage/storage.js'
import type { HostImports } from './exports.js'
import type { Memory } from './memory.js'

/** The kinds of failure the engine knows, from −1 down; the first stands for all others. */
const KINDS: readonly string[] = [
  'EIO',
  'ENOENT',
  'EEXIST',
  'EISDIR',
  'ENOTDIR',
  'EINVAL',
  'EFBIG',
  'ENOSPC',
  'EROFS',
  'EACCES',
  'EBUSY',
  'ENOTSUP',
]
const SAME: Readonly<Record<string, string>> = { EPERM: 'EACCES', EDQUOT: 'ENOSPC', QuotaExceededError: 'ENOSPC' }

function numberOf(error: unknown): number {
  const code = codeOf(error) ?? (error as { name?: string } | null)?.name ?? ''
  const kind = KINDS.indexOf(SAME[code] ?? code)
  return kind < 0 ? -1 : -1 - kind
}

/** Lends a storage to an engine. The last failure is kept, since the engine only learns its kind. */
export class Host {
  lastError: unknown
  readonly imports: HostImports

  constructor(storage: Storage, memory: () => Memory) {
    const text = (at: number, length: number): string => memory().text(at, length)
    let listed: Uint8Array = new Uint8Array(0)
    const guarded = (work: () => number | void): number => {
      try {
        return work() ?? 0
      } catch (error) {
        this.lastError = error
        return numberOf(error)
      }
    }
    this.imports = {
      pool_open: (name, length, flags) => guarded(() => storage.open(text(name, length), flags)),
      pool_close: (file) => void guarded(() => storage.close(file)),
      pool_read: (file, to, length, offset) => guarded(() => storage.read(file, memory().slice(to, length), offset)),
      pool_write: (file, from, length, offset) =>
        guarded(() => storage.write(file, memory().slice(from, length), offset)),
      pool_truncate: (file, length) => guarded(() => storage.truncate(file, length)),
      pool_sync: (file) => guarded(() => storage.sync(file)),
      pool_len: (file) => guarded(() => storage.length(file)),
      pool_exists: (name, length) => guarded(() => (storage.exists(text(name, length)) ? 1 : 0)),
      pool_delete: (name, length) => guarded(() => storage.delete(text(name, length))),
      pool_list: (prefix, length) =>
        guarded(() => {
          listed = new TextEncoder().encode(
            storage
              .list(text(prefix, length))
              .sort()
              .map((name) => `${name}\0`)
              .join(''),
          )
          return listed.length
        }),
      pool_list_take: (to) => memory().slice(to, listed.length).set(listed),
      pool_sync_names: () => guarded(() => storage.syncNames()),
    }
  }
}
