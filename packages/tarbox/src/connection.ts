import { compileModule, keepsAlive } from '#platform'
import { deferred } from './deferred.js'
import { TarboxError } from './errors.js'
import { onRest } from './lifecycle.js'
import { type Link, NOTHING, type Request, type Result, type Watching } from './link.js'
import {
  type Broadcast,
  type Call,
  type Failure,
  flattenCalls,
  type FromWorker,
  type Init,
  type Reply,
  type Storage,
  type ToWorker,
  unflattenReplies,
  type Watched,
  type WatchEvent,
} from './messages.js'
import { isRepeatable, LOST } from './outbox.js'
import { nameOf } from './op-names.js'
import type { Op } from './protocol.js'
import { end, isOurs, type Remote, remote, type RemoteSource } from './remote.js'

interface Watcher extends Watching {
  watched: Watched
  /** What came up to here has been told; a negative position is when it began. */
  after: number
}

interface Waiting {
  resolve(result: Result): void
  reject(error: Error): void
  call: Call
  /** Its data is given away, so that it cannot be sent again. */
  isSpent: boolean
}

function callOf(
  id: number,
  op: Op,
  { first = '', second = '', numbers: [one = 0, two = 0, three = 0] = [], data }: Request,
): Call {
  return { id, op, first, second, numbers: [one, two, three], ...(data && { data }) }
}

const compiled = new Map<string, Promise<WebAssembly.Module>>()

function compile(wasm: string): Promise<WebAssembly.Module> {
  let module = compiled.get(wasm)
  if (!module) {
    module = compileModule(wasm)
    module.catch(() => compiled.delete(wasm))
    compiled.set(wasm, module)
  }
  return module
}

/**
 * The way to the worker. Calls of one turn of the event loop travel together, and become durable together.
 *
 * A page that is put aside (into the back-forward cache, or frozen) ends its worker, and with it all that it holds, so that
 * other tabs can go on. When the page is back, it has a new one, and what was not answered is sent again.
 */
export class Connection implements Link {
  #worker: Remote
  /** `opening` until the worker is ready; then calls are sent. */
  #state: 'opening' | 'open' | 'resting' = 'opening'
  readonly #waiting = new Map<number, Waiting>()
  readonly #watchers = new Map<number, Watcher>()
  #next = 1
  #calls: Call[] = []
  #transfer: Transferable[] = []
  #closed: ((failed: Failure | undefined) => void) | undefined
  #dead: TarboxError | undefined
  #forgetPage: () => void = () => undefined
  readonly #opened = deferred()
  storage!: Storage
  client!: string

  private constructor(
    private readonly source: RemoteSource | undefined,
    private readonly init: Init,
  ) {
    this.#worker = this.#start()
  }

  static async open(source: RemoteSource | undefined, init: Init): Promise<Connection> {
    const connection = new Connection(source, init)
    connection.#forgetPage = onRest(
      () => connection.#rest(),
      () => connection.#wake(),
    )
    await connection.#opened.promise
    return connection
  }

  #start(): Remote {
    const { init } = this
    const worker = remote(this.source)
    if ('onerror' in worker) {
      worker.onerror = (event) => {
        event.preventDefault?.()
        if (this.#state === 'open') return this.#die(event.message)
        this.#fail(
          new TarboxError(
            'EIO',
            `The worker could not start: ${event.message ?? 'its script was not found'}. Pass its URL in the option worker.`,
          ),
        )
      }
    }
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.#hear(data)
    // What a server does needs no module.
    const ahead = 'terminate' in worker && !init.server
    const post = (message: ToWorker) => worker.postMessage(message)
    post({ init: { ...init, ahead } })
    // A worker takes as long to start as a module to compile. Where it cannot be done here, the worker does it.
    if (ahead)
      void compile(init.wasm).then(
        (module) => post({ module }),
        () => post({ module: init.wasm }),
      )
    return worker
  }

  #ready({ storage, client }: { storage: Storage; client: string }): void {
    this.storage = storage
    this.client = client
    this.#state = 'open'
    if (this.#isIdle) keepsAlive(this.#worker, false)
    this.#opened.resolve()
    for (const [id, { watched, after }] of this.#watchers) this.#post({ watch: { id, watched, after } })
    if (this.#calls.length > 0) this.#send()
  }

  /** It could not be opened, or not again. */
  #fail(error: TarboxError): void {
    this.#opened.reject(error)
    this.#end(error)
    for (const { end } of this.#watchers.values()) end(error)
  }

  #rest(): void {
    if (this.#dead || this.#state === 'resting') return
    if (!isOurs(this.source)) return this.#tell({ rest: true })
    end(this.#worker)
    // It holds nothing any more, which is what closing is for.
    if (this.#closed) return this.#closed(undefined)
    this.#state = 'resting'
    // What waits to be sent comes after what has been sent.
    const unsent = new Set(this.#calls)
    const again: Call[] = []
    for (const { call, isSpent } of [...this.#waiting.values()]) {
      if (unsent.has(call)) continue
      if (isRepeatable(call) && !isSpent) again.push(call)
      else this.#settle({ id: call.id, error: LOST })
    }
    this.#calls = [...again, ...this.#calls]
  }

  #wake(): void {
    if (this.#dead) return
    if (!isOurs(this.source)) return this.#tell({ wake: true })
    if (this.#state !== 'resting') return
    this.#state = 'opening'
    this.#worker = this.#start()
  }

  /** What a worker that is not ours is told of its page. Should it not hear it any more, others know that it was to. */
  #tell(message: { rest: true } | { wake: true }): void {
    this.#post(message)
    if ('wake' in message || this.storage === 'memory' || this.client === undefined) return
    // One that stays open would keep the page out of the back-forward cache.
    const channel = new BroadcastChannel(`tarbox:${this.init.name}`)
    channel.postMessage({ resting: this.client } satisfies Broadcast)
    channel.close()
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #hear(message: FromWorker): void {
    if (Array.isArray(message)) unflattenReplies(message).forEach((reply) => this.#settle(reply))
    else if ('changes' in message) this.#changed(message.changes)
    else if ('ready' in message) this.#ready(message.ready)
    else if ('failed' in message) this.#fail(TarboxError.of(message.failed, 'open', this.init.name))
    else if ('closed' in message) this.#closed?.(message.closed)
  }

  #changed({ id, events, last }: { id: number; events: WatchEvent[]; last: number }): void {
    const watcher = this.#watchers.get(id)
    if (!watcher) return
    watcher.after = last
    if (events.length > 0) watcher.tell(events)
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    if (!waiting) return
    this.#waiting.delete(reply.id)
    this.#mayEnd()
    const { op, first } = waiting.call
    if ('error' in reply) waiting.reject(TarboxError.of(reply.error, nameOf(op), first || undefined))
    else waiting.resolve({ value: reply.value, bytes: reply.bytes ?? NOTHING })
  }

  /** The worker has stopped, as when there is no memory left. */
  #die(why: string): void {
    this.#end(
      new TarboxError('EIO', `The workspace has stopped: ${why}. Acknowledged changes are safe; open it again.`),
    )
    for (const { end } of this.#watchers.values()) end(this.#dead)
  }

  #end(error: TarboxError): void {
    this.#dead = error
    this.#forgetPage()
    end(this.#worker)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  get #isIdle(): boolean {
    return this.#waiting.size === 0 && this.#watchers.size === 0
  }

  /** A program ends when it waits for nothing any more, and does not have to close what it has opened. */
  #mayEnd(): void {
    if (this.#isIdle && !this.#closed && this.#state === 'open') keepsAlive(this.#worker, false)
  }

  #mayNotEnd(): void {
    if (this.#isIdle) keepsAlive(this.#worker, true)
  }

  call(op: Op, request: Request): Promise<Result> {
    if (this.#dead) return Promise.reject(this.#dead)
    return new Promise((resolve, reject) => {
      const id = this.#next++
      this.#mayNotEnd()
      if (this.#calls.length === 0) queueMicrotask(() => this.#send())
      const call = callOf(id, op, request)
      const { data, transfer } = request
      this.#waiting.set(id, { resolve, reject, call, isSpent: data !== undefined && transfer === true })
      this.#calls.push(call)
      if (data && transfer) this.#transfer.push(data.buffer as ArrayBuffer)
    })
  }

  #send(): void {
    if (this.#state !== 'open' || this.#calls.length === 0) return
    const calls = this.#calls
    const transfer = this.#transfer
    this.#calls = []
    this.#transfer = []
    try {
      this.#post(flattenCalls(calls), transfer)
    } catch (error) {
      for (const { id } of calls) this.#settle({ id, error: { code: 'EINVAL', errno: 22, message: String(error) } })
    }
  }

  /** Makes a call for someone who waits without an event loop: the reply comes in the buffer. */
  callInto(buffer: SharedArrayBuffer, op: Op, request: Request): void {
    if (this.#dead) throw this.#dead
    this.#post({ sync: { call: callOf(0, op, request), buffer } })
  }

  watch(watched: Watched, who: Watching): () => void {
    if (this.#dead) throw this.#dead
    const id = this.#next++
    this.#mayNotEnd()
    this.#watchers.set(id, { ...who, watched, after: -1 })
    if (this.#state === 'open') this.#post({ watch: { id, watched, after: -1 } })
    return () => {
      this.#watchers.delete(id)
      if (this.#dead) return
      this.#mayEnd()
      if (this.#state === 'open') this.#post({ unwatch: id })
    }
  }

  /** Waits for what is under way, makes it durable, and ends the worker. Watches just end. */
  async close(): Promise<void> {
    if (this.#dead) return
    keepsAlive(this.#worker, true)
    // A worker that has been ended holds nothing.
    const closed =
      this.#state === 'resting' ? undefined : new Promise<Failure | undefined>((resolve) => (this.#closed = resolve))
    this.#send()
    if (closed) this.#post({ close: true })
    const failed = await closed
    this.#end(new TarboxError('EBADF', 'EBADF: the workspace is closed'))
    for (const { end } of this.#watchers.values()) end()
    if (failed) throw TarboxError.of(failed, 'close')
  }
}
