import { NervusDBError } from '../errors.js'

const encoder = new TextEncoder()
// What begins with U+FEFF keeps it.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** Up to so many characters, copying them one by one is quicker than a call of the encoder. */
const SHORT = 64

/** Views of an engine's memory, renewed when it has grown. */
export class Memory {
  #bytes: Uint8Array
  #words: Uint32Array
  readonly #source: { readonly buffer: ArrayBuffer }

  constructor(source: { readonly buffer: ArrayBuffer }) {
    this.#source = source
    this.#bytes = new Uint8Array(source.buffer)
    this.#words = new Uint32Array(source.buffer)
  }

  get bytes(): Uint8Array {
    if (this.#bytes.buffer !== this.#source.buffer) this.#renew()
    return this.#bytes
  }

  get words(): Uint32Array {
    if (this.#words.buffer !== this.#source.buffer) this.#renew()
    return this.#words
  }

  get size(): number {
    return this.#source.buffer.byteLength
  }

  slice(at: number, length: number): Uint8Array {
    const begin = at >>> 0
    return this.bytes.subarray(begin, begin + length)
  }

  text(at: number, length: number): string {
    return decoder.decode(this.slice(at, length))
  }

  /**
   * Texts that follow each other. `lengths(i)` is that of text i in bytes, `0xFFFFFFFF` where there is none.
   *
   * Plain ASCII is decoded by one call for all; the parts then share its memory, so callers keep batches small.
   */
  texts(at: number, lengths: Uint32Array): (string | undefined)[] {
    let total = 0
    for (const length of lengths) total += length === 0xffffffff ? 0 : length
    const whole = this.text(at, total)
    const isAscii = whole.length === total
    const found: (string | undefined)[] = []
    let begin = 0
    for (const length of lengths) {
      if (length === 0xffffffff) {
        found.push(undefined)
        continue
      }
      const end = begin + length
      found.push(isAscii ? whole.slice(begin, end) : this.text(at + begin, length))
      begin = end
    }
    return found
  }

  #renew(): void {
    this.#bytes = new Uint8Array(this.#source.buffer)
    this.#words = new Uint32Array(this.#source.buffer)
  }
}

/** Room for input, by number of bytes. */
export type Reserve = (length: number) => number

/** Writes the lengths of texts and then their bytes, as the engine reads terms. */
export function putTexts(memory: Memory, reserve: Reserve, texts: readonly string[]): void {
  const count = texts.length
  const joined = count === 1 ? (texts[0] as string) : texts.join('')
  if (joined.length <= SHORT && putShort(memory, reserve, texts, joined)) return
  const head = count * 4
  const guess = reserve(head + joined.length)
  const { read } = encoder.encodeInto(joined, memory.slice(guess + head, joined.length))
  // As many bytes as characters were enough, so each is one.
  if (read === joined.length) {
    putLengths(memory, guess, texts, (text) => text.length)
    return
  }
  for (const text of texts) checkText(text)
  const bytes = encoder.encode(joined)
  const at = reserve(head + bytes.length)
  memory.bytes.set(bytes, at + head)
  putLengths(memory, at, texts, utf8Length)
}

function putShort(memory: Memory, reserve: Reserve, texts: readonly string[], joined: string): boolean {
  const at = reserve(texts.length * 4 + SHORT)
  const bytes = memory.bytes
  let to = at + texts.length * 4
  for (let index = 0; index < joined.length; index++) {
    const code = joined.charCodeAt(index)
    if (code > 0x7f) return false
    bytes[to++] = code
  }
  putLengths(memory, at, texts, (text) => text.length)
  return true
}

function putLengths(memory: Memory, at: number, texts: readonly string[], length: (text: string) => number): void {
  const words = memory.words
  let to = at >>> 2
  for (const text of texts) words[to++] = length(text)
}

/** Refuses text that has no UTF-8 form, rather than changing it. */
export function checkText(text: string): void {
  if (!isWellFormed(text)) {
    throw new NervusDBError(
      'INVALID_TEXT',
      'the string contains a lone surrogate, which cannot be encoded in UTF-8; replace it, for example with toWellFormed()',
    )
  }
}

function isWellFormed(text: string): boolean {
  const native = (text as { isWellFormed?: () => boolean }).isWellFormed
  return native === undefined ? !/\p{Surrogate}/u.test(text) : native.call(text)
}

function utf8Length(text: string): number {
  let length = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code < 0x80) length += 1
    else if (code < 0x800) length += 2
    else if (code >= 0xd800 && code < 0xdc00) {
      length += 4
      index++
    } else length += 3
  }
  return length
}
