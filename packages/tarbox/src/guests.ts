import type { Call, Reply } from './messages.js'
import { Op } from './protocol.js'

/** Operations that open a file, and answer with its number. */
const OPENS: ReadonlySet<number> = new Set([Op.open, Op.stage, Op.openArchive])
/** Operations that close one. */
const CLOSES: ReadonlySet<number> = new Set([Op.close, Op.closeArchive])

/** The workers that have their files with this one: which they have open, and when they go. */
export class Guests {
  readonly #open = new Map<string, Set<number>>()
  readonly #noticing = new Map<string, () => void>()

  /** Takes a worker in; `notice` begins to wait for its end, and gives what ends that. */
  welcome(id: string, notice: () => () => void): void {
    this.#noticing.get(id)?.()
    this.#noticing.set(id, notice())
  }

  /** Notes which files it has opened and closed. */
  note(id: string, calls: Call[], replies: Reply[]): void {
    calls.forEach(({ op, numbers }, at) => {
      const reply = replies[at]!
      if ('error' in reply || (!OPENS.has(op) && !CLOSES.has(op))) return
      const open = this.#open.get(id) ?? new Set()
      this.#open.set(id, open)
      if (CLOSES.has(op)) open.delete(numbers[0])
      else open.add(reply.value)
    })
  }

  /** A worker is gone: gives what closes the files that it had open. */
  forget(id: string): Call[] {
    this.#noticing.get(id)?.()
    this.#noticing.delete(id)
    const open = [...(this.#open.get(id) ?? [])]
    this.#open.delete(id)
    return open.map((handle) => ({ id: 0, op: Op.close, first: '', second: '', numbers: [handle, 0, 0] }))
  }

  /** They have their files elsewhere now. */
  clear(): void {
    for (const end of this.#noticing.values()) end()
    this.#noticing.clear()
    this.#open.clear()
  }
}
