// StringDecoder: text from pieces of bytes that may end in the middle of a character.
'use strict'
const { codes } = require('internal/errors')
const { normalizeEncoding } = require('internal/encodings')

function StringDecoder(encoding) {
  const normal = normalizeEncoding(encoding)
  if (normal === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding)
  this.encoding = normal
  Object.defineProperty(this, 'rest', { value: Buffer.alloc(0), writable: true, enumerable: false })
  Object.defineProperty(this, 'expected', { value: 0, writable: true, enumerable: false })
}

// How many bytes at the end belong to a character that is not complete, and how many it needs.
function open(buffer) {
  const { length } = buffer
  for (let back = 1; back <= Math.min(3, length); back++) {
    const byte = buffer[length - back]
    if ((byte & 0xc0) === 0x80) continue
    const needs =
      byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 && byte < 0xf0 ? 3 : byte >= 0xc2 && byte < 0xe0 ? 2 : 1
    if (needs <= back) return [0, 0]
    // What can never become a character is not waited for.
    if (back >= 2) {
      const second = buffer[length - back + 1]
      if (
        (byte === 0xe0 && second < 0xa0) ||
        (byte === 0xed && second > 0x9f) ||
        (byte === 0xf0 && second < 0x90) ||
        (byte === 0xf4 && second > 0x8f)
      )
        return [0, 0]
    }
    return [back, needs]
  }
  return [0, 0]
}

StringDecoder.prototype.write = function write(piece) {
  if (typeof piece === 'string') return piece
  if (!ArrayBuffer.isView(piece))
    throw new codes.ERR_INVALID_ARG_TYPE('buf', ['Buffer', 'TypedArray', 'DataView'], piece)
  let buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength)
  if (this.rest.length > 0) buffer = Buffer.concat([this.rest, buffer])
  let keep = 0
  let needs = 0
  switch (this.encoding) {
    case 'utf8':
      ;[keep, needs] = open(buffer)
      break
    case 'utf16le': {
      const { length } = buffer
      const isHigh = (at) => at >= 1 && buffer[at] >= 0xd8 && buffer[at] <= 0xdb
      if (length % 2 === 1) {
        const waits = this.rest.length >= 2 && length === 3 && isHigh(1)
        keep = waits ? 3 : 1
        needs = waits ? 4 : 2
      } else if (isHigh(length - 1)) {
        keep = 2
        needs = 4
      }
      break
    }
    case 'base64':
    case 'base64url':
      keep = buffer.length % 3
      needs = keep ? 3 : 0
      break
    default:
  }
  this.rest = keep > 0 ? Buffer.from(buffer.subarray(buffer.length - keep)) : Buffer.alloc(0)
  this.expected = needs
  return buffer.toString(this.encoding, 0, buffer.length - keep)
}
StringDecoder.prototype.end = function end(piece) {
  let text = piece === undefined ? '' : this.write(piece)
  if (this.rest.length > 0) {
    text += this.rest.toString(this.encoding)
    this.rest = Buffer.alloc(0)
    this.expected = 0
  }
  return text
}
StringDecoder.prototype.text = function text(buffer, offset) {
  this.rest = Buffer.alloc(0)
  return this.write(buffer.subarray(offset))
}
Object.defineProperties(StringDecoder.prototype, {
  lastChar: {
    configurable: true,
    enumerable: true,
    get() {
      const whole = Buffer.alloc(4)
      this.rest.copy(whole)
      return whole
    },
  },
  lastNeed: {
    configurable: true,
    enumerable: true,
    get() {
      return this.expected === 0 ? 0 : this.expected - this.rest.length
    },
  },
  lastTotal: {
    configurable: true,
    enumerable: true,
    get() {
      return this.expected
    },
  },
})
module.exports = { StringDecoder }
