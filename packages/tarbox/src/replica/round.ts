/// One round: the module says what it waits for, and gets what became of that.
import type { Replicating } from '../core.js'
import { headers } from '../server/transport.js'
import type { Address } from '../server/address.js'
import type { Ended, Progress } from './status.js'
import type { Frame } from './frames.js'

type Request = Extract<Frame, { kind: 'request' }>

/** Milliseconds between two words about how far it has come. */
const TELLING = 100

/** Does a round, from the beginning to its end; an abort gives it up, and the next one repairs that. */
export async function round(
  core: Replicating,
  address: Address,
  signal: AbortSignal,
  tell: (progress: Progress) => void,
): Promise<Ended> {
  const origin = new URL(address.api).origin
  const underWay = new Map<number, AbortController>()
  let arrived: () => void = () => undefined
  const settle = (number: number, tell: () => void) => {
    if (!underWay.delete(number) || signal.aborted) return
    tell()
    arrived()
  }

  const send = async (request: Request, ending: AbortSignal) => {
    const { number, path, time, mediaType, body } = request
    try {
      const response = await fetch(origin + path, {
        method: 'POST',
        headers: { ...headers(address), 'content-type': mediaType, accept: mediaType },
        body,
        cache: 'no-store',
        credentials: 'omit',
        // A key is for this server alone.
        redirect: 'error',
        signal: AbortSignal.any([ending, AbortSignal.timeout(time)]),
      })
      const answer = new Uint8Array(await response.arrayBuffer())
      const later = Number(response.headers.get('retry-after') ?? Number.NaN)
      settle(number, () => core.answered(number, response.status, Number.isNaN(later) ? -1 : later, answer))
    } catch {
      settle(number, () => core.lost(number, true))
    }
  }

  const begin = (frame: Frame) => {
    if (frame.kind === 'forget') {
      underWay.get(frame.number)?.abort()
      underWay.delete(frame.number)
      return
    }
    const ending = new AbortController()
    underWay.set(frame.number, ending)
    if (frame.kind === 'request') void send(frame, ending.signal)
    else {
      const timer = setTimeout(() => settle(frame.number, () => core.lost(frame.number, false)), frame.time)
      ending.signal.addEventListener('abort', () => clearTimeout(timer))
    }
  }

  let told = performance.now()
  let last = ''
  const tellNow = () => {
    if (performance.now() - told < TELLING) return
    told = performance.now()
    const progress = core.progress()
    // Nothing is known before both sides were compared.
    if (last === '' && !Object.values(progress).some(Boolean)) return
    const now = JSON.stringify(progress)
    if (now !== last) tell(progress)
    last = now
  }

  const given = () => arrived()
  signal.addEventListener('abort', given)
  try {
    core.begin()
    for (;;) {
      await core.makeRoom()
      signal.throwIfAborted()
      const arriving = new Promise<void>((resolve) => (arrived = resolve))
      const { ended, frames } = core.poll()
      if (ended) return ended
      tellNow()
      frames.forEach(begin)
      if (underWay.size === 0) throw new Error('a round waits for nothing')
      await arriving
      signal.throwIfAborted()
    }
  } finally {
    signal.removeEventListener('abort', given)
    for (const ending of underWay.values()) ending.abort()
    underWay.clear()
    core.end()
  }
}
