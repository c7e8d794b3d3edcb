import { Host, IndexedDbSlots, MemorySlots, Module, OpfsSlots, SlotPool, type SlotStore, supportsOpfs } from 'tarbox-device'
import { failure } from './errors.js'
import type { Call, ChangeEvent, Failure, Init, Reply } from './messages.js'
import { moveToOpfs } from './move.js'
import { Op, WRITES } from './protocol.js'

/** Files a new workspace begins with, and how many are kept free. */
const CAPACITY = 6
const SPARE = 3

/** Listings kept, and bytes of each. */
const LISTINGS = 16
const LISTING_MAX = 1 << 20

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The workspace itself: the module, its pool, and the operations on them. */
export class Core {
  readonly #listings = new Map<string, { value: number; bytes: Uint8Array<ArrayBuffer> }>()

  private constructor(
    private readonly module: Module,
    private readonly pool: SlotPool,
    readonly storage: Init['storage'],
  ) {}

  /** Opens the workspace, waiting for the worker that had it before to let go. */
  static async open(init: Init): Promise<Core> {
    const storage = init.storage === 'opfs' && !supportsOpfs() ? 'indexeddb' : init.storage
    const loading = Module.load(init.wasm, new Host())
    if (storage === 'opfs') await moveToOpfs(init.name)
    const store = storeOf(storage, init.name)
    const module = await loading
    const pool = await SlotPool.open(module, store)
    if (pool.capacity === 0) await pool.addCapacity(CAPACITY)
    const core = new Core(module, pool, storage)
    core.#checked(module.exports['workspace_open'](pool.id, crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1))
    await core.settle()
    for (const { file, reason, path } of pool.setAside()) {
      console.warn(`tarbox: the file ${file} of ${store.label} (${path || 'nameless'}) was set aside: ${reason}.`)
    }
    return core
  }

  #checked(result: number): void {
    if (result < 0) throw Object.assign(new Error(), this.#failure())
  }

  #failure(): Failure {
    try {
      return JSON.parse(this.module.text()) as Failure
    } catch {
      return { code: 'EIO', errno: 5, message: this.module.text() }
    }
  }

  /** Does one operation. A listing is kept until anything changes: only this worker changes anything. */
  call(call: Call): Reply {
    if (WRITES.has(call.op)) this.#listings.clear()
    if (call.op !== Op.list) return this.#call(call)
    const kept = this.#listings.get(call.first)
    if (kept) return { id: call.id, value: kept.value, bytes: kept.bytes.slice() }
    const reply = this.#call(call)
    if ('bytes' in reply && reply.bytes && reply.bytes.length <= LISTING_MAX) {
      if (this.#listings.size === LISTINGS) this.#listings.clear()
      this.#listings.set(call.first, { value: reply.value, bytes: reply.bytes.slice() })
    }
    return reply
  }

  #call(call: Call): Reply {
    const [one, two, three] = call.numbers
    const first = encoder.encode(call.first)
    const second = encoder.encode(call.second)
    const data = call.data
    const size = 8 + first.length + second.length + (data?.length ?? 0)
    let at: number = this.module.exports['input'](size)
    const { heap } = this.module.host
    for (const text of [first, second]) {
      new DataView(heap.buffer).setUint32(at, text.length, true)
      heap.set(text, at + 4)
      at += 4 + text.length
    }
    if (data) heap.set(data, at)
    const value: number = this.module.exports['workspace_call'](call.op, one, two, three)
    if (value < 0) return { id: call.id, error: this.#failure() }
    const bytes = this.module.peek()
    if (bytes.length === 0) return { id: call.id, value }
    const copy = bytes.slice()
    if (copy.length > 1 << 20) this.module.exports['output_done']()
    return { id: call.id, value, bytes: copy }
  }

  /** Does operations one after the other, and makes them durable together. Returns at once where nothing has to wait. */
  run(calls: readonly Call[], durable: boolean): Reply[] | Promise<Reply[]> {
    const replies = calls.map((call) => this.call(call))
    if (replies.some((reply) => 'error' in reply && reply.error.code === 'ENOSPC') && this.pool.free === 0) {
      return this.#again(calls, replies, durable)
    }
    if (!calls.some((call) => WRITES.has(call.op))) return replies
    if (durable) {
      const failed = this.sync()
      if (failed) return calls.map((call, at) => (WRITES.has(call.op) ? { id: call.id, error: failed } : replies[at]!))
    }
    const growing = this.pool.growAhead(SPARE)
    if (this.pool.free > 0 && !this.pool.store.settle) {
      growing?.catch((error: unknown) => console.warn('tarbox: no file could be added to the pool:', error))
      return replies
    }
    return this.#settled(calls, replies, growing)
  }

  /** A pool without a free file is no full disk: those that failed for it are done again. */
  async #again(calls: readonly Call[], replies: Reply[], durable: boolean): Promise<Reply[]> {
    await this.pool.growAhead(SPARE)
    const again = await this.run(
      calls.filter((_, at) => 'error' in replies[at]!),
      durable,
    )
    const byId = new Map(again.map((reply) => [reply.id, reply]))
    return replies.map((reply) => byId.get(reply.id) ?? reply)
  }

  async #settled(calls: readonly Call[], replies: Reply[], growing: Promise<void> | undefined): Promise<Reply[]> {
    await growing?.catch(() => undefined)
    try {
      await this.settle()
      return replies
    } catch (error) {
      return calls.map((call, at) => (WRITES.has(call.op) ? { id: call.id, error: failure(error) } : replies[at]!))
    }
  }

  sync(): Failure | undefined {
    return this.module.exports['workspace_sync']() < 0 ? this.#failure() : undefined
  }

  settle(): Promise<void> {
    return this.pool.store.settle?.() ?? Promise.resolve()
  }

  /** What changed at a path and below it, and how far that reaches. A negative position is now. */
  changes(path: string, after: number): { events: ChangeEvent[]; last: number } {
    const reply = this.call({ id: 0, op: Op.changes, first: path, second: '', numbers: [after, 0, 0] })
    if ('error' in reply) return { events: [], last: after }
    return { events: reply.bytes ? (JSON.parse(decoder.decode(reply.bytes)) as ChangeEvent[]) : [], last: reply.value }
  }

  async close(): Promise<void> {
    const failed = this.module.exports['workspace_close']() < 0 ? this.#failure() : undefined
    await this.settle()
    await this.pool.pause()
    if (failed) throw Object.assign(new Error(failed.message), failed)
  }
}

function storeOf(storage: Init['storage'], name: string): SlotStore {
  switch (storage) {
    case 'opfs':
      // A worker that was killed lets go of its files some moments after its lock.
      return new OpfsSlots(`.tarbox/${name}`, 10_000)
    case 'indexeddb':
      return new IndexedDbSlots(`tarbox-${name}`)
    case 'memory':
      return new MemorySlots()
  }
}
