/// What kept a round from succeeding, and how long until the next one.
import type { SyncStatus } from './status.js'

export type Hindrance = Extract<SyncStatus['state'], 'offline' | 'refused' | 'full' | 'waiting'>

/** Errors of those who may not, or ask for what there is not: the same again is refused again. */
const FINAL: ReadonlySet<string> = new Set(['EACCES', 'EPERM', 'ENOENT', 'EINVAL', 'ENOTSUP', 'EUCLEAN'])
/** There is no room here for what the server has. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT'])
/** Somebody is at it, or shows a past layer. */
const LATER: ReadonlySet<string> = new Set(['EBUSY', 'EAGAIN'])

export function hindrance(code: string): Hindrance {
  if (FINAL.has(code)) return 'refused'
  if (FULL.has(code)) return 'full'
  return LATER.has(code) ? 'waiting' : 'offline'
}

/** Milliseconds until the next attempt, at first and at most: each time it is twice as long. */
const PAUSES: Record<Hindrance, [min: number, max: number]> = {
  offline: [500, 30_000],
  waiting: [500, 30_000],
  full: [2_000, 60_000],
  // Servers count who knocks with a wrong key.
  refused: [5_000, 300_000],
}

/** The pauses between attempts that do not succeed. */
export class Pauses {
  #of: Hindrance | undefined
  #last = 0

  /** How long to wait now. No two replicas that lost their server together come back to it together. */
  next(why: Hindrance): number {
    const [min, max] = PAUSES[why]
    this.#last = this.#of === why ? Math.min(2 * this.#last, max) : min
    this.#of = why
    return this.#last * (0.5 + Math.random() / 2)
  }

  /** An attempt succeeded. */
  reset(): void {
    this.#of = undefined
  }
}
