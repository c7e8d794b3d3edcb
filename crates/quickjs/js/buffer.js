// Buffer.
'use strict'
const { codes } = require('internal/errors')
const { normalizeEncoding } = require('internal/encodings')
const { customInspect, deprecate, defineLazily } = require('internal/util')
const validators = require('internal/validators')
const { encode, decode, byteLength: lengthOf } = require('internal/buffer_text')

const kMaxLength = 2 ** 32
const kStringMaxLength = 0x1fffffe8
const isAnyArrayBuffer = (value) => {
  const tag = Object.prototype.toString.call(value)
  return value instanceof ArrayBuffer || tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]'
}

class FastBuffer extends Uint8Array {}

function Buffer(value, encodingOrOffset, length) {
  told()
  if (typeof value === 'number') {
    if (typeof encodingOrOffset === 'string') throw new codes.ERR_INVALID_ARG_TYPE('string', 'string', value)
    return Buffer.alloc(value)
  }
  return Buffer.from(value, encodingOrOffset, length)
}
let hasTold = false
function told() {
  if (hasTold || process.noDeprecation) return
  hasTold = true
  const stack = new Error().stack ?? ''
  if (/\/node_modules\//.test(stack)) return
  process.emitWarning(
    'Buffer() is deprecated due to security and usability issues. Please use the Buffer.alloc(), Buffer.allocUnsafe(), or Buffer.from() methods instead.',
    'DeprecationWarning',
    'DEP0005',
    Buffer,
  )
}
Object.defineProperty(Buffer, Symbol.species, { configurable: true, enumerable: false, get: () => FastBuffer })
Buffer.prototype = FastBuffer.prototype
FastBuffer.prototype.constructor = Buffer
Object.setPrototypeOf(Buffer, Uint8Array)
Object.defineProperty(FastBuffer.prototype, 'constructor', { enumerable: false })
Buffer.poolSize = 8192

// Small buffers are cut from a larger one.
let pool = new ArrayBuffer(8192)
let poolAt = 0
function fromPool(size) {
  if (poolAt + size > pool.byteLength) {
    pool = new ArrayBuffer(Buffer.poolSize)
    poolAt = 0
  }
  const buffer = new FastBuffer(pool, poolAt, size)
  poolAt = (poolAt + size + 7) & ~7
  return buffer
}
function allocate(size) {
  if (size > 0 && size < Buffer.poolSize >>> 1) return fromPool(size)
  // The engine's own limit, which is lower than that of lengths.
  if (size > 0x7fffffff) throw new RangeError('Array buffer allocation failed')
  return new FastBuffer(size)
}

function checkSize(size) {
  validators.validateNumber(size, 'size', 0, kMaxLength)
}

Buffer.alloc = function alloc(size, fill, encoding) {
  checkSize(size)
  if (fill !== undefined && fill !== 0 && size > 0) {
    const buffer = new FastBuffer(size)
    return fillWith(buffer, fill, 0, size, encoding, true)
  }
  return new FastBuffer(size)
}
Buffer.allocUnsafe = function allocUnsafe(size) {
  checkSize(size)
  return allocate(size)
}
Buffer.allocUnsafeSlow = function allocUnsafeSlow(size) {
  checkSize(size)
  return new FastBuffer(size)
}

function fromString(text, encoding) {
  if (typeof encoding !== 'string' || encoding.length === 0) encoding = 'utf8'
  else {
    const normal = normalizeEncoding(encoding)
    if (normal === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding)
    encoding = normal
  }
  if (text.length === 0) return new FastBuffer()
  const size = lengthOf(text, encoding)
  const buffer = allocate(size)
  const written = encode(buffer, text, encoding, 0, size)
  return written === size ? buffer : new FastBuffer(buffer.buffer, buffer.byteOffset, written)
}

function fromArrayBuffer(value, offset, length) {
  if (offset === undefined) offset = 0
  else {
    offset = +offset
    if (Number.isNaN(offset)) offset = 0
  }
  const most = value.byteLength - offset
  if (most < 0) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('offset')
  if (length === undefined) length = most
  else {
    length = +length
    if (length > 0) {
      if (length > most) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('length')
    } else length = 0
  }
  return new FastBuffer(value, offset, length)
}

function fromArrayLike(value) {
  if (!(value.length > 0)) return new FastBuffer()
  const buffer = allocate(value.length)
  if (ArrayBuffer.isView(value) || Array.isArray(value)) buffer.set(value, 0)
  else for (let at = 0; at < value.length; at++) buffer[at] = value[at]
  return buffer
}

function fromObject(value) {
  if (value.length !== undefined || isAnyArrayBuffer(value.buffer)) {
    return typeof value.length !== 'number' ? new FastBuffer() : fromArrayLike(value)
  }
  if (value.type === 'Buffer' && Array.isArray(value.data)) return fromArrayLike(value.data)
  return undefined
}

Buffer.from = function from(value, encodingOrOffset, length) {
  if (typeof value === 'string') return fromString(value, encodingOrOffset)
  if (typeof value === 'object' && value !== null) {
    if (isAnyArrayBuffer(value)) return fromArrayBuffer(value, encodingOrOffset, length)
    const primitive = value.valueOf && value.valueOf()
    if (primitive != null && primitive !== value && (typeof primitive === 'string' || typeof primitive === 'object')) {
      return Buffer.from(primitive, encodingOrOffset, length)
    }
    const made = fromObject(value)
    if (made) return made
    if (typeof value[Symbol.toPrimitive] === 'function') {
      const text = value[Symbol.toPrimitive]('string')
      if (typeof text === 'string') return fromString(text, encodingOrOffset)
    }
  }
  throw new codes.ERR_INVALID_ARG_TYPE(
    'first argument',
    ['string', 'Buffer', 'ArrayBuffer', 'Array', 'Array-like Object'],
    value,
  )
}
Buffer.of = function of(...items) {
  const buffer = allocate(items.length)
  for (let at = 0; at < items.length; at++) buffer[at] = items[at]
  return buffer
}
Buffer.copyBytesFrom = function copyBytesFrom(view, offset, length) {
  if (!ArrayBuffer.isView(view) || view instanceof DataView)
    throw new codes.ERR_INVALID_ARG_TYPE('view', ['TypedArray'], view)
  if (view.length === 0) return Buffer.alloc(0)
  if (offset !== undefined || length !== undefined) {
    if (offset !== undefined) {
      validators.validateInteger(offset, 'offset', 0)
      if (offset >= view.length) return Buffer.alloc(0)
    } else offset = 0
    let end = view.length
    if (length !== undefined) {
      validators.validateInteger(length, 'length', 0)
      end = offset + length
    }
    view = view.slice(offset, end)
  }
  return fromArrayLike(new Uint8Array(view.buffer, view.byteOffset, view.byteLength))
}

Buffer.isBuffer = (value) => value instanceof FastBuffer
Buffer.isEncoding = (encoding) =>
  typeof encoding === 'string' && encoding.length !== 0 && normalizeEncoding(encoding) !== undefined

function bytesOf(value, name) {
  if (value instanceof Uint8Array) return value
  throw new codes.ERR_INVALID_ARG_TYPE(name, ['Buffer', 'Uint8Array'], value)
}
Buffer.compare = function compare(a, b) {
  bytesOf(a, 'buf1')
  bytesOf(b, 'buf2')
  return a === b ? 0 : native.compare(a, b)
}
Buffer.concat = function concat(list, length) {
  validators.validateArray(list, 'list')
  if (list.length === 0) return new FastBuffer()
  if (length === undefined) {
    length = 0
    for (const one of list) if (one.length) length += one.length
  } else validators.validateInteger(length, 'length', 0)
  const buffer = Buffer.allocUnsafe(length)
  let at = 0
  for (let index = 0; index < list.length; index++) {
    const one = list[index]
    if (!(one instanceof Uint8Array))
      throw new codes.ERR_INVALID_ARG_TYPE(`list[${index}]`, ['Buffer', 'Uint8Array'], list[index])
    if (at + one.length > length) {
      buffer.set(one.subarray(0, length - at), at)
      at = length
      break
    }
    buffer.set(one, at)
    at += one.length
  }
  if (at < length) buffer.fill(0, at, length)
  return buffer
}
Buffer.byteLength = function byteLength(value, encoding) {
  if (typeof value !== 'string') {
    if (ArrayBuffer.isView(value) || isAnyArrayBuffer(value)) return value.byteLength
    throw new codes.ERR_INVALID_ARG_TYPE('string', ['string', 'Buffer', 'ArrayBuffer'], value)
  }
  if (value.length === 0) return 0
  return lengthOf(value, normalizeEncoding(encoding) ?? 'utf8')
}

const proto = FastBuffer.prototype
const define = (methods) => {
  for (const name of Reflect.ownKeys(methods))
    Object.defineProperty(proto, name, { value: methods[name], writable: true, enumerable: true, configurable: true })
}
for (const [name, from] of [
  ['parent', 'buffer'],
  ['offset', 'byteOffset'],
]) {
  Object.defineProperty(proto, name, {
    enumerable: true,
    get() {
      return this instanceof Buffer ? this[from] : undefined
    },
  })
}

function clamp(value, low, high, fallback) {
  if (value === undefined) return fallback
  value = Math.trunc(+value) || 0
  return Math.min(Math.max(value, low), high)
}

function fillWith(buffer, value, offset, end, encoding, isAlloc) {
  if (typeof value === 'string') {
    if (offset === undefined || typeof offset === 'string') {
      encoding = offset
      offset = 0
      end = buffer.length
    } else if (typeof end === 'string') {
      encoding = end
      end = buffer.length
    }
    if (encoding !== undefined) validators.validateString(encoding, 'encoding')
    const normal = normalizeEncoding(encoding)
    if (normal === undefined) {
      if (encoding !== undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding)
    }
    if (value.length === 0) value = 0
    else {
      const bytes = fromString(value, normal)
      if (bytes.length === 0) throw new codes.ERR_INVALID_ARG_VALUE('value', value)
      value = bytes
    }
  } else {
    encoding = undefined
    if (value instanceof Uint8Array && value.length === 0) throw new codes.ERR_INVALID_ARG_VALUE('value', value)
  }
  if (offset === undefined) {
    offset = 0
    end = buffer.length
  } else {
    validators.validateNumber(offset, 'offset', 0)
    if (end === undefined) end = buffer.length
    else validators.validateNumber(end, 'end', 0, buffer.length)
    if (offset >= end) return buffer
  }
  if (ArrayBuffer.isView(value)) {
    const pattern = [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
    native.fill(buffer, pattern, offset, end - offset)
  } else Uint8Array.prototype.fill.call(buffer, (typeof value === 'boolean' ? +value : value) & 255, offset, end)
  return buffer
}

function search(buffer, value, from, encoding, backwards) {
  validators.validateBuffer(buffer)
  if (typeof from === 'string') {
    encoding = from
    from = undefined
  } else if (from > 0x7fffffff) from = 0x7fffffff
  else if (from < -0x80000000) from = -0x80000000
  from = +from
  if (Number.isNaN(from)) from = backwards ? buffer.length || buffer.byteLength : 0
  from = Math.trunc(from)
  if (typeof value === 'number') {
    return Uint8Array.prototype[backwards ? 'lastIndexOf' : 'indexOf'].call(
      buffer,
      (value >>> 0) & 255,
      ...(backwards ? [from] : [from]),
    )
  }
  let normal = 'utf8'
  if (typeof value === 'string') {
    if (encoding !== undefined) {
      normal = normalizeEncoding(encoding)
      if (normal === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding)
    }
    value = fromString(value, normal)
  } else if (value instanceof Uint8Array) {
    if (encoding !== undefined) normal = normalizeEncoding(encoding) ?? 'utf8'
  } else throw new codes.ERR_INVALID_ARG_TYPE('value', ['number', 'string', 'Buffer', 'Uint8Array'], value)
  const { length } = buffer
  if (from < 0) from += length
  if (from < 0) {
    if (backwards) return -1
    from = 0
  }
  if (value.length === 0) return Math.min(from, length)
  if (from >= length && !backwards) return -1
  const step = normal === 'utf16le' ? 2 : 1
  if (step === 2 && (value.length < 2 || length < 2)) return -1
  return native.indexOf(buffer, value, from, backwards, step)
}

define({
  copy(target, targetStart, start, end) {
    if (!(this instanceof Uint8Array)) throw new codes.ERR_INVALID_ARG_TYPE('source', ['Buffer', 'Uint8Array'], this)
    if (!(target instanceof Uint8Array))
      throw new codes.ERR_INVALID_ARG_TYPE('target', ['Buffer', 'Uint8Array'], target)
    const integer = (value, name, least, most) => {
      value = +value
      if (Number.isNaN(value)) return 0
      value = Math.trunc(value)
      if (value < least) throw new codes.ERR_OUT_OF_RANGE(name, `>= ${least}`, value)
      if (most !== undefined && value > most) throw new codes.ERR_OUT_OF_RANGE(name, `>= 0 && <= ${most}`, value)
      return value
    }
    targetStart = targetStart === undefined ? 0 : integer(targetStart, 'targetStart', 0)
    start = start === undefined ? 0 : integer(start, 'sourceStart', 0, this.length)
    end = end === undefined ? this.length : integer(end, 'sourceEnd', 0)
    if (targetStart >= target.length || start >= end) return 0
    const count = Math.min(end - start, target.length - targetStart, this.length - start)
    target.set(Uint8Array.prototype.subarray.call(this, start, start + count), targetStart)
    return count
  },
  toString(encoding, start, end) {
    const { length } = this
    if (arguments.length === 0) return decode(this, 'utf8', 0, length)
    if (start <= 0) start = 0
    else if (start >= length) return ''
    else start = Math.trunc(start) || 0
    if (end === undefined || end > length) end = length
    else end = Math.trunc(end) || 0
    if (encoding !== undefined && normalizeEncoding(`${encoding}`) === undefined)
      throw new codes.ERR_UNKNOWN_ENCODING(encoding)
    if (end <= start) return ''
    if (encoding === undefined) return decode(this, 'utf8', start, end)
    const normal = normalizeEncoding(`${encoding}`)
    if (normal === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding)
    return decode(this, normal, start, end)
  },
  equals(other) {
    if (!(this instanceof Uint8Array)) throw new codes.ERR_INVALID_ARG_TYPE('this', ['Buffer', 'Uint8Array'], this)
    bytesOf(other, 'otherBuffer')
    if (this === other) return true
    return this.byteLength === other.byteLength && native.compare(this, other) === 0
  },
  inspect(depth, options) {
    return this[customInspect](depth, options)
  },
  compare(target, targetStart, targetEnd, start, end) {
    if (!(this instanceof Uint8Array)) throw new codes.ERR_INVALID_ARG_TYPE('this', ['Buffer', 'Uint8Array'], this)
    bytesOf(target, 'target')
    if (arguments.length === 1) return native.compare(this, target)
    const bound = (value, name, fallback, most) => {
      if (value === undefined) return fallback
      validators.validateInteger(value, name, 0, most)
      return value
    }
    targetStart = bound(targetStart, 'targetStart', 0)
    targetEnd = bound(targetEnd, 'targetEnd', target.length, target.length)
    start = bound(start, 'sourceStart', 0)
    end = bound(end, 'sourceEnd', this.length, this.length)
    if (start >= end) return targetStart >= targetEnd ? 0 : -1
    if (targetStart >= targetEnd) return 1
    return native.compare(this.subarray(start, end), target.subarray(targetStart, targetEnd))
  },
  indexOf(value, from, encoding) {
    return search(this, value, from, encoding, false)
  },
  lastIndexOf(value, from, encoding) {
    return search(this, value, from, encoding, true)
  },
  includes(value, from, encoding) {
    return search(this, value, from, encoding, false) !== -1
  },
  fill(value, offset, end, encoding) {
    return fillWith(this, value, offset, end, encoding)
  },
  write(text, offset, length, encoding) {
    if (offset === undefined) return textWrite(this, text, 0, this.length, 'utf8')
    if (length === undefined && typeof offset === 'string') {
      encoding = offset
      length = this.length
      offset = 0
    } else {
      validators.validateInteger(offset, 'offset', 0, this.length)
      const remaining = this.length - offset
      if (length === undefined) length = remaining
      else if (typeof length === 'string') {
        encoding = length
        length = remaining
      } else {
        validators.validateInteger(length, 'length', 0, this.length)
        if (length > remaining) length = remaining
      }
    }
    if (!encoding) return textWrite(this, text, offset, length, 'utf8')
    const normal = normalizeEncoding(encoding)
    if (normal === undefined) throw new codes.ERR_UNKNOWN_ENCODING(encoding)
    return textWrite(this, text, offset, length, normal)
  },
  toJSON() {
    return { type: 'Buffer', data: this.length > 0 ? Array.from(this) : [] }
  },
  subarray(start, end) {
    const { length } = this
    start = clampSigned(start, length, 0)
    end = clampSigned(end, length, length)
    return new FastBuffer(this.buffer, this.byteOffset + start, Math.max(0, end - start))
  },
  slice(start, end) {
    return this.subarray(start, end)
  },
  swap16() {
    return swap(this, 2)
  },
  swap32() {
    return swap(this, 4)
  },
  swap64() {
    return swap(this, 8)
  },
  [customInspect](depth, context) {
    const max = module.exports.INSPECT_MAX_BYTES
    const shown = Math.min(max, this.length)
    let text = decode(this, 'hex', 0, shown)
      .replace(/(.{2})/g, '$1 ')
      .trim()
    const more = this.length - max
    if (more > 0) text += ` ... ${more} more byte${more > 1 ? 's' : ''}`
    const keys = context ? Object.keys(this).filter((key) => String(+key) !== key) : []
    if (keys.length > 0) {
      const extra = {}
      for (const key of keys) extra[key] = this[key]
      const inner = require('internal/inspect').inspect(extra, { ...context, breakLength: Infinity, compact: true })
      text += `${this.length > 0 ? ', ' : ''}${inner.slice(2, -2)}`
    }
    return `<${this.constructor.name} ${text}>`
  },
})
function clampSigned(value, length, fallback) {
  if (value === undefined) return fallback
  value = Math.trunc(+value) || 0
  if (value < 0) return Math.max(0, value + length)
  return Math.min(value, length)
}
function textWrite(buffer, text, offset, length, encoding) {
  if (typeof text !== 'string') throw new codes.ERR_INVALID_ARG_TYPE('argument', 'string', text)
  return encode(buffer, text, encoding, offset, length)
}
function swap(buffer, size) {
  const { length } = buffer
  if (length % size !== 0) throw new codes.ERR_INVALID_BUFFER_SIZE(`${size * 8}-bits`)
  for (let at = 0; at < length; at += size) Uint8Array.prototype.subarray.call(buffer, at, at + size).reverse()
  return buffer
}
for (const [name, encoding] of [
  ['ascii', 'ascii'],
  ['base64', 'base64'],
  ['base64url', 'base64url'],
  ['latin1', 'latin1'],
  ['hex', 'hex'],
  ['ucs2', 'utf16le'],
  ['utf8', 'utf8'],
]) {
  Object.defineProperty(proto, `${name}Slice`, {
    writable: true,
    configurable: true,
    enumerable: true,
    value: function (start = 0, end = this.length) {
      return decode(this, encoding, clamp(start, 0, this.length, 0), clamp(end, 0, this.length, this.length))
    },
  })
  Object.defineProperty(proto, `${name}Write`, {
    writable: true,
    configurable: true,
    enumerable: true,
    value: function (text, offset = 0, length = this.length - offset) {
      if (offset < 0 || offset > this.length) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('offset')
      if (length < 0) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS('length')
      return textWrite(this, text, offset, Math.min(length, this.length - offset), encoding)
    },
  })
}
proto.toLocaleString = proto.toString
require('internal/buffer_numbers').install(proto)

function SlowBuffer(size) {
  checkSize(size)
  return new FastBuffer(size)
}
Object.setPrototypeOf(SlowBuffer.prototype, Uint8Array.prototype)
Object.setPrototypeOf(SlowBuffer, Uint8Array)

function transcode(source, from, to) {
  if (!(source instanceof Uint8Array)) throw new codes.ERR_INVALID_ARG_TYPE('source', ['Buffer', 'Uint8Array'], source)
  if (source.length === 0) return Buffer.alloc(0)
  const [a, b] = [normalizeEncoding(from), normalizeEncoding(to)]
  const known = ['utf8', 'utf16le', 'latin1', 'ascii']
  if (!known.includes(a) || !known.includes(b)) {
    throw Object.assign(new Error('Unable to transcode Buffer [U_ILLEGAL_ARGUMENT_ERROR]'), {
      code: 'U_ILLEGAL_ARGUMENT_ERROR',
      errno: 1,
    })
  }
  const text = decode(source, a, 0, source.length)
  if (b === 'ascii' || b === 'latin1')
    return Buffer.from(
      [...text].map((one) => (one.codePointAt(0) > (b === 'ascii' ? 127 : 255) ? '?' : one)).join(''),
      'latin1',
    )
  return Buffer.from(text, b)
}

function btoa(input) {
  if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('input')
  input = `${input}`
  for (let at = 0; at < input.length; at++)
    if (input.charCodeAt(at) > 255) throw new DOMException('Invalid character', 'InvalidCharacterError')
  return Buffer.from(input, 'latin1').toString('base64')
}
function atob(input) {
  if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('input')
  let text = `${input}`.replace(/[\t\n\f\r ]/g, '')
  if (text.length % 4 === 0) text = text.replace(/==?$/, '')
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text))
    throw new DOMException(
      /[^A-Za-z0-9+/=]/.test(text) ? 'Invalid character' : 'The string to be decoded is not correctly encoded.',
      'InvalidCharacterError',
    )
  return Buffer.from(text, 'base64').toString('latin1')
}

function utf8Valid(input, encoding) {
  if (ArrayBuffer.isView(input) || isAnyArrayBuffer(input)) {
    if (input.detached || input.buffer?.detached)
      throw new codes.ERR_INVALID_STATE('Cannot validate on a detached buffer')
    const bytes = isAnyArrayBuffer(input)
      ? new Uint8Array(input)
      : new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    if (encoding === 'ascii') return bytes.every((byte) => byte < 128)
    return native.decoder('utf-8', true)(bytes, 0, bytes.length, true, true) !== null
  }
  throw new codes.ERR_INVALID_ARG_TYPE('input', ['ArrayBuffer', 'Buffer', 'TypedArray'], input)
}

let inspectMax = 50
module.exports = {
  Buffer,
  SlowBuffer: deprecate(SlowBuffer, 'SlowBuffer() is deprecated. Please use Buffer.allocUnsafeSlow()', 'DEP0030'),
  transcode,
  isUtf8: (input) => utf8Valid(input, 'utf8'),
  isAscii: (input) => utf8Valid(input, 'ascii'),
  kMaxLength,
  kStringMaxLength,
  btoa,
  atob,
}
Object.defineProperties(module.exports, {
  constants: {
    enumerable: true,
    value: Object.freeze({ MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength }),
  },
  INSPECT_MAX_BYTES: {
    enumerable: true,
    configurable: true,
    get: () => inspectMax,
    set(value) {
      validators.validateNumber(value, 'INSPECT_MAX_BYTES', 0)
      inspectMax = value
    },
  },
})
Object.defineProperty(Buffer, 'poolSize', { enumerable: true, writable: true, configurable: true, value: 8192 })
defineLazily(module.exports, ['Blob', 'File', 'resolveObjectURL'], (name) => require('internal/blob')[name])
