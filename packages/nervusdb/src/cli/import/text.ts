import { isUtf8 } from 'node:buffer'

/** What stands for bytes that are no UTF-8: half a surrogate pair, which no UTF-8 decodes to. */
const DAMAGE = '\udc80'
/** The most characters a line can have. */
export const LINE_MAX = 64 << 20

/** Text from UTF-8 in pieces of any size. A byte order mark at the beginning is left out; bytes that are no UTF-8 become {@link DAMAGE}. */
export class Utf8Reader {
  /** Whether any such bytes were met. */
  isDamaged = false
  #rest: Buffer = Buffer.alloc(0)
  #isFirst = true

  /** The text of a piece, as far as its characters are complete. */
  read(piece: Buffer, isLast: boolean): string {
    let bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const end = isLast ? bytes.length : completeEnd(bytes)
    this.#rest = Buffer.from(bytes.subarray(end))
    bytes = bytes.subarray(0, end)
    const text = isUtf8(bytes) ? bytes.toString('utf8') : this.#repaired(bytes)
    if (!this.#isFirst || text === '') return text
    this.#isFirst = false
    return text.startsWith('\ufeff') ? text.slice(1) : text
  }

  /** Line by line, so that lines which are right stay so. */
  #repaired(bytes: Buffer): string {
    this.isDamaged = true
    const lines: string[] = []
    for (let from = 0; from < bytes.length; ) {
      const found = bytes.subarray(from).findIndex((byte) => byte === 0x0a || byte === 0x0d)
      const to = found < 0 ? bytes.length : from + found + 1
      const line = bytes.subarray(from, to)
      lines.push(isUtf8(line) ? line.toString('utf8') : line.toString('latin1').replace(/[\x80-\xff]/g, DAMAGE))
      from = to
    }
    return lines.join('')
  }

  /** Refuses a line with bytes that are no UTF-8. */
  check(line: string): void {
    if (this.isDamaged && line.includes(DAMAGE)) throw new Error('the line has bytes that are not UTF-8')
  }
}

/** Where the last character that is complete ends. */
function completeEnd(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] as number
    if (byte < 0x80) break
    if (byte < 0xc0) continue
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4
    return length > back ? bytes.length - back : bytes.length
  }
  return bytes.length
}

/** A line that was longer than {@link LINE_MAX}, of which nothing is kept. */
export const TOO_LONG = Symbol('too long')

/** Lines of text in pieces of any size, without their ends. Lines end with LF, and with CR or both where `hasCr`. */
export class LineReader {
  #parts: string[] = []
  #length = 0
  /** Whether the last piece ended with CR, which LF may follow. */
  #isHalf = false

  constructor(private readonly hasCr: boolean) {}

  *read(piece: string, isLast: boolean): Generator<string | typeof TOO_LONG, void> {
    let text = this.#isHalf ? `\r${piece}` : piece
    this.#isHalf = this.hasCr && !isLast && text.endsWith('\r')
    if (this.#isHalf) text = text.slice(0, -1)
    const lines = this.hasCr && text.includes('\r') ? text.split(/\r\n|\r|\n/) : text.split('\n')
    const tail = lines.pop() as string
    for (const line of lines) yield this.#whole(line)
    this.#length += tail.length
    if (this.#length > LINE_MAX) this.#parts = []
    else if (tail !== '') this.#parts.push(tail)
    if (isLast && this.#length > 0) yield this.#whole('')
  }

  #whole(end: string): string | typeof TOO_LONG {
    const isTooLong = this.#length + end.length > LINE_MAX
    const line = this.#parts.length === 0 ? end : this.#parts.join('') + end
    this.#parts = []
    this.#length = 0
    return isTooLong ? TOO_LONG : line
  }
}
