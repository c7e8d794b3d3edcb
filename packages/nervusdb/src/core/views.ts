import { NervusDBError } from '../errors.js'
import type { Core } from './core.js'
import type { AsyncContext } from './platform.js'

/** A view that stays as it is as long as somebody uses it. */
export interface Pin {
  readonly handle: number
  users: number
}

/** What code within a snapshot carries along. */
interface Scope {
  readonly views: Views
  readonly pin: Pin
  readonly outer: Scope | undefined
}

/** What a store sees: the newest state, or a snapshot within its scope; nothing once it is closed. */
export class Views {
  readonly #core: Core
  readonly #context: AsyncContext
  #isClosed = false

  constructor(core: Core, context: AsyncContext) {
    this.#core = core
    this.#context = context
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  close(): void {
    this.#isClosed = true
  }

  checkOpen(): void {
    if (this.#isClosed) throw new NervusDBError('CLOSED', 'the database is closed')
  }

  /** The view that reads use now: a snapshot within its scope, else the newest state. */
  view(): number {
    if (this.#isClosed) this.checkOpen()
    if (this.#core.snapshots > 0) {
      const pin = this.pinned()
      if (pin !== undefined) return pin.handle
    }
    this.#core.look()
    return this.#core.graph
  }

  /** The view of a pin as long as it holds. */
  viewOf(pin: Pin | undefined): number {
    return pin === undefined || pin.users === 0 ? this.view() : pin.handle
  }

  /** The snapshot in whose scope this is called. */
  pinned(): Pin | undefined {
    if (this.#core.snapshots === 0) return undefined
    let scope = this.#context.current() as Scope | undefined
    while (scope !== undefined && (scope.views !== this || scope.pin.users === 0)) scope = scope.outer
    return scope?.pin
  }

  /** Keeps the state as it is now; to be given back with {@link unpin}. */
  pin(): Pin {
    this.view()
    const outer = this.pinned()
    if (outer !== undefined) {
      outer.users++
      return outer
    }
    const handle = this.#core.engine.guard(() =>
      this.#core.engine.done(this.#core.engine.x.graph_snapshot(this.#core.graph)),
    )
    this.#core.snapshots++
    return { handle, users: 1 }
  }

  unpin(pin: Pin): void {
    pin.users--
    if (pin.users > 0) return
    this.#core.snapshots--
    this.#core.engine.x.view_free(pin.handle)
  }

  /** Runs work that sees the state as it is now, whatever happens meanwhile. */
  async withSnapshot<T>(work: () => T | Promise<T>): Promise<T> {
    this.checkOpen()
    const pin = this.pin()
    const outer = this.#context.current() as Scope | undefined
    const scope: Scope = { views: this, pin, outer }
    try {
      return await this.#context.run(scope, async () => await work())
    } finally {
      this.unpin(pin)
    }
  }
}
