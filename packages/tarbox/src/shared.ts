import type { Reply } from './messages.js'

/**
 * How a reply reaches a caller that waits without an event loop:
 *
 * ```text
 *   0       4        8      16
 *   ├ state ┼ length ┼ value┼ bytes …
 * ```
 *
 * The state is 0 while it is awaited, 1 for a result, 2 for an error (JSON), 3 if the bytes do not fit: `length` says how
 * many there are, and the caller asks again with more room.
 */
export const HEADER = 16

export function answer(buffer: SharedArrayBuffer, reply: Reply): void {
  const words = new Int32Array(buffer, 0, 2)
  const bytes = 'error' in reply ? new TextEncoder().encode(JSON.stringify(reply.error)) : (reply.bytes ?? new Uint8Array())
  let state = 'error' in reply ? 2 : 1
  if (bytes.length > buffer.byteLength - HEADER) state = 3
  else new Uint8Array(buffer, HEADER).set(bytes)
  if (!('error' in reply)) new Float64Array(buffer, 8, 1)[0] = reply.value
  words[1] = bytes.length
  Atomics.store(words, 0, state)
  Atomics.notify(words, 0)
}
