/**
 * Text as it is stored. A decoder takes U+FEFF at the beginning for a mark of the encoding and drops it, unless it is told
 * not to; and what is no UTF-8 becomes U+FFFD, so that different names would become one.
 */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })
const encoder = new TextEncoder()

/** Contents as text; what is no UTF-8 shows as U+FFFD. */
export function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes)
}

/** A text that stands for something; nothing if it is no UTF-8. */
export function exactTextOf(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** The bytes of a text that stands for something; nothing if it has half of a surrogate pair, which no UTF-8 has. */
export function exactBytesOf(text: string): Uint8Array<ArrayBuffer> | undefined {
  return /\p{Surrogate}/u.test(text) ? undefined : (encoder.encode(text) as Uint8Array<ArrayBuffer>)
}

/** A name to show: each byte that is no UTF-8 becomes half of a surrogate pair, so that no two names look the same. */
export function nameOf(bytes: Uint8Array): string {
  const exact = exactTextOf(bytes)
  if (exact !== undefined) return exact
  let name = ''
  for (let at = 0; at < bytes.length; ) {
    const lengths = [1, 2, 3, 4].filter((length) => at + length <= bytes.length)
    const found = lengths
      .map((length) => exactTextOf(bytes.subarray(at, at + length)))
      .find((text) => text !== undefined)
    name += found ?? String.fromCharCode(0xdc00 + bytes[at]!)
    at += found === undefined ? 1 : encoder.encode(found).length
  }
  return name
}
