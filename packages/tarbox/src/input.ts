import { refuseAborted } from './import.js'

/** Takes bytes from a stream in the portions asked for. A signal ends the waiting for them. */
export class Input {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  readonly #signal: AbortSignal | undefined
  #rest: Uint8Array = new Uint8Array()
  readonly #cancel = () => void this.#reader.cancel(this.#signal?.reason).catch(() => undefined)

  private constructor(source: ReadableStream<Uint8Array>, signal: AbortSignal | undefined) {
    this.#reader = source.getReader()
    this.#signal = signal
    signal?.addEventListener('abort', this.#cancel)
  }

  /** Lets `use` take what it needs, and tells the source that no more is wanted. */
  static async of<T>(
    source: ReadableStream<Uint8Array>,
    signal: AbortSignal | undefined,
    use: (input: Input) => Promise<T>,
  ): Promise<T> {
    const input = new Input(source, signal)
    try {
      return await use(input)
    } finally {
      signal?.removeEventListener('abort', input.#cancel)
      input.#cancel()
    }
  }

  /** The next bytes, at most so many; none at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#reader.read()
      refuseAborted(this.#signal)
      if (done) return undefined
      this.#rest = value
    }
    const piece = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  /** So many bytes, in a place of their own; none at the end, and fewer where it comes too early. */
  async exactly(length: number): Promise<Uint8Array | undefined> {
    const all = new Uint8Array(length)
    for (let done = 0; done < length; ) {
      const piece = await this.some(length - done)
      if (!piece) return done === 0 ? undefined : all.subarray(0, done)
      all.set(piece, done)
      done += piece.length
    }
    return all
  }
}
