import { compileModule, keepsAlive } from '#platform'
import { TarboxError } from './errors.js'
import { type Call, type Failure, flattenCalls, type FromWorker, type Init, type Reply, type ToWorker, unflattenReplies, type Watched, type WatchEvent } from './messages.js'
import { Op } from './protocol.js'
import { end, type Remote } from './remote.js'

export interface Request {
  first?: string
  second?: string
  numbers?: [number?, number?, number?]
  data?: Uint8Array
  /** Gives the data away instead of copying it. */
  transfer?: boolean
}

export interface Result {
  value: number
  bytes: Uint8Array<ArrayBuffer>
}

/** Who watches: told what happens, and that nothing will any more, with the reason if there is one. */
interface Watcher {
  tell(events: WatchEvent[]): void
  end(error?: Error): void
}

interface Waiting {
  resolve(result: Result): void
  reject(error: Error): void
  op: Op
  path: string | undefined
}

const NOTHING = new Uint8Array()
const NAMES = new Map<number, string>(Object.entries(Op).map(([name, op]) => [op, name]))

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

/** The way to the worker. Calls of one turn of the event loop travel together, and become durable together. */
export class Connection {
  readonly #worker: Remote
  readonly #waiting = new Map<number, Waiting>()
  readonly #watchers = new Map<number, Watcher>()
  #next = 1
  #calls: Call[] = []
  #transfer: Transferable[] = []
  #closed: ((failed: Failure | undefined) => void) | undefined
  #dead: TarboxError | undefined
  storage!: Init['storage']
  client!: string

  private constructor(worker: Remote) {
    this.#worker = worker
  }

  static open(worker: Remote, init: Init): Promise<Connection> {
    const connection = new Connection(worker)
    return new Promise((resolve, reject) => {
      const onerror = (act: (event: ErrorEvent) => void) => {
        if ('onerror' in worker) worker.onerror = act
      }
      onerror((event) => {
        event.preventDefault?.()
        reject(new TarboxError('EIO', `The worker could not start: ${event.message ?? 'its script is not where it is expected'}. Say where it is with the option worker.`))
      })
      worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
        if (Array.isArray(data)) connection.#hear(data)
        else if ('ready' in data) {
          connection.storage = data.ready.storage
          connection.client = data.ready.client
          onerror((event) => connection.#die(event.message))
          keepsAlive(worker, false)
          resolve(connection)
        } else if ('failed' in data) {
          end(worker)
          reject(TarboxError.of(data.failed, 'open', init.name))
        } else connection.#hear(data)
      }
      const ahead = 'terminate' in worker
      connection.#post({ init: { ...init, ahead } })
      // A worker takes as long to start as a module to compile. Where it cannot be done here, the worker does it.
      if (ahead) void compile(init.wasm).then((module) => connection.#post({ module }), () => connection.#post({ module: init.wasm }))
    })
  }

  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#worker.postMessage(message, transfer)
  }

  #hear(message: FromWorker): void {
    if (Array.isArray(message)) unflattenReplies(message).forEach((reply) => this.#settle(reply))
    else if ('changes' in message) this.#watchers.get(message.changes.id)?.tell(message.changes.events)
    else if ('closed' in message) this.#closed?.(message.closed)
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id)
    if (!waiting) return
    this.#waiting.delete(reply.id)
    this.#mayEnd()
    if ('error' in reply) waiting.reject(TarboxError.of(reply.error, NAMES.get(waiting.op) ?? '', waiting.path))
    else waiting.resolve({ value: reply.value, bytes: reply.bytes ?? NOTHING })
  }

  /** The worker has stopped, as when there is no memory left. */
  #die(why: string): void {
    this.#end(new TarboxError('EIO', `The workspace has stopped: ${why}. What was acknowledged is safe; open it again.`))
    for (const { end } of this.#watchers.values()) end(this.#dead)
  }

  #end(error: TarboxError): void {
    this.#dead = error
    end(this.#worker)
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  /** A program ends when it waits for nothing any more, and does not have to close what it has opened. */
  #mayEnd(): void {
    if (this.#waiting.size === 0 && this.#watchers.size === 0 && !this.#closed) keepsAlive(this.#worker, false)
  }

  #mayNotEnd(): void {
    if (this.#waiting.size === 0 && this.#watchers.size === 0) keepsAlive(this.#worker, true)
  }

  call(op: Op, { first = '', second = '', numbers = [], data, transfer }: Request): Promise<Result> {
    if (this.#dead) return Promise.reject(this.#dead)
    return new Promise((resolve, reject) => {
      const id = this.#next++
      this.#mayNotEnd()
      this.#waiting.set(id, { resolve, reject, op, path: first || undefined })
      if (this.#calls.length === 0) queueMicrotask(() => this.#send())
      const [one = 0, two = 0, three = 0] = numbers
      this.#calls.push({ id, op, first, second, numbers: [one, two, three], ...(data && { data }) })
      if (data && transfer) this.#transfer.push(data.buffer as ArrayBuffer)
    })
  }

  #send(): void {
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
  callInto(buffer: SharedArrayBuffer, op: Op, { first = '', second = '', numbers: [one = 0, two = 0, three = 0] = [], data }: Request): void {
    if (this.#dead) throw this.#dead
    this.#post({ sync: { call: { id: 0, op, first, second, numbers: [one, two, three], ...(data && { data }) }, buffer } })
  }

  watch(watched: Watched, watcher: Watcher): () => void {
    if (this.#dead) throw this.#dead
    const id = this.#next++
    this.#mayNotEnd()
    this.#watchers.set(id, watcher)
    this.#post({ watch: { id, watched, after: -1 } })
    return () => {
      this.#watchers.delete(id)
      if (!this.#dead) this.#mayEnd()
      if (!this.#dead) this.#post({ unwatch: id })
    }
  }

  /** Waits for what is under way, makes it durable, and ends the worker. Watches just end. */
  async close(): Promise<void> {
    if (this.#dead) return
    keepsAlive(this.#worker, true)
    const closed = new Promise<Failure | undefined>((resolve) => (this.#closed = resolve))
    if (this.#calls.length > 0) this.#send()
    this.#post({ close: true })
    const failed = await closed
    this.#end(new TarboxError('EBADF', 'EBADF: the workspace is closed'))
    for (const { end } of this.#watchers.values()) end()
    if (failed) throw TarboxError.of(failed, 'close')
  }
}
