/** Passes bytes on, and tells how many have gone through. */
export function counting(tell: (done: number) => void): TransformStream<Uint8Array, Uint8Array> {
  let done = 0
  return new TransformStream({
    transform(piece, controller) {
      done += piece.length
      tell(done)
      controller.enqueue(piece)
    },
  })
}
