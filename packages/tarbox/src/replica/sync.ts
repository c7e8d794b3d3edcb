/// What a page does with a replica.
import { textOf } from 'tarbox-device'
import { TarboxError } from '../errors.js'
import type { TarboxFs } from '../index.js'
import type { Link } from '../link.js'
import { SyncOp } from '../messages.js'
import type { Op } from '../protocol.js'
import type { SyncStatus } from './status.js'

const op = (op: SyncOp): Op => op as unknown as Op

/** A workspace that is a replica of one at a server. */
export class Sync {
  /** @internal */
  constructor(
    private readonly fs: TarboxFs,
    private readonly link: Link,
  ) {}

  /** How it stands. Nothing is asked of the server. */
  status(): Promise<SyncStatus> {
    return this.#status(-1)
  }

  async #status(after: number): Promise<SyncStatus> {
    const { bytes } = await this.link.call(op(SyncOp.status), { numbers: [after] })
    return JSON.parse(textOf(bytes)) as SyncStatus
  }

  /** How it stands, now and whenever that changes. */
  async *watch(): AsyncGenerator<SyncStatus, void, void> {
    for (let last = -1; ; ) {
      let status: SyncStatus
      try {
        status = await this.#status(last)
      } catch (error) {
        // It ends with the workspace.
        if (error instanceof TarboxError && error.code === 'EBADF') return
        throw error
      }
      last = status.version
      yield status
    }
  }

  /** Returns when the server has everything that was here when this was called, and this replica what the server had. */
  async synced(): Promise<void> {
    await this.link.call(op(SyncOp.synced), {})
  }

  /**
   * Decides a conflict, named by its path or by that of the copy; works without a network, too. `ours`: the content of this replica, which
   * is in the copy, takes the place of the server's. `theirs`: the copy is removed. `both`: both stay.
   */
  async resolve(path: string, as: 'ours' | 'theirs' | 'both'): Promise<void> {
    const { conflicts } = await this.status()
    const meant = conflicts.filter((conflict) => conflict.path === path || conflict.copy === path)
    const [first] = meant
    if (!first) throw new TarboxError('ENOENT', `ENOENT: there is no conflict here, resolve '${path}'`, { path })
    if (as === 'ours' && meant.length > 1)
      throw new TarboxError('EINVAL', `EINVAL: several copies are in conflict with '${path}': name one of them`, {
        path,
      })
    if (as === 'ours' && (await this.fs.exists(first.copy))) await this.fs.rename(first.copy, first.path)
    if (as === 'theirs') for (const { copy } of meant) await this.fs.rm(copy, { force: true })
    await this.link.call(op(SyncOp.resolved), { first: path })
  }
}
