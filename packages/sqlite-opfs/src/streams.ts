/** Where the bytes of a database come from. */
export type Source = Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | (() => Chunk | Promise<Chunk>)
type Chunk = Uint8Array | ArrayBuffer | undefined

/** How far a transfer is. `total` is unknown for a stream. */
export type OnProgress = (done: number, total: number | undefined) => void

/** The pieces of a source, one at a time; gzip is recognised by its first bytes. */
export async function* pieces(source: Source): AsyncGenerator<Uint8Array> {
  const reader = unzipped(streamOf(source)).getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

function streamOf(source: Source): ReadableStream<Uint8Array> {
  if (source instanceof ReadableStream) return source
  if (typeof source === 'function') {
    return new ReadableStream({
      async pull(controller) {
        const chunk = await source()
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk instanceof ArrayBuffer ? new Uint8Array(chunk) : chunk)
      },
    })
  }
  return new Blob([source as BlobPart]).stream()
}

/** Passes a stream on, decompressed if it begins as gzip does. */
function unzipped(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = stream.getReader()
  let inner: ReadableStreamDefaultReader<Uint8Array> | undefined
  const rest = (first: Uint8Array) =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(first),
      async pull(controller) {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (why) => reader.cancel(why),
    })
  return new ReadableStream({
    async start() {
      let head = new Uint8Array()
      while (head.length < 2) {
        const { done, value } = await reader.read()
        if (done) break
        head = joined(head, value)
      }
      const all = rest(head)
      const isGzip = head[0] === 0x1f && head[1] === 0x8b
      inner = (
        isGzip
          ? all.pipeThrough(new DecompressionStream('gzip') as unknown as ReadableWritablePair<Uint8Array, Uint8Array>)
          : all
      ).getReader()
    },
    async pull(controller) {
      const { done, value } = await inner!.read()
      if (done) controller.close()
      else if (value.length > 0) controller.enqueue(value)
      else await this.pull!(controller)
    },
    cancel: (why) => inner?.cancel(why),
  })
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(one.length + other.length)
  all.set(one)
  all.set(other, one.length)
  return all
}

export function zipped(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return stream.pipeThrough(new CompressionStream('gzip') as unknown as ReadableWritablePair<Uint8Array, Uint8Array>)
}
