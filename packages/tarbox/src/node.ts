import type { ModuleSource } from 'tarbox-device'
import { Core } from './core.js'
import { failure } from './errors.js'
import type { Broadcast, Call, Init, Reply, Watched, WatchEvent } from './messages.js'
import { Op, WRITES } from './protocol.js'

type Done = (replies: Reply[]) => void

interface Pending {
  calls: Call[]
  done: Done
}

interface Watcher {
  watched: Watched
  /** Everything up to here has been told. */
  after: number
  tell: (events: WatchEvent[], last: number) => void
}

/** Changes that come out the same when they are made twice. */
const REPEATABLE: ReadonlySet<number> = new Set([Op.writeFile, Op.truncate, Op.chmod, Op.chown, Op.utimes, Op.switch, Op.gc])

/** What writes a file only as it was, or only a new one, would find that it has done so itself. */
function isRepeatable({ op, second, numbers }: Call): boolean {
  return REPEATABLE.has(op) && !(op === Op.writeFile && (second !== '' || numbers[1] !== 0))
}

/**
 * One worker of a workspace. The one with the lock is the **owner** and has the files; the others send it their calls.
 * When the owner goes, the browser gives the lock to the next, which opens the files and says so.
 */
export class Node {
  readonly #id = crypto.randomUUID()
  /** What the audit and the change feed call it. */
  readonly client = clientOf(this.#id)
  readonly #channel: BroadcastChannel | undefined
  #core: Core | undefined
  /** The worker that has the files, as far as is known. */
  #owner: string | undefined
  /** Calls that were sent and not answered, in order. */
  readonly #pending = new Map<number, Pending>()
  #nextBatch = 1
  /** Which batch a call that was sent belongs to. */
  readonly #sent = new Map<number, { batch: number; call: Call }>()
  readonly #answers = new Map<number, Map<number, Reply>>()
  #nextCall = 1
  readonly #watchers = new Map<number | string, Watcher>()
  /** Files that other workers have open here. */
  readonly #handles = new Map<string, Set<number>>()
  #queue: Promise<unknown> | undefined
  #release: () => void = () => undefined
  #leave: () => void = () => undefined
  #syncing: ReturnType<typeof setTimeout> | undefined
  #closed = false

  constructor(
    readonly init: Init,
    private readonly module: Promise<ModuleSource>,
  ) {
    if (init.storage === 'memory') return
    this.#channel = new BroadcastChannel(`tarbox:${init.name}`)
    this.#channel.onmessage = ({ data }: MessageEvent<Broadcast>) => this.#hear(data)
  }

  /** Returns when calls can be made: this worker has the files, or knows who has. */
  async start(): Promise<Init['storage']> {
    if (!this.#channel) {
      this.#core = await Core.open(this.init, this.module)
      return this.#core.storage
    }
    return new Promise((resolve, reject) => {
      this.#found = () => resolve(this.#core?.storage ?? this.init.storage)
      void navigator.locks
        .request(`tarbox:${this.init.name}`, async () => {
          if (this.#closed) return
          const released = new Promise<void>((release) => (this.#release = release))
          try {
            await this.#own()
          } catch (error) {
            // The lock goes to the next one, which may have more luck.
            reject(error)
            this.#failAll(error)
            return
          }
          await released
        })
        .catch(reject)
      // Whoever owns the files hears by a lock of this worker that it is gone, so it has to hold that before it says hello.
      void navigator.locks
        .request(`tarbox:${this.init.name}:${this.#id}`, () => {
          if (this.#closed) return
          this.#say({ hello: this.#id })
          return new Promise<void>((leave) => (this.#leave = leave))
        })
        .catch(reject)
    })
  }

  #found: () => void = () => undefined

  async #own(): Promise<void> {
    this.#core = await Core.open(this.init, this.module)
    this.#owner = this.#id
    this.#found()
    this.#say({ owner: this.#id })
    this.#retry()
    this.#tellWatchers()
  }

  #say(message: Broadcast): void {
    this.#channel?.postMessage(message)
  }

  #hear(message: Broadcast): void {
    if ('to' in message && message.to !== undefined && message.to !== this.#id) return
    if ('owner' in message) return this.#follow(message.owner)
    if ('replies' in message) return message.replies.forEach((reply) => this.#answered(reply))
    if ('changes' in message) {
      const { id, events, last } = message.changes
      return this.#watchers.get(id)?.tell(events, last)
    }
    if (!this.#core) return
    if ('hello' in message) {
      this.#say({ owner: this.#id, to: message.hello })
      this.#notice(message.hello)
    } else if ('calls' in message) {
      const { calls, from: to } = message
      this.#execute(calls, clientOf(to), (replies) => {
        this.#noteHandles(to, calls, replies)
        this.#say({ replies, to })
      })
    } else if ('watch' in message) {
      const { id, watched, after } = message.watch
      const to = message.from
      this.#observe(`${to}:${id}`, { watched, after, tell: (events, last) => this.#say({ changes: { id, events, last }, to }) })
    } else if ('unwatch' in message) this.#watchers.delete(`${message.from}:${message.unwatch}`)
    else if ('bye' in message) this.#forget(message.bye)
  }

  /** Waits for a worker to go, however it goes. */
  #notice(id: string): void {
    void navigator.locks.request(`tarbox:${this.init.name}:${id}`, () => this.#forget(id)).catch(() => undefined)
  }

  /** Its watches end, and the files that it had open are closed. */
  #forget(id: string): void {
    for (const key of this.#watchers.keys()) if (String(key).startsWith(`${id}:`)) this.#watchers.delete(key)
    const open = [...(this.#handles.get(id) ?? [])]
    this.#handles.delete(id)
    if (!this.#core || open.length === 0) return
    const calls = open.map((handle): Call => ({ id: 0, op: Op.close, first: '', second: '', numbers: [handle, 0, 0] }))
    this.#execute(calls, clientOf(id), () => undefined)
  }

  #noteHandles(id: string, calls: Call[], replies: Reply[]): void {
    calls.forEach(({ op, numbers }, at) => {
      const reply = replies[at]!
      const opens = op === Op.open || op === Op.openArchive
      if ('error' in reply || !(opens || op === Op.close || op === Op.closeArchive)) return
      const open = this.#handles.get(id) ?? new Set()
      this.#handles.set(id, open)
      if (opens) open.add(reply.value)
      else open.delete(numbers[0])
    })
  }

  #follow(owner: string): void {
    if (owner === this.#id) return
    const isNew = this.#owner !== owner
    this.#owner = owner
    this.#found()
    if (!isNew) return
    // Its own hello, so that the new owner notices when this worker goes.
    this.#say({ hello: this.#id })
    for (const [id, { watched, after }] of this.#watchers) {
      if (typeof id === 'number') this.#say({ watch: { id, watched, after }, from: this.#id })
    }
    this.#retry()
  }

  /** Does calls, here or where the files are. */
  run(calls: Call[], done: Done): void {
    if (this.#core) return this.#execute(calls, this.client, done)
    const batch = this.#nextBatch++
    this.#pending.set(batch, { calls, done })
    this.#answers.set(batch, new Map())
    if (this.#owner) this.#send(batch, calls)
  }

  #send(batch: number, calls: Call[]): void {
    const sent = calls.map((call) => {
      const id = this.#nextCall++
      this.#sent.set(id, { batch, call })
      return { ...call, id }
    })
    this.#say({ calls: sent, from: this.#id })
  }

  #answered(reply: Reply): void {
    const sent = this.#sent.get(reply.id)
    if (!sent) return
    this.#sent.delete(reply.id)
    const answers = this.#answers.get(sent.batch)!
    answers.set(sent.call.id, { ...reply, id: sent.call.id })
    const pending = this.#pending.get(sent.batch)!
    if (answers.size < pending.calls.length) return
    this.#pending.delete(sent.batch)
    this.#answers.delete(sent.batch)
    pending.done(pending.calls.map((call) => answers.get(call.id)!))
  }

  /**
   * The owner has changed. What was not answered is done again where that cannot do harm; the rest may have been done or
   * not, and says so.
   */
  #retry(): void {
    const unanswered = [...this.#sent.values()]
    const wasSent = new Set(unanswered.map(({ call }) => call.id))
    this.#sent.clear()
    const lost = { code: 'EAGAIN', errno: 11, message: 'the tab that held the files has gone; the change may have been made or not: look, and repeat it' }
    for (const [batch, { calls }] of [...this.#pending]) {
      const answers = this.#answers.get(batch)!
      const open = calls.filter((call) => !answers.has(call.id))
      const again = open.filter((call) => !wasSent.has(call.id) || !WRITES.has(call.op) || isRepeatable(call))
      const ids = open.map((call) => {
        const id = this.#nextCall++
        this.#sent.set(id, { batch, call })
        return [call, id] as const
      })
      const idOf = new Map(ids)
      for (const call of open) if (!again.includes(call)) this.#answered({ id: idOf.get(call)!, error: lost })
      const sent = again.map((call) => ({ ...call, id: idOf.get(call)! }))
      if (sent.length === 0) continue
      if (this.#core) this.#execute(sent, this.client, (replies) => replies.forEach((reply) => this.#answered(reply)))
      else this.#say({ calls: sent, from: this.#id })
    }
  }

  #failAll(error: unknown): void {
    for (const [, { calls, done }] of this.#pending) done(calls.map(({ id }) => ({ id, error: failure(error) })))
    this.#pending.clear()
    this.#sent.clear()
  }

  /** One batch after the other; without a turn of the event loop where nothing has to wait. */
  #execute(calls: Call[], client: string, done: Done): void {
    if (this.#queue) {
      const queued = this.#queue.then(() => this.#executeNow(calls, client, done))
      this.#wait(queued)
    } else {
      const waiting = this.#executeNow(calls, client, done)
      if (waiting) this.#wait(waiting)
    }
  }

  #wait(work: Promise<unknown>): void {
    this.#queue = work
    void work.finally(() => {
      if (this.#queue === work) this.#queue = undefined
    })
  }

  #executeNow(calls: Call[], client: string, done: Done): Promise<void> | undefined {
    const writes = calls.some((call) => WRITES.has(call.op))
    const finish = (replies: Reply[]) => {
      done(replies)
      if (writes) this.#tellWatchers()
    }
    const failed = (error: unknown) => done(calls.map(({ id }) => ({ id, error: failure(error) })))
    try {
      const strict = this.init.durability === 'strict'
      if (!strict && writes) this.#syncLater()
      const replies = this.#core!.run(calls, strict, client)
      if (!(replies instanceof Promise)) return void finish(replies)
      return replies.then(finish, failed)
    } catch (error) {
      return void failed(error)
    }
  }

  /** With relaxed durability changes reach the device together, some moments later. */
  #syncLater(): void {
    this.#syncing ??= setTimeout(() => {
      this.#syncing = undefined
      const failed = this.#core?.sync()
      if (failed) console.error('tarbox: changes could not be made durable:', failed.message)
    }, 50)
  }

  watch(id: number, watched: Watched, after: number, tell: (events: WatchEvent[]) => void): void {
    const watcher: Watcher = {
      watched,
      after,
      tell: (events, last) => {
        watcher.after = last
        if (events.length > 0) tell(events)
      },
    }
    this.#observe(id, watcher)
    if (!this.#core && this.#owner) this.#say({ watch: { id, watched, after }, from: this.#id })
  }

  /** Begins to watch, from now on unless a position is given. */
  #observe(key: number | string, watcher: Watcher): void {
    this.#watchers.set(key, watcher)
    if (!this.#core) return
    if (watcher.after < 0) {
      watcher.after = this.#core.changes(watcher.watched, -1).last
      // The one who watches has to know where it began, for when the owner changes.
      watcher.tell([], watcher.after)
    } else this.#tell(watcher)
  }

  unwatch(id: number): void {
    this.#watchers.delete(id)
    if (!this.#core) this.#say({ unwatch: id, from: this.#id })
  }

  #tellWatchers(): void {
    for (const watcher of this.#watchers.values()) this.#tell(watcher)
  }

  #tell(watcher: Watcher): void {
    if (!this.#core) return
    for (;;) {
      const { events, last } = this.#core.changes(watcher.watched, watcher.after)
      if (last === watcher.after) return
      watcher.after = last
      watcher.tell(events, last)
    }
  }

  /** Makes everything durable and lets go of the files. */
  async close(): Promise<void> {
    this.#closed = true
    this.#say({ bye: this.#id })
    await this.#queue
    clearTimeout(this.#syncing)
    try {
      await this.#core?.close()
    } finally {
      this.#core = undefined
      this.#release()
      this.#leave()
      this.#channel?.close()
    }
  }
}

/** Long enough to tell the tabs of a site apart, short enough for every line of the audit. */
function clientOf(worker: string): string {
  return worker.slice(0, 8)
}
