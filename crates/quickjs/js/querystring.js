// `querystring`.
'use strict'
const { codes } = require('internal/errors')

const hex = (code) =>
  code >= 48 && code <= 57
    ? code - 48
    : code >= 65 && code <= 70
      ? code - 55
      : code >= 97 && code <= 102
        ? code - 87
        : -1

function unescapeBuffer(text, decodeSpaces = false) {
  const source = typeof text === 'string' ? Buffer.from(text) : text
  const out = Buffer.allocUnsafe(source.length)
  let count = 0
  for (let at = 0; at < source.length; at++) {
    const byte = source[at]
    if (byte === 43 && decodeSpaces) out[count++] = 32
    else if (byte === 37 && at + 2 < source.length && hex(source[at + 1]) >= 0 && hex(source[at + 2]) >= 0) {
      out[count++] = hex(source[at + 1]) * 16 + hex(source[at + 2])
      at += 2
    } else out[count++] = byte
  }
  return out.subarray(0, count)
}

function unescape(text, decodeSpaces) {
  try {
    return decodeURIComponent(text)
  } catch {
    return qs.unescapeBuffer(text, decodeSpaces).toString()
  }
}

function escape(text) {
  if (typeof text !== 'string') text = typeof text === 'object' ? String(text) : `${text}`
  try {
    return encodeURIComponent(text)
  } catch {
    // A surrogate takes whatever follows as its other half, as Node.js has it; at the end there is nothing to take.
    return text.replace(/[\ud800-\udbff][\udc00-\udfff]|[^\ud800-\udfff]|[\ud800-\udfff]([\s\S])?/g, (one, next) => {
      if (one.isWellFormed()) return encodeURIComponent(one)
      if (next === undefined) throw new codes.ERR_INVALID_URI()
      return encodeURIComponent(
        String.fromCodePoint(0x10000 + ((one.charCodeAt(0) & 0x3ff) << 10) + (next.charCodeAt(0) & 0x3ff)),
      )
    })
  }
}

function primitive(value) {
  if (typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return `${value}`
  if (typeof value === 'bigint') return `${value}`
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  return ''
}

function stringify(object, separator, equals, options) {
  separator ||= '&'
  equals ||= '='
  const encode = typeof options?.encodeURIComponent === 'function' ? options.encodeURIComponent : qs.escape
  if (object === null || typeof object !== 'object') return ''
  const fields = []
  const put = (value) => encode(primitive(value))
  for (const key of Object.keys(object)) {
    const value = object[key]
    const name = encode(primitive(key)) + equals
    if (Array.isArray(value)) for (const one of value) fields.push(name + put(one))
    else fields.push(name + put(value))
  }
  return fields.join(separator)
}

function parse(text, separator, equals, options) {
  const object = { __proto__: null }
  if (typeof text !== 'string' || text.length === 0) return object
  separator = separator ? `${separator}` : '&'
  equals = equals ? `${equals}` : '='
  let most = 1000
  if (typeof options?.maxKeys === 'number') most = options.maxKeys > 0 ? options.maxKeys : Infinity
  const custom = typeof options?.decodeURIComponent === 'function' ? options.decodeURIComponent : undefined
  const decode = custom ?? qs.unescape
  const clean = (part) => {
    const plain = part.replaceAll('+', custom ? '%20' : ' ')
    if (!custom && decode === unescape && !plain.includes('%')) return plain
    try {
      return decode(plain)
    } catch {
      return qs.unescape(plain, true)
    }
  }
  for (const piece of text.split(separator)) {
    if (most-- <= 0) break
    if (piece === '') continue
    const at = piece.indexOf(equals)
    const key = clean(at === -1 ? piece : piece.slice(0, at))
    const value = at === -1 ? '' : clean(piece.slice(at + equals.length))
    const known = object[key]
    if (known === undefined) object[key] = value
    else if (Array.isArray(known)) known.push(value)
    else object[key] = [known, value]
  }
  return object
}

const qs = (module.exports = { unescapeBuffer, unescape, escape, stringify, encode: stringify, parse, decode: parse })
