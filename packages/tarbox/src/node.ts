import type { ModuleSource } from 'tarbox-device'
import type { Holder } from './serve.js'
import { Core } from './core.js'
import { deferred } from './deferred.js'
import { Election, type Term } from './election.js'
import { writes } from './extension.js'
import { failure } from './errors.js'
import { Guests } from './guests.js'
import {
  type Broadcast,
  type Call,
  type Failure,
  type Init,
  type Reply,
  type Storage,
  type Watched,
  type WatchEvent,
} from './messages.js'
import { type Done, Outbox } from './outbox.js'
import { Replica } from './replica/replica.js'
import { type Changes, type Watcher, Watchers } from './watchers.js'

/** Milliseconds between two questions whether the owner is there, and how many it may leave unanswered. */
const ASKING = 3000
const UNANSWERED = 10

/**
 * One worker of a workspace. The one with the lock is the **owner** and has the files; the others send it their calls.
 * When the owner goes, the browser gives the lock to the next, which opens the files and says so.
 *
 * A worker whose page is put aside (into the back-forward cache, or frozen) may never run again, so it **rests**. When its
 * page is back it begins anew, with what was not answered.
 */
export class Node implements Holder {
  readonly #id = crypto.randomUUID()
  /** What the audit and the change feed call it. */
  readonly client = clientOf(this.#id)
  #channel: BroadcastChannel | undefined
  #core: Core | undefined
  /** What keeps the files in step with a server, where they are. */
  #replica: Replica | undefined
  /** What the files are open in that a worker at rest does not have any more. */
  #left: Core | undefined
  /** The worker that has the files, as far as is known. */
  #owner: string | undefined
  readonly #election: Election | undefined
  readonly #outbox = new Outbox()
  readonly #watchers = new Watchers()
  readonly #guests = new Guests()
  readonly #found = deferred<Storage>()
  #hasFound = false
  #queue: Promise<unknown> | undefined
  #syncing: ReturnType<typeof setTimeout> | undefined
  #asking: ReturnType<typeof setInterval> | undefined
  #unanswered = 0
  #isClosed = false

  constructor(
    readonly init: Init,
    private readonly module: Promise<ModuleSource>,
  ) {
    if (init.storage === 'memory' || init.storage === 'file') return
    this.#election = new Election(`tarbox:${init.name}`, this.#id, {
      elected: (term) => this.#own(term),
      deposed: () => this.#deposed(),
      failed: (error) => {
        this.#found.reject(error)
        this.#outbox.failAll(error)
      },
    })
  }

  /** Returns when calls can be made: this worker has the files, or knows who has. */
  async start(): Promise<Storage> {
    if (!this.#election) {
      this.#have(await Core.open(this.init, this.module))
      return this.#core!.storage
    }
    this.wake()
    return this.#found.promise
  }

  #have(core: Core): void {
    this.#core = core
    if (this.init.sync) this.#replica = new Replica(core, this.init.sync, () => this.#tellWatchers())
  }

  /** Asks for the files, or for who has them. */
  wake(): void {
    if (!this.#election || this.#channel) return
    this.#left?.letGo()
    this.#left = undefined
    if (this.#isClosed) return
    this.#channel = new BroadcastChannel(this.#election.name)
    this.#channel.onmessage = ({ data }: MessageEvent<Broadcast>) => this.#hear(data)
    this.#stand()
    this.#asking = setInterval(() => this.#ask(), ASKING)
  }

  #stand(options?: { steal: boolean }): void {
    this.#election?.stand(() => this.#say({ hello: this.#id }), options)
  }

  /**
   * Gives the lock back within this turn of the event loop. What was not answered stays due. The files stay open, since
   * Chromium crashes over one that a page closes on its way into the cache; it drops the page when another tab opens them.
   */
  rest(): void {
    if (!this.#election || !this.#channel) return
    this.#election.withdraw()
    this.#say({ bye: this.#id })
    clearInterval(this.#asking)
    this.#left ??= this.#leave()
    this.#channel.close()
    this.#channel = undefined
  }

  /** Has the files no longer, and gives what they are still open in. */
  #leave(): Core | undefined {
    const core = this.#core
    clearTimeout(this.#syncing)
    this.#syncing = undefined
    this.#core = undefined
    this.#replica?.end()
    this.#replica = undefined
    this.#owner = undefined
    this.#queue = undefined
    this.#guests.clear()
    this.#watchers.forgetOthers()
    return core
  }

  async #own(term: Term): Promise<void> {
    const core = await Core.open(this.init, this.module)
    if (!term.isLive) return core.letGo()
    this.#have(core)
    this.#owner = this.#id
    this.#find()
    this.#say({ owner: this.#id })
    for (const calls of this.#outbox.again())
      this.#execute(calls, this.client, (replies) => replies.forEach((reply) => this.#outbox.answered(reply)))
    this.#tellWatchers()
  }

  /** Another has the files, since this worker was believed to be gone. */
  #deposed(): void {
    this.#leave()?.letGo()
    this.#stand()
  }

  #find(): void {
    this.#unanswered = 0
    this.#hasFound = true
    this.#found.resolve(this.#core?.storage ?? this.init.storage)
  }

  #say(message: Broadcast): void {
    this.#channel?.postMessage(message)
  }

  #hear(message: Broadcast): void {
    if ('to' in message && message.to !== undefined && message.to !== this.#id) return
    if ('owner' in message) return this.#follow(message.owner)
    if ('replies' in message) return message.replies.forEach((reply) => this.#outbox.answered(reply))
    if ('changes' in message) {
      const { id, events, last } = message.changes
      return this.#watchers.get(id)?.tell(events, last)
    }
    if ('resting' in message) return void this.#suspect(message.resting)
    if (!this.#core) return
    if ('hello' in message) {
      const { hello } = message
      this.#say({ owner: this.#id, to: hello })
      this.#guests.welcome(hello, () => this.#election!.notice(hello, () => this.#forget(hello)))
    } else if ('calls' in message) {
      const { calls, from: to } = message
      this.#execute(calls, clientOf(to), (replies) => {
        this.#guests.note(to, calls, replies)
        this.#say({ replies, to })
      })
    } else if ('watch' in message) {
      const { id, watched, after } = message.watch
      const to = message.from
      this.#observe(`${to}:${id}`, {
        watched,
        after,
        tell: (events, last) => this.#say({ changes: { id, events, last }, to }),
      })
    } else if ('unwatch' in message) this.#watchers.delete(`${message.from}:${message.unwatch}`)
    else if ('bye' in message) this.#forget(message.bye)
  }

  /** A worker is gone: its watches end, and the files that it had open are closed. */
  #forget(id: string): void {
    this.#watchers.forget(id)
    const calls = this.#guests.forget(id)
    if (this.#core && calls.length > 0) this.#execute(calls, clientOf(id), () => undefined)
  }

  #follow(owner: string): void {
    if (owner === this.#id) return
    const isNew = this.#owner !== owner
    this.#owner = owner
    this.#find()
    if (!isNew) return
    // Its own hello, so that the new owner notices when this worker goes.
    this.#say({ hello: this.#id })
    for (const watch of this.#watchers.own()) this.#say({ watch, from: this.#id })
    for (const calls of this.#outbox.again()) this.#say({ calls, from: this.#id })
  }

  /** A page was put aside. If its worker has the files and did not hear that it has to let go, they are taken from it. */
  async #suspect(client: string): Promise<void> {
    const owner = this.#owner
    if (this.#core || owner === undefined || clientOf(owner) !== client) return
    if ((await this.#election!.clingsOn(owner)) && this.#owner === owner) this.#stand({ steal: true })
  }

  /** Whoever waits and hears nothing at all of an owner, for much longer than anything takes, takes the files. */
  #ask(): void {
    if (this.#core || (this.#hasFound && this.#outbox.isEmpty)) return
    this.#unanswered += 1
    this.#say({ hello: this.#id })
    if (this.#unanswered <= UNANSWERED) return
    this.#unanswered = 0
    this.#owner = undefined
    this.#stand({ steal: true })
  }

  /** Does calls, here or where the files are. */
  run(calls: Call[], done: Done): void {
    if (this.#core) return this.#execute(calls, this.client, done)
    const groups = [calls.filter((call) => !isAside(call)), ...calls.filter(isAside).map((call) => [call])]
    for (const group of groups) {
      if (group.length === 0) continue
      const sent = this.#outbox.add(group, done, this.#owner !== undefined)
      if (sent.length > 0) this.#say({ calls: sent, from: this.#id })
    }
  }

  /** One batch after the other; without a turn of the event loop where nothing has to wait. */
  #execute(all: Call[], client: string, done: Done): void {
    const core = this.#core!
    const calls = this.#aside(all, client, done)
    if (calls.length === 0) return
    if (this.#queue) this.#wait(this.#queue.then(() => this.#executeNow(core, calls, client, done)))
    else {
      const waiting = this.#executeNow(core, calls, client, done)
      if (waiting) this.#wait(waiting)
    }
  }

  /** What is about the server waits for it, and nothing else waits for that. */
  #aside(calls: Call[], client: string, done: Done): Call[] {
    if (!calls.some(isAside)) return calls
    const replica = this.#replica
    for (const call of calls.filter(isAside)) {
      if (!replica) {
        done([{ id: call.id, error: NO_REPLICA }])
        continue
      }
      void replica.call(call).then((reply) => {
        if (replica === this.#replica || this.#isClosed) done([reply])
        // Another has the files now; other tabs ask it themselves.
        else if (client === this.client) this.run([call], done)
      })
    }
    return calls.filter((call) => !isAside(call))
  }

  #wait(work: Promise<unknown>): void {
    this.#queue = work
    void work.finally(() => {
      if (this.#queue === work) this.#queue = undefined
    })
  }

  #executeNow(core: Core, calls: Call[], client: string, done: Done): Promise<void> | undefined {
    if (core !== this.#core) {
      // Others send theirs again to whoever has the files now.
      if (client === this.client) this.run(calls, done)
      return undefined
    }
    const isChange = calls.some((call) => writes(call.op))
    const finish = (replies: Reply[]) => {
      done(replies)
      if (!isChange) return
      this.#tellWatchers()
      this.#replica?.ask()
    }
    const failed = (error: unknown) => done(calls.map(({ id }) => ({ id, error: failure(error) })))
    try {
      const strict = this.init.durability === 'strict'
      if (!strict && isChange) this.#syncLater()
      const replies = core.run(calls, strict, client)
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
      if (failed) console.error('tarbox: cannot make changes durable:', failed.message)
    }, 50)
  }

  watch(id: number, watched: Watched, after: number, tell: (events: WatchEvent[], last: number) => void): void {
    const watcher: Watcher = {
      watched,
      after,
      tell: (events, last) => {
        watcher.after = last
        tell(events, last)
      },
    }
    this.#observe(id, watcher)
    if (!this.#core && this.#owner) this.#say({ watch: { id, watched, after }, from: this.#id })
  }

  #observe(key: number | string, watcher: Watcher): void {
    this.#watchers.add(key, watcher, this.#changes)
  }

  unwatch(id: number): void {
    this.#watchers.delete(id)
    if (!this.#core) this.#say({ unwatch: id, from: this.#id })
  }

  #tellWatchers(): void {
    if (this.#changes) this.#watchers.tellAll(this.#changes)
  }

  get #changes(): Changes | undefined {
    const core = this.#core
    return core && ((watched, after) => core.changes(watched, after))
  }

  /** Makes everything durable and lets go of the files. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#syncing)
    this.#replica?.end()
    const core = this.#core
    if (this.#queue) await this.#queue
    try {
      // What can be done at once is done at once: the page may be about to go.
      await core?.close()
    } finally {
      this.rest()
    }
  }
}

/** What is about the server, and not for the module. */
function isAside({ op }: Call): boolean {
  return (op as number) < 0
}

const NO_REPLICA: Failure = {
  code: 'ENOTSUP',
  errno: 95,
  message: 'the workspace is not kept in step with a server: open it with { sync: { url, key } }',
}

/** Long enough to tell the tabs of a site apart, short enough for every line of the audit. */
function clientOf(worker: string): string {
  return worker.slice(0, 8)
}
