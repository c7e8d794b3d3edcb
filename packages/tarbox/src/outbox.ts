import { failure } from './errors.js'
import { writes } from './extension.js'
import type { Call, Reply } from './messages.js'
import { Op } from './protocol.js'

export type Done = (replies: Reply[]) => void

interface Batch {
  calls: Call[]
  answers: Map<number, Reply>
  done: Done
}

/** Changes that come out the same when they are made twice. */
const REPEATABLE: ReadonlySet<number> = new Set([
  Op.writeFile,
  Op.truncate,
  Op.chmod,
  Op.chown,
  Op.utimes,
  Op.switch,
  Op.gc,
])

/** What writes a file only as it was, or only a new one, would find that it has done so itself. */
export function isRepeatable({ op, second, numbers }: Call): boolean {
  return !writes(op) || (REPEATABLE.has(op) && !(op === Op.writeFile && (second !== '' || numbers[1] !== 0)))
}

export const LOST = {
  code: 'EAGAIN',
  errno: 11,
  message:
    'the tab that owned the files was closed; the change may or may not have been made: check, and repeat it if necessary',
}

/** Calls for whoever has the files, until each is answered. */
export class Outbox {
  readonly #batches = new Set<Batch>()
  /** What was sent, by the number that it was sent with. */
  readonly #sent = new Map<number, { batch: Batch; call: Call }>()
  #next = 1

  get isEmpty(): boolean {
    return this.#batches.size === 0
  }

  /** Takes calls, and gives what to send if there is somebody to send it to. */
  add(calls: Call[], done: Done, isToSend: boolean): Call[] {
    const batch = { calls, answers: new Map(), done }
    this.#batches.add(batch)
    return isToSend ? calls.map((call) => this.#numbered(batch, call)) : []
  }

  #numbered(batch: Batch, call: Call): Call {
    const id = this.#next++
    this.#sent.set(id, { batch, call })
    return { ...call, id }
  }

  answered(reply: Reply): void {
    const sent = this.#sent.get(reply.id)
    if (!sent) return
    this.#sent.delete(reply.id)
    const { batch, call } = sent
    batch.answers.set(call.id, { ...reply, id: call.id })
    if (batch.answers.size < batch.calls.length) return
    this.#batches.delete(batch)
    batch.done(batch.calls.map(({ id }) => batch.answers.get(id)!))
  }

  /**
   * Gives each batch's calls for another who has the files now. What was sent and not answered is done again where that
   * cannot do harm; the rest may have been done or not, and says so.
   */
  *again(): Generator<Call[]> {
    const wasSent = new Set([...this.#sent.values()].map(({ call }) => call))
    this.#sent.clear()
    for (const batch of [...this.#batches]) {
      const open = batch.calls.filter((call) => !batch.answers.has(call.id))
      const calls = open.map((call) => this.#numbered(batch, call))
      const isLost = (at: number) => wasSent.has(open[at]!) && !isRepeatable(open[at]!)
      calls.forEach(({ id }, at) => isLost(at) && this.answered({ id, error: LOST }))
      const rest = calls.filter((_, at) => !isLost(at))
      if (rest.length > 0) yield rest
    }
  }

  failAll(error: unknown): void {
    for (const { calls, done } of this.#batches) done(calls.map(({ id }) => ({ id, error: failure(error) })))
    this.#batches.clear()
    this.#sent.clear()
  }
}
