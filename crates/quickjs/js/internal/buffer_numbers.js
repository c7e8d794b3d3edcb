// Reading and writing numbers in a Buffer.
'use strict'
const { codes } = require('internal/errors')
const { validateNumber } = require('internal/validators')

function bounds(value, length, name) {
  if (Math.floor(value) !== value) {
    validateNumber(value, name)
    throw new codes.ERR_OUT_OF_RANGE(name || 'offset', 'an integer', value)
  }
  if (length < 0) throw new codes.ERR_BUFFER_OUT_OF_BOUNDS()
  throw new codes.ERR_OUT_OF_RANGE(name || 'offset', `>= ${name ? 1 : 0} and <= ${length}`, value)
}
function checkOffset(buffer, offset, size) {
  if (offset === undefined) offset = 0
  validateNumber(offset, 'offset')
  if (buffer[offset] === undefined || buffer[offset + size - 1] === undefined) bounds(offset, buffer.length - size)
  return offset
}
function checkSize(size, most = 6) {
  if (size === undefined || (Number.isInteger(size) && (size < 1 || size > most))) {
    if (size === undefined) throw new codes.ERR_INVALID_ARG_TYPE('byteLength', 'number', size)
    bounds(size, most, 'byteLength')
  }
  if (typeof size !== 'number' || !Number.isInteger(size)) bounds(size, most, 'byteLength')
}
function checkValue(value, min, max, bytes) {
  if (value > max || value < min) {
    const n = typeof min === 'bigint' ? 'n' : ''
    let range
    if (bytes > 4) {
      const bits = bytes * 8
      range =
        min === 0 || min === 0n
          ? `>= 0${n} and < 2${n} ** ${bits}${n}`
          : `>= -(2${n} ** ${bits - 1}${n}) and < 2${n} ** ${bits - 1}${n}`
      if (min !== 0 && min !== 0n && bytes !== 8)
        range = `>= -(2${n} ** ${bits - 1}${n}) and < 2${n} ** ${bits - 1}${n}`
    } else range = `>= ${min}${n} and <= ${max}${n}`
    throw new codes.ERR_OUT_OF_RANGE('value', range, value)
  }
}

function readUnsigned(buffer, offset, size, little) {
  let value = 0
  for (let at = 0; at < size; at++) value = value * 256 + buffer[offset + (little ? size - 1 - at : at)]
  return value
}
function readSigned(buffer, offset, size, little) {
  const value = readUnsigned(buffer, offset, size, little)
  const half = 2 ** (size * 8 - 1)
  return value >= half ? value - 2 * half : value
}
function put(buffer, value, offset, size, little) {
  if (value < 0) value += 2 ** (size * 8)
  value = Math.trunc(value)
  for (let at = 0; at < size; at++) {
    buffer[offset + (little ? at : size - 1 - at)] = value % 256
    value = Math.floor(value / 256)
  }
  return offset + size
}

const view = new DataView(new ArrayBuffer(8))
const bytes = new Uint8Array(view.buffer)

exports.install = function install(proto) {
  const define = (name, value, ...aliases) => {
    Object.defineProperty(value, 'name', { value: name })
    for (const one of [name, ...aliases])
      Object.defineProperty(proto, one, { value, writable: true, enumerable: true, configurable: true })
  }
  for (const little of [true, false]) {
    const end = little ? 'LE' : 'BE'
    for (const size of [1, 2, 4]) {
      if (size === 1 && !little) continue
      const suffix = size === 1 ? '8' : `${size * 8}${end}`
      define(
        `readUInt${suffix}`,
        function (offset = 0) {
          return readUnsigned(this, checkOffset(this, offset, size), size, little)
        },
        `readUint${suffix}`,
      )
      define(`readInt${suffix}`, function (offset = 0) {
        return readSigned(this, checkOffset(this, offset, size), size, little)
      })
      for (const signed of [false, true]) {
        const max = 2 ** (size * 8 - (signed ? 1 : 0)) - 1
        const min = signed ? -max - 1 : 0
        const write = function (value, offset = 0) {
          value = +value
          validateNumber(offset, 'offset')
          checkValue(value, min, max, size)
          checkOffset(this, offset, size)
          return put(this, value, offset, size, little)
        }
        if (signed) define(`writeInt${suffix}`, write)
        else define(`writeUInt${suffix}`, write, `writeUint${suffix}`)
      }
    }
    const read = (signed) =>
      function (offset, size) {
        if (offset === undefined) throw new codes.ERR_INVALID_ARG_TYPE('offset', 'number', offset)
        checkSize(size)
        checkOffset(this, offset, size)
        return (signed ? readSigned : readUnsigned)(this, offset, size, little)
      }
    define(`readUInt${end}`, read(false), `readUint${end}`)
    define(`readInt${end}`, read(true))
    const write = (signed) =>
      function (value, offset, size) {
        checkSize(size)
        value = +value
        const max = 2 ** (size * 8 - (signed ? 1 : 0)) - 1
        const min = signed ? -max - 1 : 0
        if (offset === undefined) throw new codes.ERR_INVALID_ARG_TYPE('offset', 'number', offset)
        validateNumber(offset, 'offset')
        checkValue(value, min, max, size)
        checkOffset(this, offset, size)
        return put(this, value, offset, size, little)
      }
    define(`writeUInt${end}`, write(false), `writeUint${end}`)
    define(`writeInt${end}`, write(true))
    for (const [name, type, size] of [
      ['BigUInt64', 'BigUint64', 8],
      ['BigInt64', 'BigInt64', 8],
      ['Float', 'Float32', 4],
      ['Double', 'Float64', 8],
    ]) {
      const big = size === 8 && name !== 'Double'
      const suffix = `${name}${end}`
      const alias = name === 'BigUInt64' ? [`BigUint64${end}`] : []
      define(
        `read${suffix}`,
        function (offset = 0) {
          offset = checkOffset(this, offset, size)
          for (let at = 0; at < size; at++) bytes[at] = this[offset + at]
          return view[`get${type}`](0, little)
        },
        ...alias.map((one) => `read${one}`),
      )
      define(
        `write${suffix}`,
        function (value, offset = 0) {
          if (big) {
            const unsigned = name === 'BigUInt64'
            if (typeof value !== 'bigint') throw new codes.ERR_INVALID_ARG_TYPE('value', 'bigint', value)
            checkValue(value, unsigned ? 0n : -(2n ** 63n), unsigned ? 2n ** 64n - 1n : 2n ** 63n - 1n, 8)
          } else value = +value
          offset = checkOffset(this, offset, size)
          view[`set${type}`](0, value, little)
          for (let at = 0; at < size; at++) this[offset + at] = bytes[at]
          return offset + size
        },
        ...alias.map((one) => `write${one}`),
      )
    }
  }
}
