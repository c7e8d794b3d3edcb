/// Keeps a workspace in step with its server: rounds when something changed on either side, and when the network is back.
import { textOf } from 'tarbox-device'
import type { Core, Replicating } from '../core.js'
import { failure } from '../errors.js'
import type { Call, Failure, Reply } from '../messages.js'
import { SyncOp } from '../messages.js'
import { type Address, addressOf, type ServerOptions } from '../server/address.js'
import { Feed } from '../server/feed.js'
import { errorOf, send } from '../server/transport.js'
import { hindrance, Pauses } from './pauses.js'
import { round } from './round.js'
import { type Known, statusOf, type SyncStatus } from './status.js'

/** Changes within so many milliseconds go together. */
const GATHER = 50
/** Milliseconds after which changes that cannot be sent are counted anew; as many more as keep that a small part of the work. */
const COUNT = 200
const PART = 20

/** What is refused for lack of room here, in the words of the module. */
const NO_ROOM = /^here: no space left/

/** Why a round is given up: somebody decided a conflict, which it would note again. */
const DECIDED = new Error('a conflict was decided')

export class Replica {
  readonly #address: Address
  /** What comes before `/api` in the server's paths. */
  readonly #base: string
  readonly #ending = new AbortController()
  /** The round that is under way. */
  #round: AbortController | undefined
  /** Its versions are others than those of whoever had the files before: a tab may have heard the last of those. */
  #status: SyncStatus = {
    state: 'waiting',
    conflicts: [],
    refused: {},
    log: [],
    version: 1 + Math.floor(Math.random() * 2 ** 40),
  }
  #tenant: string | undefined
  #feed: Feed | undefined
  /** How often something happened that asks for a round, and up to where rounds that succeeded have come. */
  #asked = 1
  #done = 0
  /** Ends a pause: on a change here, or whatever it is for. */
  #wake: () => void = () => undefined
  #hurry: () => void = () => undefined
  #counting: ReturnType<typeof setTimeout> | undefined
  /** Milliseconds that counting took. */
  #effort = 0
  readonly #waiting = new Set<{ until: number; settle: (error?: Failure) => void }>()
  readonly #watching = new Set<() => void>()

  constructor(
    private readonly core: Core,
    options: ServerOptions,
    private readonly changed: () => void,
  ) {
    this.#address = addressOf(options)
    this.#tenant = this.#address.tenant
    this.#base = new URL(this.#address.api).pathname.replace(/\/api\/v1\/$/, '')
    // Conflicts of before are there to be decided whether there is a network or not.
    this.#count()
    void this.#run()
  }

  /** Something changed here. A server that is not there, or refuses, is not asked more often for that. */
  ask(): void {
    this.#asked += 1
    if (this.#status.state === 'in step') this.#tell({ state: 'waiting', ahead: undefined })
    else if (!this.#round) this.#counting ??= setTimeout(() => this.#count(), COUNT + PART * this.#effort)
    this.#wake()
  }

  /** Something changed at the server, or it may be there again. */
  #news(): void {
    this.#asked += 1
    if (this.#status.state === 'in step') this.#tell({ state: 'waiting' })
    this.#hurry()
  }

  #tell(news: Partial<SyncStatus>): void {
    this.#status = { ...this.#status, ...news, version: this.#status.version + 1 }
    for (const tell of [...this.#watching]) tell()
  }

  /** Tells what is recorded here of the replica, and how much there is to be sent. */
  #count(): void {
    clearTimeout(this.#counting)
    this.#counting = undefined
    if (this.#round || this.#ending.signal.aborted) return
    let known: Known
    let ahead: number | null
    const begun = performance.now()
    try {
      ;({ status: known, ahead } = this.#open().standing())
    } catch {
      // What is wrong with it, the next round says, which opens the same.
      return
    }
    this.#effort = performance.now() - begun
    this.#tell({ ...statusOf(known), ahead: ahead ?? undefined })
  }

  /** The replica, opened anew: a round that is under way is given up by that. */
  #open(): Replicating {
    return this.core.replicate(this.#base, this.#tenant ?? '')
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending
    const online = () => this.#news()
    globalThis.addEventListener?.('online', online)
    const pauses = new Pauses()
    while (!signal.aborted) {
      const asked = this.#asked
      try {
        const pulled = await this.#meet(asked)
        pauses.reset()
        if (pulled > 0) this.changed()
        this.#answer()
        if (this.#asked === asked) await this.#sleep(Number.POSITIVE_INFINITY, 'change')
        await this.#sleep(GATHER, 'nothing')
      } catch (error) {
        if (signal.aborted) break
        if (error !== DECIDED) await this.#failed(failure(error), pauses)
      }
    }
    globalThis.removeEventListener?.('online', online)
  }

  /** One round. Answers how much changed here. */
  async #meet(asked: number): Promise<number> {
    this.#tell({ state: 'syncing', retry: undefined })
    const giving = new AbortController()
    this.#round = giving
    try {
      await this.#reach()
      const signal = AbortSignal.any([this.#ending.signal, giving.signal])
      const { status, report } = await round(this.#open(), this.#address, signal, (progress) =>
        this.#tell({ progress }),
      )
      const lacking = Object.entries(status.refused).find(([, why]) => NO_ROOM.test(why))
      if (lacking) {
        const [path, why] = lacking
        throw Object.assign(new Error(`${path}: ${why}`), { code: 'ENOSPC' })
      }
      this.#done = asked
      const isAll = this.#asked === asked
      const state = isAll ? 'in step' : 'waiting'
      this.#tell({ ...statusOf(status), state, ahead: isAll ? 0 : undefined, error: undefined, progress: undefined })
      return report.pulled
    } finally {
      this.#round = undefined
    }
  }

  /** Says why a round did not succeed, and waits until there is a point in another one. */
  async #failed({ code, message, errno }: Failure, pauses: Pauses): Promise<void> {
    const state = hindrance(code)
    // What it could not make is not to be in the way of others. If that fails, too, the next round says why.
    if (state === 'full') await this.core.makeRoomAgain(() => this.#open().tidy()).catch(() => undefined)
    this.#count()
    const pause = pauses.next(state)
    const retry = Date.now() + Math.round(pause)
    this.#tell({ state, error: { code, message }, retry, progress: undefined })
    if (state === 'refused' || state === 'full') this.#answer({ code, message, errno })
    // Something deleted makes room, and another layer shown may be the one that is waited for.
    await this.#sleep(pause, state === 'full' || state === 'waiting' ? 'change' : 'news')
  }

  /** The tenant is asked for once; so is the feed, which tells of what others do at the server. */
  async #reach(): Promise<void> {
    const { signal } = this.#ending
    try {
      this.#tenant ??= (
        JSON.parse(textOf(await send({ ...this.#address, patience: 0 }, 'system/capabilities', undefined, signal))) as {
          tenant: string
        }
      ).tenant
    } catch (error) {
      throw errorOf(error, 'sync')
    }
    this.#ending.signal.throwIfAborted()
    this.#feed ??= new Feed(
      this.#address,
      this.#tenant,
      () => this.#news(),
      () => {
        // A round hears why; a key that is refused today may be right tomorrow.
        this.#feed?.end()
        this.#feed = undefined
      },
      () => this.#status.state !== 'in step' && this.#hurry(),
    )
  }

  /** Returns when that time is over, or something happens that is waited for. */
  #sleep(time: number, until: 'nothing' | 'news' | 'change'): Promise<void> {
    const { signal } = this.#ending
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        this.#wake = this.#hurry = () => undefined
        resolve()
      }
      const timer = Number.isFinite(time) ? setTimeout(done, time) : undefined
      if (until === 'change') this.#wake = done
      if (until !== 'nothing') this.#hurry = done
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
        case SyncOp.resolved:
          return { id, value: this.#resolved(first) }
        default:
          throw Object.assign(new Error('there is no such operation'), { code: 'ENOTSUP' })
      }
    } catch (error) {
      return { id, error: failure(error) }
    }
  }

  #resolved(path: string): number {
    // What it holds of the conflict would be noted again.
    this.#round?.abort(DECIDED)
    const value = this.#open().resolve(path)
    this.#tell({ conflicts: this.#status.conflicts.filter(({ path: of, copy }) => of !== path && copy !== path) })
    this.ask()
    return value
  }

  #synced(): Promise<void> {
    const until = ++this.#asked
    this.#hurry()
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
    clearTimeout(this.#counting)
    this.#feed?.end()
    this.#answer({ code: 'EBADF', errno: 9, message: 'the workspace is closed' })
    for (const tell of [...this.#watching]) tell()
  }
}
