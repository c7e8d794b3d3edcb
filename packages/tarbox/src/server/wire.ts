/// Batches of calls as the server takes them: `crates/server/src/calls/batch.rs` has the same.
import { exactBytesOf } from 'tarbox-device'
import type { Call, Failure, Reply } from '../messages.js'
import { NO_TEXT } from '../no-text.js'

const HEAD = 28
const CALL = 32
const REPLY = 16

/** What a batch is for. */
export const CALLS = 0
export const DURABLE = 1
export const OPEN = 2
export const CLOSE = 4

/** A call as it travels; or why it cannot. */
export function encoded({ op, first, second, numbers, data }: Call): Uint8Array<ArrayBuffer> | Failure {
  const texts = [exactBytesOf(first), exactBytesOf(second)] as const
  if (!texts[0] || !texts[1]) return NO_TEXT
  const length = 8 + texts[0].length + texts[1].length + (data?.length ?? 0)
  const bytes = new Uint8Array(CALL + length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, op, true)
  numbers.forEach((number, at) => view.setFloat64(4 + 8 * at, number, true))
  view.setUint32(28, length, true)
  let at = CALL
  for (const text of texts) {
    view.setUint32(at, text!.length, true)
    bytes.set(text!, at + 4)
    at += 4 + text!.length
  }
  if (data) bytes.set(data, at)
  return bytes
}

export function batch(
  session: Uint8Array | undefined,
  sequence: number,
  what: number,
  parts: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((sum, { length }) => sum + length, HEAD)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  if (session) bytes.set(session)
  view.setBigUint64(16, BigInt(sequence), true)
  view.setUint32(24, what, true)
  let at = HEAD
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** The replies to calls of these numbers; `undefined` for one that was not made, and is to be sent again. */
export function replies(answer: Uint8Array<ArrayBuffer>, ids: readonly number[]): (Reply | undefined)[] {
  const view = new DataView(answer.buffer, answer.byteOffset, answer.byteLength)
  let at = 0
  const all = ids.map((id) => {
    const how = view.getUint32(at, true)
    const value = view.getFloat64(at + 4, true)
    const length = view.getUint32(at + 12, true)
    at += REPLY + length
    if (at > answer.length) throw new RangeError('The answer is cut off.')
    if (how === 2) return undefined
    // A copy of its own: what is kept of it does not keep the rest.
    const bytes = answer.slice(at - length, at)
    if (how === 1) return { id, error: JSON.parse(new TextDecoder().decode(bytes)) as Failure }
    return { id, value, bytes }
  })
  if (at !== answer.length) throw new RangeError('The answer has more than it was asked for.')
  return all
}
