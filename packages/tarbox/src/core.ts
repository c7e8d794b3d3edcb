import { AGENT, fileStore, userOf } from '#platform'
import {
  exactBytesOf,
  Host,
  IndexedDbSlots,
  MemorySlots,
  Module,
  type ModuleSource,
  OpfsSlots,
  type SlotFiles,
  SlotPool,
  type SlotStore,
  supportsOpfs,
  textOf,
} from 'tarbox-device'
import { DATABASE, noteWorkspace, refuseDamage, refuseLoss } from './damage.js'
import { failure, TarboxError } from './errors.js'
import { isExtension, writes } from './extension.js'
import type { Call, Failure, Init, Reply, Storage, Watched, WatchEvent } from './messages.js'
import { isToMove, moveToOpfs } from './move.js'
import { NO_TEXT } from './no-text.js'
import { databaseOf, directoryOf } from './places.js'
import { type Frame, framesOf } from './replica/frames.js'
import type { Ended, Progress, Standing } from './replica/status.js'
import { Op } from './protocol.js'

/** Files a new workspace begins with, and how many are kept free. */
const CAPACITY = 6
const SPARE = 3

/** Listings kept, and bytes of each. */
const LISTINGS = 16
const LISTING_MAX = 1 << 20

/** Bytes kept so that something can be deleted when there is no room: what the log of a large deletion takes. */
const RESERVE = 4 << 20
/** What may use them; a check commits the times of reads first. */
const FREES: ReadonlySet<number> = new Set([
  Op.fsck,
  Op.remove,
  Op.rmdir,
  Op.truncate,
  Op.ftruncate,
  Op.dropLayer,
  Op.gc,
  Op.closeArchive,
])

/** Milliseconds for which a device that was full is believed to have no more room than then. */
const BELIEVED = 120_000
/** Bytes of the device that a round leaves free: for logs, and for whoever works here meanwhile. */
const KEPT = 4 << 20

const GONE: Failure = {
  code: 'EAGAIN',
  errno: 11,
  message:
    'another tab has taken over the files; the change may or may not have been made: check, and repeat it if necessary',
}

/** The workspace as a replica: rounds, one at a time, whose requests somebody else makes. */
export interface Replicating {
  begin(): void
  poll(): { ended?: Ended; frames: Frame[] }
  answered(number: number, status: number, retryAfter: number, body: Uint8Array<ArrayBuffer>): void
  lost(number: number, maybeSent: boolean): void
  end(): void
  progress(): Progress
  /** What is recorded here. No server is asked. */
  standing(): Standing
  resolve(path: string): number
  /** Removes what an interrupted round left half made. */
  tidy(): void
  /** Returns when a file can be made. */
  makeRoom(): Promise<void>
}

/** The workspace itself: the module, its pool, and the operations on them. */
export class Core {
  readonly #listings = new Map<string, { value: number; bytes: Uint8Array<ArrayBuffer> }>()

  /** Whose the last calls were. */
  #client = ''
  /** Whether what is in memory is not what is on the device. */
  #isAstray = false
  /** Whether the files are no longer ours: nothing may be opened or written any more. */
  #isGone = false
  #hasEnded = false
  #restarting: Promise<void> | undefined
  /** How large the files were when there was no room for more, and until when that is believed. */
  #ceiling: { size: number; until: number } | undefined

  private constructor(
    private module: Module,
    private pool: SlotPool,
    private readonly init: Init,
    readonly storage: Storage,
  ) {}

  /** Opens the workspace, waiting for the worker that had it before to let go. */
  static async open(init: Init, source: Promise<ModuleSource>): Promise<Core> {
    const storage = init.storage === 'opfs' && !supportsOpfs() ? 'indexeddb' : init.storage
    const store = storeOf(storage, init)
    const opening = opened(store, init)
    try {
      const [module, files] = await settled(
        source.then((wasm) => Module.load(wasm, new Host())),
        opening,
      )
      const core = new Core(module, await SlotPool.open(module, store, files), init, storage)
      await core.#open()
      return core
    } catch (error) {
      await opening.then(
        (files) => letGo(files),
        () => undefined,
      )
      store.close?.()
      if (storage === 'opfs' && failure(error).code === 'EACCES') throw forbidden(error)
      throw error
    }
  }

  async #open(): Promise<void> {
    const { pool } = this
    if (pool.capacity === 0) await pool.addCapacity(CAPACITY)
    // What is beside a database file is SQLite's to judge.
    if (this.storage !== 'file') refuseDamage(pool, this.init)
    try {
      this.#openWorkspace()
    } catch (error) {
      const { reserve } = pool.store
      if (!reserve || (error as Failure).code !== 'ENOSPC') throw error
      // Opening after a crash writes a little.
      await reserve.spend()
      this.#openWorkspace()
      await reserve.restore()
    }
    if (pool.store.isNew) this.#giveToUser()
    await this.settle()
  }

  #openWorkspace(): void {
    const firstHandle = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1
    // Native programs have no redo log.
    const hasRedo = Number(this.storage !== 'file')
    this.#checked(this.module.exports['workspace_open'](this.pool.id, firstHandle, hasRedo))
    this.#client = ''
  }

  /** A new workspace is its user's. */
  #giveToUser(): void {
    const [uid = 0, gid = 0] = userOf(this.storage)
    if (uid === 0 && gid === 0) return
    const reply = this.#call({ id: 0, op: Op.chown, first: '/', second: '', numbers: [uid, gid, 0] })
    const failed = 'error' in reply ? reply.error : this.sync()
    if (failed) throw Object.assign(new Error(failed.message), failed)
  }

  /**
   * Begins anew from what is on the device, as after a crash: what could not be made durable is in memory still, and
   * would be in the way of everything that comes after it.
   */
  #restart(): Promise<void> {
    this.#restarting ??= this.#startAnew().finally(() => (this.#restarting = undefined))
    return this.#restarting
  }

  async #startAnew(): Promise<void> {
    this.#isAstray = true
    await this.pool.growing
    const { store } = this.pool
    const module = await Module.load(this.module.compiled, new Host())
    this.#checkOurs()
    this.pool = await SlotPool.open(module, store, this.pool.leave())
    this.module = module
    this.#listings.clear()
    await this.#open()
    this.#isAstray = false
  }

  #checkOurs(): void {
    if (this.#isGone) throw Object.assign(new Error(), GONE)
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
    if (writes(call.op)) this.#listings.clear()
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

  /** Large content is read in parts, so that the module's memory need not grow by all of it. */
  #call(call: Call): Reply {
    const reply = this.#do(call)
    if (call.op !== Op.readFile || 'error' in reply || !reply.bytes || reply.value === reply.bytes.length) return reply
    return this.#readOn(call, reply.value, reply.bytes)
  }

  #readOn(call: Call, size: number, first: Uint8Array): Reply {
    let bytes: Uint8Array<ArrayBuffer>
    try {
      bytes = new Uint8Array(size)
    } catch {
      return {
        id: call.id,
        error: { code: 'E2BIG', errno: 7, message: 'it does not fit into memory; read it in pieces' },
      }
    }
    bytes.set(first)
    for (let at = first.length; at < size; ) {
      const reply = this.#do({ ...call, numbers: [call.numbers[0] + at, size - at, 0] }, bytes.subarray(at))
      if ('error' in reply) return reply
      at += Math.min(reply.value, first.length)
    }
    return { id: call.id, value: size, bytes }
  }

  /** One operation of the module. What it answers with goes `into` something, or into memory of its own. */
  #do(call: Call, into?: Uint8Array): Reply {
    const [one, two, three] = call.numbers
    const [first, second] = [exactBytesOf(call.first), exactBytesOf(call.second)]
    if (!first || !second) return { id: call.id, error: NO_TEXT }
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
    const does = isExtension(call.op) ? 'extension_call' : 'workspace_call'
    const value: number = this.module.exports[does](call.op, one, two, three)
    if (value < 0) return { id: call.id, error: this.#failure() }
    const bytes = this.module.peek()
    if (bytes.length === 0) return { id: call.id, value }
    if (into) {
      into.set(bytes)
      return { id: call.id, value }
    }
    const copy = bytes.slice()
    if (copy.length > 1 << 20) this.module.exports['output_done']()
    return { id: call.id, value, bytes: copy }
  }

  /** Does a client's operations one after the other, and makes them durable together. Returns at once where nothing has to wait. */
  run(calls: readonly Call[], durable: boolean, client: string): Reply[] | Promise<Reply[]> {
    this.#checkOurs()
    if (this.#isAstray) return this.#restart().then(() => this.run(calls, durable, client))
    if (client !== this.#client) this.#serve(client)
    const replies = calls.map((call) => this.call(call))
    if (!calls.some((call) => writes(call.op)) && !replies.some(isFull)) return replies
    const failed = durable ? this.sync() : undefined
    const lacksRoom = failed?.code === 'ENOSPC' || replies.some(isFull)
    if (lacksRoom && (this.pool.free === 0 || this.#mayUseReserve(calls))) return this.#again(calls, replies)
    return this.#finish(calls, replies, failed)
  }

  #serve(client: string): void {
    const user = userOf(this.storage)
    const agent = new TextEncoder().encode(`${AGENT}:${client}`)
    this.module.put(new Uint8Array([...new Uint8Array(Uint32Array.from(user).buffer), ...agent]))
    this.#checked(this.module.exports['workspace_serve'](user.length))
    this.#client = client
  }

  #finish(calls: readonly Call[], replies: Reply[], failed: Failure | undefined): Reply[] | Promise<Reply[]> {
    if (failed) return this.#failed(calls, replies, failed)
    const growing = this.pool.growAhead(SPARE)
    if (this.pool.free > 0 && !this.pool.store.settle) {
      growing?.catch((error: unknown) => console.warn('tarbox: cannot add a file to the pool:', error))
      return replies
    }
    return this.#settled(calls, replies, growing)
  }

  async #failed(calls: readonly Call[], replies: Reply[], error: Failure): Promise<Reply[]> {
    await this.#restart().catch(() => undefined) // The next call tries again, and says why it cannot.
    return replies.map((reply, at) => (writes(calls[at]!.op) ? { id: reply.id, error } : reply))
  }

  #mayUseReserve(calls: readonly Call[]): boolean {
    return this.pool.store.reserve !== undefined && calls.some((call) => FREES.has(call.op))
  }

  /**
   * A pool without a free file is no full disk, and on a full one something can still be deleted, since there is a
   * reserve for that: those that failed are done again.
   */
  async #again(calls: readonly Call[], replies: Reply[]): Promise<Reply[]> {
    const reserve = this.#mayUseReserve(calls) ? this.pool.store.reserve : undefined
    await reserve?.spend()
    this.#checkOurs()
    if (this.pool.free === 0) await this.pool.growAhead(SPARE)
    this.#checkOurs()
    const again = replies.map((reply, at) => (isFull(reply) ? this.call(calls[at]!) : reply))
    let failed = this.sync()
    if (reserve && !failed) {
      // What was deleted takes room until it is collected.
      this.call({ id: 0, op: Op.gc, first: '', second: '', numbers: [0, 0, 0] })
      failed = this.sync()
      await reserve.restore()
    }
    return this.#finish(calls, again, failed)
  }

  async #settled(calls: readonly Call[], replies: Reply[], growing: Promise<void> | undefined): Promise<Reply[]> {
    await growing?.catch(() => undefined)
    try {
      await this.settle()
      return replies
    } catch (error) {
      return calls.map((call, at) => (writes(call.op) ? { id: call.id, error: failure(error) } : replies[at]!))
    }
  }

  sync(): Failure | undefined {
    return this.module.exports['workspace_sync']() < 0 ? this.#failure() : undefined
  }

  settle(): Promise<void> {
    return this.pool.store.settle?.() ?? Promise.resolve()
  }

  /**
   * Sees to it that a round that found no room takes none: what it left open becomes durable or is forgotten, and what it left half made is
   * removed.
   */
  async makeRoomAgain(tidy: () => void): Promise<void> {
    // What a file system says of itself needs no such belief.
    if (this.storage !== 'file' && (!this.#ceiling || performance.now() > this.#ceiling.until))
      this.#ceiling = { size: this.pool.size, until: performance.now() + BELIEVED }
    if (this.#isAstray || this.sync()) await this.#restart()
    const { reserve } = this.pool.store
    await reserve?.spend()
    this.#checkOurs()
    tidy()
    const room = await this.#room()
    const gc: Call = { id: 0, op: Op.gc, first: '', second: '', numbers: [0, 0, 0] }
    if (!this.sync()) this.#within(room, () => this.call(gc))
    const failed = this.sync()
    await reserve?.restore()
    if (failed) await this.#restart()
  }

  /** Free bytes of the device, where that can be told: a browser's estimate is one, and where it was full is better known. */
  async #room(): Promise<number | undefined> {
    const told = await this.pool.store.room?.().catch(() => undefined)
    const { size, until } = this.#ceiling ?? { size: 0, until: 0 }
    if (performance.now() > until) return told
    return Math.min(told ?? Number.POSITIVE_INFINITY, Math.max(0, size - this.pool.size))
  }

  /** Does something that takes no more room than this. Whoever works here at other times may have all that there is. */
  #within<T>(room: number | undefined, act: () => T): T {
    const { module } = this
    module.exports['replica_room'](room ?? -1)
    try {
      return act()
    } finally {
      module.exports['replica_room'](-1)
    }
  }

  /** The workspace as a replica of a tenant at a server, whose paths begin so. Without the tenant there are no rounds. */
  replicate(base: string, tenant: string): Replicating {
    const { module } = this
    const call = (name: string, ...given: number[]): number => {
      this.#checkOurs()
      if (this.#isAstray || module !== this.module)
        throw Object.assign(new Error('the files are opened anew'), { code: 'EAGAIN' })
      const value: number = module.exports[`replica_${name}`](...given)
      this.#checked(value)
      return value
    }
    const parsed = <T>() => JSON.parse(module.text()) as T
    const isOurs = () => module === this.module && !this.#isGone
    let room: number | undefined
    const [low = 0, high = 0] = crypto.getRandomValues(new Uint32Array(2))
    module.put(exactBytesOf(`${base}\0${tenant}`) ?? new Uint8Array())
    call('open', low, high)
    return {
      begin: () => void call('begin'),
      poll: () => {
        this.#listings.clear()
        const hasEnded = this.#within(
          room === undefined ? undefined : Math.max(0, room - KEPT),
          () => call('poll') === 1,
        )
        return hasEnded ? { ended: parsed<Ended>(), frames: [] } : { frames: framesOf(module.peek()) }
      },
      answered: (number, status, retryAfter, body) => {
        if (!isOurs()) return
        module.put(body)
        module.exports['replica_answered'](number, status, retryAfter)
      },
      lost: (number, maybeSent) => {
        if (isOurs()) module.exports['replica_lost'](number, Number(maybeSent))
      },
      end: () => {
        if (isOurs()) module.exports['replica_end']()
      },
      progress: () => {
        call('progress')
        return parsed<Progress>()
      },
      standing: () => {
        call('standing')
        return parsed<Standing>()
      },
      resolve: (path) => {
        module.put(exactBytesOf(path) ?? new Uint8Array())
        return call('resolve')
      },
      tidy: () => void call('tidy'),
      makeRoom: async () => {
        // Where there is no room, something can be sent still; what needs some says so itself.
        if (this.pool.free < SPARE) await this.pool.growAhead(SPARE)?.catch(() => undefined)
        await this.settle()
        room = await this.#room()
      },
    }
  }

  /** What changed at a path and below it, and how far that reaches. A negative position is now. */
  changes({ path, layers }: Watched, after: number): { events: WatchEvent[]; last: number } {
    const reply = this.call({ id: 0, op: Op.changes, first: path, second: '', numbers: [after, Number(layers), 0] })
    if ('error' in reply) return { events: [], last: after }
    return { events: reply.bytes ? (JSON.parse(textOf(reply.bytes)) as WatchEvent[]) : [], last: reply.value }
  }

  /** Lets go of everything at once. What is acknowledged is on the device; what is under way ends with an error. */
  letGo(): void {
    const failed = this.#isAstray ? undefined : this.#end()
    if (failed) console.error('tarbox: cannot make changes durable:', failed.message)
    this.#drop()
  }

  /** Makes everything durable, and lets go of the files; at once where nothing has to be waited for. */
  async close(): Promise<void> {
    const failed = this.#end()
    const settled = this.pool.store.settle?.()
    if (settled) await settled
    this.#drop()
    if (failed) throw Object.assign(new Error(failed.message), failed)
  }

  /** Commits what is left, once. */
  #end(): Failure | undefined {
    if (this.#hasEnded) return undefined
    this.#hasEnded = true
    return this.module.exports['workspace_close']() < 0 ? this.#failure() : undefined
  }

  #drop(): void {
    this.#isGone = this.#hasEnded = true
    this.pool.letGo()
    this.pool.store.close?.()
  }
}

/** The files of a store; those that are still in IndexedDB once they are moved. */
async function opened(store: SlotStore, init: Init): Promise<SlotFiles> {
  const { name } = init
  if (store instanceof IndexedDbSlots) {
    await refuseLoss(init)
    const files = await store.open()
    await noteWorkspace(name)
    return files
  }
  if (!(store instanceof OpfsSlots)) return store.open()
  const [files, isElsewhere] = await settled(store.open(), IndexedDbSlots.exists(databaseOf(name)))
  if (!isElsewhere || !(await isToMove(name, files))) return files
  letGo(files)
  await moveToOpfs(name)
  return store.open()
}

/** Nothing is chosen instead: files that are there, and cannot be reached just now, would seem to be gone. */
function forbidden(error: unknown): Error {
  const { message } = failure(error)
  return Object.assign(
    new Error(`${message}; { storage: 'indexeddb' } may work there, and { storage: 'memory' } does`, { cause: error }),
    { code: 'EACCES' },
  )
}

function letGo(files: SlotFiles): void {
  for (const [, handle] of files) handle.close()
}

/** Both, or what went wrong once both have ended: nothing may go on behind a failure. */
async function settled<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other])
  return [await one, await other]
}

function isFull(reply: Reply): boolean {
  return 'error' in reply && reply.error.code === 'ENOSPC'
}

function storeOf(storage: Storage, { name, path }: Init): SlotStore {
  switch (storage) {
    case 'server':
      throw new TarboxError('ENOTSUP', 'What is at a server is not opened here.')
    case 'opfs':
      // A worker that was killed lets go of its files some moments after its lock.
      return new OpfsSlots(directoryOf(name), 10_000, RESERVE)
    case 'indexeddb':
      return new IndexedDbSlots(databaseOf(name))
    case 'memory':
      return new MemorySlots()
    case 'file':
      return fileStore(path!, DATABASE)
  }
}
