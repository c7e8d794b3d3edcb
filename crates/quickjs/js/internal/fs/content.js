// Whole files: readFile, writeFile, appendFile.
'use strict'
const { codes, uvException } = require('internal/errors')
const validators = require('internal/validators')
const { check, getPath, getOptions, toFlags, mode, bytes } = require('internal/fs/check')

const isFd = (value) => typeof value === 'number' && value >= 0 && Number.isInteger(value)

// What is left behind an open file's position, as Node has it: from the position on.
function readRest(fd) {
  if (fd === 0) {
    const pieces = []
    let piece
    while ((piece = native.stdin(true)) != null) pieces.push(Buffer.from(piece.buffer))
    return Buffer.concat(pieces)
  }
  const size = check(
    native.fstat(fd, false, (_, bits, __, ___, ____, _____, ______, _______, length) =>
      (bits & 0o170000) === 0o040000 ? -21 : length,
    ),
    'fstat',
  )
  if (size === -21) throw uvException({ errno: -21, syscall: 'read' })
  if (size > 2 ** 31 - 1) throw new codes.ERR_FS_FILE_TOO_LARGE(size)
  const pieces = []
  for (;;) {
    const piece = Buffer.allocUnsafeSlow(Math.min(Math.max(size, 8192), 1 << 22))
    const count = check(native.read(fd, piece, 0, piece.length, -1), 'read')
    if (count === 0) break
    pieces.push(count === piece.length ? piece : piece.subarray(0, count))
  }
  return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
}

exports.readFile = (path, options) => {
  options = getOptions(options, { flag: 'r' })
  const { encoding } = options
  if (isFd(path)) {
    return () => {
      const buffer = readRest(path)
      return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer
    }
  }
  path = getPath(path)
  const flags = toFlags(options.flag ?? 'r')
  return () => {
    if (encoding === 'utf8' || encoding === 'utf-8') {
      const text = native.readText(path, flags)
      if (typeof text === 'string') return text
      return failed(text, path)
    }
    const content = native.readFile(path, flags)
    if (typeof content === 'number') return failed(content, path)
    const buffer = Buffer.from(content)
    return encoding && encoding !== 'buffer' ? buffer.toString(encoding) : buffer
  }
}
function failed(errno, path) {
  if (errno === -27) {
    const size = native.stat(path, true, false, (...all) => all[8])
    if (size > 2 ** 31 - 1) throw new codes.ERR_FS_FILE_TOO_LARGE(size)
    throw new codes.ERR_STRING_TOO_LONG((0x1fffffe8).toString(16))
  }
  if (errno === -21) throw uvException({ errno, syscall: 'read' })
  throw uvException({ errno, syscall: 'open', path })
}

function toData(data, encoding) {
  if (ArrayBuffer.isView(data)) return bytes(data)
  if (typeof data !== 'string')
    throw new codes.ERR_INVALID_ARG_TYPE('data', ['string', 'Buffer', 'TypedArray', 'DataView'], data)
  if (!encoding || encoding === 'utf8' || encoding === 'utf-8') return data
  return Buffer.from(data, encoding)
}
exports.toData = toData

exports.writeAll = function writeAll(fd, data) {
  const view = typeof data === 'string' ? Buffer.from(data) : data
  if (fd === 1 || fd === 2) return void check(native.print(fd, view), 'write')
  let at = 0
  while (at < view.byteLength) at += check(native.write(fd, view, at, view.byteLength - at, -1), 'write')
  return undefined
}

exports.writeFile = (path, data, options) => {
  options = getOptions(options, { encoding: 'utf8', mode: 0o666, flag: 'w', flush: false })
  const flush = options.flush ?? false
  validators.validateBoolean(flush, 'options.flush')
  const content = toData(data, options.encoding)
  if (isFd(path)) {
    return () => {
      exports.writeAll(path, content)
      if (flush) check(native.fsync(path, false), 'fsync')
    }
  }
  path = getPath(path)
  const flags = toFlags(options.flag ?? 'w', 'flag')
  const permissions = mode(options.mode, 0o666)
  return () => {
    if (!flush) {
      check(native.writeFile(path, content, flags, permissions), 'open', path)
      return
    }
    const fs = require('fs')
    const fd = fs.openSync(path, flags, permissions)
    try {
      exports.writeAll(fd, content)
      fs.fsyncSync(fd)
    } finally {
      fs.closeSync(fd)
    }
  }
}
exports.appendFile = (path, data, options) => {
  options = { ...getOptions(options, { encoding: 'utf8', mode: 0o666, flag: 'a' }) }
  if (!options.flag || isFd(path)) options.flag = 'a'
  return exports.writeFile(path, data, options)
}
exports.exists = (path) => {
  try {
    return native.access(getPath(path), 0) === 0
  } catch {
    return false
  }
}
