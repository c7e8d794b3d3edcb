import type { Connection } from './connection.js'
import { TarboxError } from './errors.js'
import type { Result } from './link.js'
import type { Failure, Reply } from './messages.js'
import { nameOf } from './op-names.js'
import type { Ask } from './work.js'

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
  const bytes =
    'error' in reply ? new TextEncoder().encode(JSON.stringify(reply.error)) : (reply.bytes ?? new Uint8Array())
  let state = 'error' in reply ? 2 : 1
  if (bytes.length > buffer.byteLength - HEADER) state = 3
  else new Uint8Array(buffer, HEADER).set(bytes)
  if (!('error' in reply)) new Float64Array(buffer, 8, 1)[0] = reply.value
  words[1] = bytes.length
  Atomics.store(words, 0, state)
  Atomics.notify(words, 0)
}

/** Bytes that a reply has room for at first. */
const ROOM = 1 << 20

/** One who makes calls and waits for each without an event loop. */
export class Waiter {
  #buffer = new SharedArrayBuffer(HEADER + ROOM)

  constructor(private readonly connection: Connection) {}

  call(asked: Ask): Result {
    for (;;) {
      const buffer = this.#buffer
      const words = new Int32Array(buffer, 0, 2)
      Atomics.store(words, 0, 0)
      this.connection.callInto(buffer, asked.op, asked)
      // What wakes up here may be the end of the call before: that was answered before this began to wait, and notified after.
      while (Atomics.load(words, 0) === 0) Atomics.wait(words, 0, 0)
      const length = words[1]!
      if (words[0] === 3) {
        // The reply did not fit. Only reading gives that much, and can be done again.
        this.#buffer = new SharedArrayBuffer(HEADER + length)
        continue
      }
      const bytes = new Uint8Array(length)
      bytes.set(new Uint8Array(buffer, HEADER, length))
      if (words[0] === 2)
        throw TarboxError.of(JSON.parse(new TextDecoder().decode(bytes)) as Failure, nameOf(asked.op), asked.first)
      return { value: new Float64Array(buffer, 8, 1)[0]!, bytes }
    }
  }
}
