/// A workspace at a server, over `fetch`: no worker and no module.
import { textOf } from 'tarbox-device'
import { deferred } from '../deferred.js'
import { TarboxError } from '../errors.js'
import { type Link, NOTHING, type Request, type Result, type Watching } from '../link.js'
import type { Call, Reply, Storage, Watched, WatchEvent } from '../messages.js'
import { nameOf } from '../op-names.js'
import { isRepeatable } from '../outbox.js'
import { Op, WRITES } from '../protocol.js'
import { type Address, addressOf, type ServerOptions } from './address.js'
import { Feed } from './feed.js'
import { callLarge, isLarge, readOn } from './large.js'
import { errorOf, Refused, send, Unreachable } from './transport.js'
import { batch, CALLS, CLOSE, DURABLE, encoded, OPEN, replies } from './wire.js'

/** Bytes and calls of one batch. */
const BATCH_BYTES = 16 << 20
const BATCH_CALLS = 1024
/** Batches that only read, under way at once. */
const READING_MAX = 6

/** So many sessions in a row may be gone: several servers that take turns have none in common. */
const GONE_MAX = 16

const LOST = {
  code: 'EAGAIN',
  errno: 11,
  message:
    'the connection to the server broke before the answer came; the change may or may not have been made: check, and repeat it if necessary',
}

interface Waiting {
  call: Call
  bytes: Uint8Array
  resolve(result: Result): void
  reject(error: Error): void
}

interface Watcher extends Watching {
  watched: Watched
  /** What came up to here has been told; a negative position is when it began. */
  after: number
  /** The question after what is new, while it is under way. */
  asking: Promise<void> | undefined
}

/** The server's memory of this client: what it has open, and the last answer. */
interface Session {
  id: Uint8Array
  sequence: number
}

/**
 * Calls of one turn of the event loop, and those that come while a change is under way, travel together. Changes wait for
 * what was called before them and are waited for, so that calls are done in their order; what only reads does not wait for
 * other reading.
 */
export class ServerConnection implements Link {
  readonly storage: Storage = 'server'
  readonly client = Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
  readonly #address: Address
  #queue: Waiting[] = []
  #isPlanned = false
  #reading = 0
  #isWriting = false
  #next = 1
  #session: Session | undefined
  #tenant: Promise<string> | undefined
  #dead: TarboxError | undefined
  readonly #watchers = new Set<Watcher>()
  #feed: Feed | undefined
  #idle: (() => void) | undefined
  /** Sessions that were gone, one after the other. */
  #gone = 0

  constructor(options: ServerOptions) {
    this.#address = addressOf(options)
    if (this.#address.tenant !== undefined) this.#tenant = Promise.resolve(this.#address.tenant)
  }

  /** Finds out whether the server and the key are right. */
  async open(): Promise<void> {
    try {
      await this.#begun()
    } catch (error) {
      throw errorOf(error, 'open', this.#address.api)
    }
  }

  call(op: Op, request: Request): Promise<Result> {
    if (isLarge(op, request)) return callLarge(this, op, request)
    const called = this.#call(op, request)
    if (op !== Op.readFile) return called
    return called.then((result) =>
      result.value > result.bytes.length ? readOn(this, request, result.value, result.bytes.length) : result,
    )
  }

  #call(op: Op, request: Request): Promise<Result> {
    return this.#dead ? Promise.reject(this.#dead) : this.#ask(op, request)
  }

  #ask(
    op: Op,
    { first = '', second = '', numbers: [one = 0, two = 0, three = 0] = [], data }: Request,
  ): Promise<Result> {
    const call: Call = { id: this.#next++, op, first, second, numbers: [one, two, three], ...(data && { data }) }
    const bytes = encoded(call)
    if ('code' in bytes) return Promise.reject(TarboxError.of(bytes, nameOf(op), first || undefined))
    return new Promise((resolve, reject) => {
      this.#queue.push({ call, bytes, resolve, reject })
      this.#plan()
    })
  }

  #plan(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    queueMicrotask(() => {
      this.#isPlanned = false
      this.#pump()
    })
  }

  /** Sends what may be sent. */
  #pump(): void {
    while (this.#queue.length > 0 && !this.#isWriting && this.#reading < READING_MAX) {
      const some = this.#portion()
      const writes = some.some(({ call }) => isChange(call))
      if (writes && this.#reading > 0) return
      this.#queue.splice(0, some.length)
      if (writes) this.#isWriting = true
      else this.#reading += 1
      void this.#carry(some, writes).then((again) => {
        if (writes) this.#isWriting = false
        else this.#reading -= 1
        this.#queue.unshift(...again)
        this.#pump()
        if (this.#queue.length === 0 && !this.#isWriting && this.#reading === 0) this.#idle?.()
      })
    }
  }

  /** The next calls that fit into a batch. */
  #portion(): Waiting[] {
    let size = 0
    const end = this.#queue.findIndex(
      ({ bytes }, at) => at > 0 && ((size += bytes.length) > BATCH_BYTES || at === BATCH_CALLS),
    )
    return this.#queue.slice(0, end < 0 ? undefined : end)
  }

  /** Has a batch done, and gives what of it is to be sent again. */
  async #carry(some: Waiting[], writes: boolean): Promise<Waiting[]> {
    let answer: Uint8Array<ArrayBuffer>
    try {
      answer = await this.#send(some, writes)
    } catch (error) {
      return this.#failed(some, writes, error)
    }
    this.#gone = 0
    let came: (Reply | undefined)[]
    try {
      came = replies(
        answer,
        some.map(({ call }) => call.id),
      )
    } catch (error) {
      for (const { call, reject } of some) reject(errorOf(error, nameOf(call.op), call.first || undefined))
      return []
    }
    some.forEach(({ call, resolve, reject }, at) => {
      const reply = came[at]
      if (reply === undefined) return
      if ('error' in reply) reject(TarboxError.of(reply.error, nameOf(call.op), call.first || undefined))
      else resolve({ value: reply.value, bytes: reply.bytes ?? NOTHING })
    })
    return some.filter((_, at) => came[at] === undefined)
  }

  async #send(some: Waiting[], writes: boolean): Promise<Uint8Array<ArrayBuffer>> {
    const needsSession = writes || some.some(({ call }) => isHeld(call))
    const session = needsSession ? await this.#begun() : undefined
    const sequence = writes ? ++session!.sequence : 0
    const what = writes && this.#address.durable ? DURABLE : CALLS
    const parts = some.map(({ bytes }) => bytes)
    return send(this.#address, await this.#path(), batch(session?.id, sequence, what, parts))
  }

  /** Says of each call what is known of it. */
  #failed(some: Waiting[], writes: boolean, error: unknown): Waiting[] {
    const { status, problem } = error instanceof Refused ? error : { status: 0, problem: undefined }
    const isGone = status === 410 && problem?.code === 'SESSION_GONE' && this.#gone++ < GONE_MAX
    const wasMade = status === 409
    const mayBeMade =
      wasMade ||
      (error instanceof Unreachable && error.wasSent) ||
      (error instanceof Refused && (status >= 500 || (isGone && error.wasSent)))
    // Whoever has lost count begins anew.
    if (writes || isGone) this.#session = undefined
    const again: Waiting[] = []
    for (const waiting of some) {
      const { call, reject } = waiting
      const path = call.first || undefined
      if ((isGone || wasMade) && !(mayBeMade && !isRepeatable(call))) again.push(waiting)
      else if (mayBeMade && isChange(call)) reject(TarboxError.of(LOST, nameOf(call.op), path))
      else reject(errorOf(error, nameOf(call.op), path))
    }
    return again
  }

  async #begun(): Promise<Session> {
    if (this.#session) return this.#session
    const id = await send(
      this.#address,
      await this.#path(),
      batch(undefined, 0, OPEN, [new TextEncoder().encode(this.client)]),
    )
    this.#session = { id, sequence: 0 }
    return this.#session
  }

  async #path(): Promise<string> {
    return `workspace/${encodeURIComponent(await this.#named())}`
  }

  /** The key's own tenant, unless another was said. */
  #named(): Promise<string> {
    this.#tenant ??= send(this.#address, 'system/capabilities', undefined).then(
      (bytes) => (JSON.parse(textOf(bytes)) as { tenant: string }).tenant,
    )
    this.#tenant.catch(() => {
      if (this.#address.tenant === undefined) this.#tenant = undefined
    })
    return this.#tenant
  }

  watch(watched: Watched, who: Watching): () => void {
    if (this.#dead) throw this.#dead
    const watcher: Watcher = { ...who, watched, after: -1, asking: undefined }
    this.#watchers.add(watcher)
    // From now on: this comes before whatever is called next.
    void this.#look(watcher)
    void this.#startFeed()
    return () => this.#forget(watcher)
  }

  #forget(watcher: Watcher): void {
    this.#watchers.delete(watcher)
    if (this.#watchers.size > 0) return
    this.#feed?.end()
    this.#feed = undefined
  }

  async #startFeed(): Promise<void> {
    try {
      const tenant = await this.#named()
      if (this.#feed || this.#watchers.size === 0) return
      this.#feed = new Feed(
        this.#address,
        tenant,
        (position) => this.#newsAt(position),
        (error) => this.#endWatching(error),
      )
    } catch (error) {
      this.#endWatching(errorOf(error, 'watch'))
    }
  }

  #endWatching(error?: TarboxError): void {
    for (const watcher of [...this.#watchers]) {
      this.#forget(watcher)
      watcher.end(error)
    }
  }

  #newsAt(position: number): void {
    // A position before what was told is that of another time: then, too, there is something to tell.
    for (const watcher of this.#watchers) if (watcher.after !== position) void this.#look(watcher)
  }

  /** Asks what is new, until nothing is. */
  #look(watcher: Watcher): Promise<void> {
    watcher.asking ??= this.#askNews(watcher).finally(() => (watcher.asking = undefined))
    return watcher.asking
  }

  async #askNews(watcher: Watcher): Promise<void> {
    const { path, layers } = watcher.watched
    try {
      for (let last = Number.NaN; last !== watcher.after; ) {
        last = watcher.after
        const { value, bytes } = await this.#ask(Op.changes, { first: path, numbers: [last, Number(layers)] })
        if (!this.#watchers.has(watcher)) return
        watcher.after = value
        if (bytes.length > 0) {
          const events = JSON.parse(textOf(bytes)) as WatchEvent[]
          if (events.length > 0) watcher.tell(events)
        }
      }
    } catch (error) {
      if (!this.#watchers.has(watcher)) return
      // A server that is away for a while is asked again when it is back.
      if (error instanceof TarboxError && error.code === 'EIO') return
      this.#forget(watcher)
      watcher.end(error as Error)
    }
  }

  /** Waits for what is under way, makes it durable, and ends the session. Watches end when all until now is told. */
  async close(): Promise<void> {
    if (this.#dead) return
    const last = this.#address.durable ? undefined : this.#call(Op.sync, {})
    last?.catch(() => undefined)
    this.#dead = new TarboxError('EBADF', 'EBADF: the workspace is closed')
    const looks = [...this.#watchers].map(async (watcher) => {
      await watcher.asking
      await this.#look(watcher)
    })
    await Promise.all(looks)
    this.#endWatching()
    if (this.#queue.length > 0 || this.#isWriting || this.#reading > 0) {
      const { promise, resolve } = deferred()
      this.#idle = resolve
      await promise
    }
    const session = this.#session
    this.#session = undefined
    try {
      await last
    } finally {
      // One that cannot be told ends by itself.
      if (session)
        await send({ ...this.#address, patience: 0 }, await this.#path(), batch(session.id, 0, CLOSE, [])).catch(
          () => undefined,
        )
    }
  }
}

/** What a server counts: it is made once. */
function isChange({ op }: Call): boolean {
  return WRITES.has(op) && op !== Op.sync
}

const HELD: ReadonlySet<number> = new Set([Op.read, Op.fstat])

function isHeld({ op }: Call): boolean {
  return HELD.has(op)
}
