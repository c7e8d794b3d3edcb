/// Keeps a workspace in step with its server: rounds when something changed on either side, and when the network is back.
import { textOf } from 'tarbox-device'
import type { Core } from '../core.js'
import { failure } from '../errors.js'
import type { Call, Failure, Reply } from '../messages.js'
import { SyncOp } from '../messages.js'
import { type Address, addressOf, type ServerOptions } from '../server/address.js'
import { Feed } from '../server/feed.js'
import { errorOf, send } from '../server/transport.js'
import { round } from './round.js'
import { statusOf, type SyncStatus } from './status.js'

/** Changes within so many milliseconds go together. */
const GATHER = 50
/** Milliseconds after which a server that could not be reached is tried again, at first and at most. */
const RETRY_MIN = 500
const RETRY_MAX = 30_000

/** Errors of those who may not, or ask for what there is not: the same again is refused again. */
const FINAL: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOENT', 'EINVAL', 'ENOTSUP'])

export class Replica {
  readonly #address: Address
  readonly #ending = new AbortController()
  #status: SyncStatus = { state: 'waiting', conflicts: [], refused: {}, log: [], version: 1 }
  #tenant: string | undefined
  #feed: Feed | undefined
  /** How often something happened that asks for a round, and up to where rounds that succeeded have come. */
  #asked = 1
  #done = 0
  #wake: () => void = () => undefined
  readonly #waiting = new Set<{ until: number; settle: (error?: Failure) => void }>()
  readonly #watching = new Set<() => void>()

  constructor(
    private readonly core: Core,
    options: ServerOptions,
    private readonly changed: () => void,
  ) {
    this.#address = addressOf(options)
    void this.#run()
  }

  /** Something changed here or at the server, or may have. */
  ask(): void {
    this.#asked += 1
    if (this.#status.state === 'in step') this.#tell({ state: 'waiting' })
    this.#wake()
  }

  #tell(news: Partial<SyncStatus>): void {
    this.#status = { ...this.#status, ...news, version: this.#status.version + 1 }
    for (const tell of [...this.#watching]) tell()
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    const online = () => this.ask()
    globalThis.addEventListener?.('online', online)
    let pause = RETRY_MIN
    while (!signal.aborted) {
      const asked = this.#asked
      try {
        this.#tell({ state: 'syncing' })
        const core = await this.#open()
        const { status, report } = await round(core, this.#address, signal)
        pause = RETRY_MIN
        this.#done = asked
        const { error: _, ...rest } = this.#status
        this.#status = rest
        this.#tell({ ...statusOf(status), state: this.#asked === asked ? 'in step' : 'waiting' })
        if (report.pulled > 0) this.changed()
        this.#answer()
        if (this.#asked === asked) await this.#sleep(Number.POSITIVE_INFINITY, signal)
        await this.#sleep(GATHER, signal, false)
      } catch (error) {
        if (signal.aborted) break
        const failed = failure(error)
        const isFinal = FINAL.has(failed.code)
        this.#tell({
          state: isFinal ? 'refused' : 'offline',
          error: { code: failed.code, message: failed.message },
        })
        if (isFinal) this.#answer(failed)
        if (this.#asked === asked || !isFinal)
          await this.#sleep(isFinal ? RETRY_MAX : pause * (0.5 + Math.random()), signal)
        pause = Math.min(2 * pause, RETRY_MAX)
      }
    }
    globalThis.removeEventListener?.('online', online)
  }

  /** The tenant is asked for once; so is the feed, which tells of what others do at the server. */
  async #open() {
    if (this.#tenant === undefined) {
      try {
        this.#tenant =
          this.#address.tenant ??
          (
            JSON.parse(textOf(await send({ ...this.#address, patience: 0 }, 'system/capabilities', undefined))) as {
              tenant: string
            }
          ).tenant
      } catch (error) {
        throw errorOf(error, 'sync')
      }
    }
    this.#ending.signal.throwIfAborted()
    this.#feed ??= new Feed(
      this.#address,
      this.#tenant,
      () => this.ask(),
      // A round will hear the same.
      () => undefined,
    )
    const { pathname } = new URL(this.#address.api)
    return this.core.replicate(pathname.replace(/\/api\/v1\/$/, ''), this.#tenant)
  }

  /** Returns when that time is over, or something asks for a round. */
  #sleep(time: number, signal: AbortSignal, wakes = true): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = Number.isFinite(time) ? setTimeout(done, time) : undefined
      if (wakes) this.#wake = done
      signal.addEventListener('abort', done)
    })
  }

  /** Tells those whose changes the server has by now; or all that it will not have them. */
  #answer(error?: Failure): void {
    for (const waiting of [...this.#waiting]) {
      if (!error && waiting.until > this.#done) continue
      this.#waiting.delete(waiting)
      waiting.settle(error)
    }
  }

  /** What a page asks of a replica. */
  async call({ id, op, first, numbers }: Call): Promise<Reply> {
    try {
      switch (op as number) {
        case SyncOp.synced:
          await this.#synced()
          return { id, value: 0 }
        case SyncOp.status: {
          await this.#later(numbers[0])
          return { id, value: this.#status.version, bytes: new TextEncoder().encode(JSON.stringify(this.#status)) }
        }
        case SyncOp.resolved: {
          const value = this.core.replicate('', '').resolve(first)
          const conflicts = this.#status.conflicts.filter(({ path }) => path !== first)
          this.#tell({ conflicts })
          this.ask()
          return { id, value }
        }
        default:
          throw Object.assign(new Error('there is no such operation'), { code: 'ENOTSUP' })
      }
    } catch (error) {
      return { id, error: failure(error) }
    }
  }

  #synced(): Promise<void> {
    const until = ++this.#asked
    this.#wake()
    return new Promise((resolve, reject) => {
      const settle = (error?: Failure) => (error ? reject(Object.assign(new Error(error.message), error)) : resolve())
      this.#waiting.add({ until, settle })
    })
  }

  /** Returns when the status is another one than that. */
  #later(version: number): Promise<void> {
    if (this.#status.version !== version) return Promise.resolve()
    return new Promise((resolve) => {
      const tell = () => {
        this.#watching.delete(tell)
        resolve()
      }
      this.#watching.add(tell)
    })
  }

  /** Ends rounds; whoever waits hears it from whoever has the files next. */
  end(): void {
    this.#ending.abort()
    this.#feed?.end()
    this.#answer({ code: 'EBADF', errno: 9, message: 'the workspace is closed' })
    for (const tell of [...this.#watching]) tell()
    this.#wake()
  }
}
