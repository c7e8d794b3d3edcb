/// Hearing when to look for changes: one stream for all tabs of a site that watch the same workspace.
import { SHARES_STREAMS } from '#platform'
import type { Address } from './address.js'
import { errorOf, headers, Refused } from './transport.js'
import type { TarboxError } from '../errors.js'

const PAUSE_MIN = 100
const PAUSE_MAX = 5_000

/** Tells of each position of the log that there may be something new at; ends when nothing more can come. */
export class Feed {
  readonly #ending = new AbortController()
  readonly #channel: BroadcastChannel | undefined
  readonly #told: (position: number) => void
  readonly #failed: (error: TarboxError) => void

  constructor(
    private readonly address: Address,
    private readonly tenant: string,
    told: (position: number) => void,
    failed: (error: TarboxError) => void,
    /** The server is there. */
    private readonly opened: () => void = () => undefined,
  ) {
    this.#told = told
    this.#failed = failed
    // Tabs take turns by a lock, which a browser gives on when one is closed.
    if (!SHARES_STREAMS) {
      void this.#follow()
      return
    }
    const [, id] = address.key.split('_')
    const name = `tarbox-feed:${address.api}${tenant}:${id}`
    this.#channel = new BroadcastChannel(name)
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data === 'number') told(data)
    }
    const { signal } = this.#ending
    navigator.locks.request(name, { signal }, () => this.#follow()).catch(() => undefined)
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending
    for (let pause = PAUSE_MIN; !signal.aborted; ) {
      try {
        const response = await fetch(`${this.address.api}workspace/${encodeURIComponent(this.tenant)}/feed`, {
          headers: headers(this.address),
          cache: 'no-store',
          credentials: 'omit',
          redirect: 'error',
          signal,
        })
        if (!response.ok || !response.body) {
          const problem = (await response.json().catch(() => ({}))) as { detail?: string }
          if (response.status < 500 && response.status !== 429)
            return this.#failed(errorOf(new Refused(response.status, problem, false), 'watch'))
        } else {
          pause = PAUSE_MIN
          this.opened()
          await this.#listen(response.body)
        }
      } catch {
        // It is asked for again: what happened meanwhile is told then.
      }
      if (signal.aborted) return
      const wait = pause * Math.random()
      pause = Math.min(2 * pause, PAUSE_MAX)
      await new Promise((resolve) => setTimeout(resolve, wait))
    }
  }

  /** Reads events; all that counts of one is its id. */
  async #listen(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    const reader = body.getReader()
    let rest = ''
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = lines.pop()!
      let position: number | undefined
      for (const line of lines) {
        const [, id] = /^id: ?(\d+)\r?$/.exec(line) ?? []
        if (id !== undefined) position = Number(id)
      }
      if (position === undefined) continue
      this.#told(position)
      this.#channel?.postMessage(position)
    }
  }

  end(): void {
    this.#ending.abort()
    this.#channel?.close()
  }
}
