// Checks of what `fs` is called with.
'use strict'
const { codes, uvException } = require('internal/errors')
const validators = require('internal/validators')
const c = require('internal/fs/constants')

// The result of a native call, or its error.
exports.check = function check(result, syscall, path, dest) {
  if (typeof result === 'number' && result < 0) throw uvException({ errno: result, syscall, path, dest })
  return result
}

function nullCheck(path, name) {
  if (typeof path === 'string' ? path.includes('\u0000') : path.includes(0)) {
    throw new codes.ERR_INVALID_ARG_VALUE(name, path, 'must be a string, Uint8Array, or URL without null bytes')
  }
}

// A path as text or bytes. URLs of files are paths, too.
exports.getPath = function getPath(path, name = 'path') {
  if (typeof path === 'string') {
    if (path.includes('\u0000')) nullCheck(path, name)
    return path
  }
  if (
    path !== null &&
    typeof path === 'object' &&
    path.href &&
    path.protocol &&
    path.auth === undefined &&
    path.path === undefined
  ) {
    const text = require('url').fileURLToPath(path)
    nullCheck(text, name)
    return text
  }
  if (!(path instanceof Uint8Array)) throw new codes.ERR_INVALID_ARG_TYPE(name, ['string', 'Buffer', 'URL'], path)
  nullCheck(path, name)
  return path
}

exports.getFd = function getFd(fd, name = 'fd') {
  if (Object.is(fd, -0)) return 0
  validators.validateInt32(fd, name, 0)
  return fd
}

const FLAGS = {
  r: c.O_RDONLY,
  rs: c.O_RDONLY | c.O_SYNC,
  sr: c.O_RDONLY | c.O_SYNC,
  'r+': c.O_RDWR,
  'rs+': c.O_RDWR | c.O_SYNC,
  'sr+': c.O_RDWR | c.O_SYNC,
  w: c.O_TRUNC | c.O_CREAT | c.O_WRONLY,
  wx: c.O_TRUNC | c.O_CREAT | c.O_WRONLY | c.O_EXCL,
  'w+': c.O_TRUNC | c.O_CREAT | c.O_RDWR,
  'wx+': c.O_TRUNC | c.O_CREAT | c.O_RDWR | c.O_EXCL,
  a: c.O_APPEND | c.O_CREAT | c.O_WRONLY,
  ax: c.O_APPEND | c.O_CREAT | c.O_WRONLY | c.O_EXCL,
  as: c.O_APPEND | c.O_CREAT | c.O_WRONLY | c.O_SYNC,
  'a+': c.O_APPEND | c.O_CREAT | c.O_RDWR,
  'ax+': c.O_APPEND | c.O_CREAT | c.O_RDWR | c.O_EXCL,
  'as+': c.O_APPEND | c.O_CREAT | c.O_RDWR | c.O_SYNC,
}
Object.assign(FLAGS, {
  xw: FLAGS.wx,
  'xw+': FLAGS['wx+'],
  xa: FLAGS.ax,
  'xa+': FLAGS['ax+'],
  sa: FLAGS.as,
  'sa+': FLAGS['as+'],
})
exports.toFlags = function toFlags(flags, name = 'flags') {
  if (typeof flags === 'number') {
    validators.validateInt32(flags, name)
    return flags
  }
  if (flags == null) return c.O_RDONLY
  if (Object.hasOwn(FLAGS, flags)) return FLAGS[flags]
  throw new codes.ERR_INVALID_ARG_VALUE(name, flags)
}

exports.getOptions = function getOptions(options, defaults = {}) {
  if (options == null || typeof options === 'function') return defaults
  if (typeof options === 'string') options = { ...defaults, encoding: options }
  else if (typeof options !== 'object') throw new codes.ERR_INVALID_ARG_TYPE('options', ['string', 'Object'], options)
  if (options.encoding !== 'buffer') exports.checkEncoding(options.encoding)
  if (options.signal !== undefined) validators.validateAbortSignal(options.signal, 'options.signal')
  return options
}
exports.checkEncoding = (encoding) => {
  if (encoding && !Buffer.isEncoding(encoding))
    throw new codes.ERR_INVALID_ARG_VALUE('encoding', encoding, 'is invalid encoding')
}

exports.mode = (value, fallback, name = 'mode') => validators.parseFileMode(value, name, fallback)

exports.accessMode = (mode) => {
  if (mode === undefined) return c.F_OK
  validators.validateInteger(mode, 'mode', 0, 7)
  return mode
}
exports.copyMode = (mode) => {
  if (mode == null) return 0
  validators.validateInteger(mode, 'mode', 0, 7)
  return mode
}

// A moment in seconds.
exports.toUnixTimestamp = function toUnixTimestamp(time, name = 'time') {
  if (typeof time === 'string' && +time == time) return +time
  if (Number.isFinite(time)) return time
  if (require('util').types.isDate(time)) return time.getTime() / 1000
  throw new codes.ERR_INVALID_ARG_TYPE(name, ['Date', 'Time in seconds'], time)
}

exports.position = (value) => {
  if (value === undefined || value === null) return -1
  if (typeof value === 'bigint') {
    if (value < -1n || value > 2n ** 63n - 1n)
      throw new codes.ERR_OUT_OF_RANGE('position', `>= -1 && <= ${2n ** 63n - 1n}`, value)
    return Math.min(Number(value), 2 ** 63 - 2 ** 20)
  }
  validators.validateInteger(value, 'position', -1)
  return value
}

// Where in a buffer, and how much.
exports.range = (buffer, offset, length) => {
  if (offset < 0) throw new codes.ERR_OUT_OF_RANGE('offset', '>= 0', offset)
  if (offset > buffer.byteLength) throw new codes.ERR_OUT_OF_RANGE('offset', `<= ${buffer.byteLength}`, offset)
  if (length < 0) throw new codes.ERR_OUT_OF_RANGE('length', '>= 0', length)
  if (length > buffer.byteLength - offset)
    throw new codes.ERR_OUT_OF_RANGE('length', `<= ${buffer.byteLength - offset}`, length)
}
exports.bytes = (view) =>
  view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength)

exports.vectors = (value) => {
  if (!Array.isArray(value)) throw new codes.ERR_INVALID_ARG_TYPE('buffers', 'ArrayBufferView[]', value)
  for (const one of value)
    if (!ArrayBuffer.isView(one)) throw new codes.ERR_INVALID_ARG_TYPE('buffers', 'ArrayBufferView[]', value)
  return value
}

// Bytes that the native side gave, in the encoding that was asked for.
exports.encoded = (value, encoding) => {
  if (typeof value === 'string') return value
  const buffer = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  return encoding === 'buffer' ? buffer : buffer.toString(encoding)
}
exports.wantsBytes = (encoding) => !!encoding && encoding !== 'utf8' && encoding !== 'utf-8'
