import { deferred } from './deferred.js'

/** What happens to a candidate. */
export interface Candidate {
  /** It has the files' lock now, for as long as `term` is live. One that fails gives the lock to the next. */
  elected(term: Term): Promise<void>
  /** It had the lock, and another has taken it. */
  deposed(): void
  failed(error: unknown): void
}

/** From asking for the lock until it is given back. */
export interface Term {
  readonly isLive: boolean
}

/** Milliseconds in which an owner whose page was put aside has to let go by itself. */
const GRACE = 300

/**
 * Which of a workspace's workers has the files: the one with the Web Lock. Everything that gives a lock back, or gives up
 * waiting for it, does so at once: a worker may be frozen after any turn of its event loop, with what it holds then.
 */
export class Election {
  #term: (Term & { end: () => void }) | undefined

  constructor(
    readonly name: string,
    readonly id: string,
    private readonly candidate: Candidate,
  ) {}

  /** Waits for the lock; with `steal` takes it from whoever has it. `present` is called when others can see that this worker is there. */
  stand(present: () => void, { steal = false }: { steal?: boolean } = {}): void {
    this.withdraw()
    const over = deferred()
    const waiting = new AbortController()
    const term = {
      isLive: true,
      end: () => {
        term.isLive = false
        over.resolve()
        waiting.abort()
      },
    }
    this.#term = term
    let isHeld = false
    const elected = async () => {
      if (!term.isLive) return
      isHeld = true
      try {
        await this.candidate.elected(term)
      } catch (error) {
        // The lock goes to the next one, which may have more luck.
        if (term.isLive) this.candidate.failed(error)
        return
      }
      await over.promise
    }
    const options = steal ? { steal } : { signal: waiting.signal }
    const ended = (error: unknown) => {
      if (!term.isLive) return
      if (isHeld) this.candidate.deposed()
      else this.candidate.failed(error)
    }
    void navigator.locks.request(this.name, options, elected).catch(ended)
    // Whoever has the files hears by a lock of this worker that it is gone, so it has to hold that before it says hello.
    const isPresent = () => {
      if (!term.isLive) return
      present()
      return over.promise
    }
    void navigator.locks.request(this.#presence(this.id), { signal: waiting.signal }, isPresent).catch(ended)
  }

  /** Gives the lock back, or the place in its queue. */
  withdraw(): void {
    this.#term?.end()
    this.#term = undefined
  }

  /** Says when a worker is gone, however it goes; gives what ends the waiting. */
  notice(id: string, gone: () => void): () => void {
    const waiting = new AbortController()
    void navigator.locks.request(this.#presence(id), { signal: waiting.signal }, gone).catch(() => undefined)
    return () => waiting.abort()
  }

  /** Whether a worker that was to let go has not. */
  async clingsOn(id: string): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, GRACE))
    const { held = [] } = await navigator.locks.query()
    return held.some(({ name }) => name === this.#presence(id))
  }

  #presence(id: string): string {
    return `${this.name}:${id}`
  }
}
