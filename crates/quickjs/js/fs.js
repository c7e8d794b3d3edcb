// `fs`: every operation at once, and with a callback.
'use strict'
const { codes } = require('internal/errors')
const validators = require('internal/validators')
const { promisify, customPromisifyArgs, defineLazily } = require('internal/util')
const loop = require('internal/loop')
const ops = require('internal/fs/operations')
const content = require('internal/fs/content')
const { getPath, getFd, getOptions, position, range, toUnixTimestamp } = require('internal/fs/check')
const stats = require('internal/fs/stats')
const constants = require('internal/fs/constants')

const fs = module.exports
const all = { ...ops, readFile: content.readFile, writeFile: content.writeFile, appendFile: content.appendFile }

function makeCallback(callback) {
  validators.validateFunction(callback, 'cb')
  return callback
}

// Runs an operation in a later turn.
function later(work, callback, spread) {
  loop.later(() => {
    let value
    try {
      value = work()
    } catch (error) {
      callback(error)
      return
    }
    if (spread !== undefined) callback(null, ...spread(value))
    else if (value === undefined) callback(null)
    else callback(null, value)
  })
}

// How many arguments there are before the callback.
const LENGTHS = {
  access: 2,
  stat: 2,
  lstat: 2,
  fstat: 2,
  statfs: 2,
  open: 3,
  close: 1,
  fsync: 1,
  fdatasync: 1,
  ftruncate: 2,
  truncate: 2,
  mkdir: 2,
  mkdtemp: 2,
  rmdir: 2,
  rm: 2,
  unlink: 1,
  rename: 2,
  link: 2,
  symlink: 3,
  readlink: 2,
  realpath: 2,
  chmod: 2,
  fchmod: 2,
  chown: 3,
  lchown: 3,
  fchown: 3,
  utimes: 3,
  lutimes: 3,
  futimes: 3,
  copyFile: 3,
  cp: 3,
  readdir: 2,
  opendir: 2,
  readFile: 2,
  writeFile: 3,
  appendFile: 3,
  glob: 2,
}
for (const [name, length] of Object.entries(LENGTHS)) {
  const prepare = all[name]
  const sync = { [`${name}Sync`]: (...args) => prepare(...args)() }[`${name}Sync`]
  Object.defineProperty(sync, 'length', { value: length })
  fs[`${name}Sync`] = sync
  const asynchronous = {
    [name](...args) {
      let callback = args[length]
      let own = args.slice(0, length)
      if (callback === undefined) {
        const at = args.findIndex((arg, index) => typeof arg === 'function' && index > 0)
        if (at !== -1) {
          callback = args[at]
          own = args.slice(0, at)
        } else callback = args.at(-1) !== undefined && args.length > length ? args.at(-1) : undefined
      }
      if (name === 'close' && args.length === 1) callback = () => {}
      if (name === 'opendir') validators.validateFunction(callback, 'callback')
      const work = prepare(...own)
      makeCallback(callback)
      later(work, callback)
    },
  }[name]
  Object.defineProperty(asynchronous, 'length', { value: length + 1 })
  fs[name] = asynchronous
}

fs.truncateSync = function truncateSync(path, length) {
  if (typeof path === 'number') return ops.truncate(path, length ?? undefined)()
  const fd = fs.openSync(path, 'r+')
  try {
    return ops.ftruncate(fd, length ?? undefined)()
  } finally {
    fs.closeSync(fd)
  }
}

// Those that are called all the time, without a detour.
const makeStats = stats.makeStats
const quick = (syscall, follow) =>
  function (path, options = undefined) {
    if (typeof path !== 'string' || path.includes('\u0000')) path = getPath(path)
    const big = options !== undefined && options !== null && !!options.bigint
    const result = native.stat(path, follow, big, big ? stats.makeBigIntStats : makeStats)
    if (typeof result !== 'number') return result
    if (result === -2 && options?.throwIfNoEntry === false) return undefined
    throw require('internal/errors').uvException({ errno: result, syscall, path })
  }
fs.statSync = quick('stat', true)
fs.lstatSync = quick('lstat', false)
Object.defineProperty(fs.statSync, 'name', { value: 'statSync' })
Object.defineProperty(fs.lstatSync, 'name', { value: 'lstatSync' })

fs.existsSync = content.exists
fs.exists = function exists(path, callback) {
  validators.validateFunction(callback, 'cb')
  let found
  try {
    getPath(path)
  } catch {
    return loop.later(() => callback(false))
  }
  return loop.later(() => callback((found = content.exists(path))))
}
Object.defineProperty(fs.exists, promisify.custom, {
  value: { exists: (path) => new Promise((resolve) => fs.exists(path, resolve)) }.exists,
})
fs.realpathSync.native = (path, options) => ops.realpathNative(path, options)()
fs.realpath.native = (path, options, callback) => {
  callback = makeCallback(callback ?? options)
  later(ops.realpathNative(path, typeof options === 'function' ? undefined : options), callback)
}
fs.lchmod = undefined
fs.lchmodSync = undefined
fs.cp = function cp(from, to, options, callback) {
  if (typeof options === 'function') {
    callback = options
    options = undefined
  }
  makeCallback(callback)
  const { cpAsync } = require('internal/fs/cp')
  getPath(from, 'src')
  getPath(to, 'dest')
  validators.validateObject(options ?? {}, 'options')
  cpAsync(from, to, options).then(
    () => callback(null),
    (error) => process.nextTick(callback, error),
  )
}

function readArguments(buffer, offset, length, at) {
  if (offset !== null && typeof offset === 'object')
    ({ offset = 0, length = buffer.byteLength - offset, position: at = null } = offset)
  validators.validateBuffer(buffer)
  if (offset == null) offset = 0
  else validators.validateInteger(offset, 'offset', 0)
  if (length === undefined || length === null) length = buffer.byteLength - offset
  length |= 0
  if (length !== 0 && buffer.byteLength === 0)
    throw new codes.ERR_INVALID_ARG_VALUE('buffer', buffer, 'is empty and cannot be written')
  if (length !== 0) range(buffer, offset, length)
  return [offset, length, position(at)]
}

fs.readSync = function readSync(fd, buffer, offset, length, at) {
  fd = getFd(fd)
  validators.validateBuffer(buffer)
  if (arguments.length <= 3 || (offset !== null && typeof offset === 'object')) {
    const options = offset ?? {}
    validators.validateObject(options, 'options')
    ;({ offset = 0, length = buffer.byteLength - offset, position: at = null } = options)
  } else if (offset !== undefined) validators.validateInteger(offset ?? 0, 'offset', 0)
  if (offset === undefined) offset = 0
  ;[offset, length, at] = readArguments(buffer, offset, length, at)
  if (length === 0) return 0
  return ops.read(fd, buffer, offset, length, at)()
}
fs.read = function read(fd, buffer, offsetOrOptions, length, at, callback) {
  fd = getFd(fd)
  let offset = offsetOrOptions
  if (arguments.length <= 4) {
    if (arguments.length === 4) {
      validators.validateObject(offsetOrOptions, 'options', 1)
      callback = length
      ;({ offset = 0, length = buffer?.byteLength - offset, position: at = null } = offsetOrOptions ?? {})
    } else if (arguments.length === 3) {
      callback = offsetOrOptions
      if (buffer === null || (typeof buffer === 'object' && !ArrayBuffer.isView(buffer))) {
        const options = buffer ?? {}
        ;({ buffer = Buffer.alloc(16384) } = options)
        validators.validateBuffer(buffer)
        ;({ offset = 0, length = buffer.byteLength - offset, position: at = null } = options)
      } else {
        offset = 0
        length = buffer?.byteLength
        at = null
      }
    } else {
      callback = buffer
      buffer = Buffer.alloc(16384)
      offset = 0
      length = buffer.byteLength
      at = null
    }
  }
  validators.validateBuffer(buffer)
  makeCallback(callback)
  ;[offset, length, at] = readArguments(buffer, offset, length, at)
  if (length === 0) return process.nextTick(() => callback(null, 0, buffer))
  return later(ops.read(fd, buffer, offset, length, at), (error, count) => callback(error, count ?? 0, buffer))
}
fs.read[customPromisifyArgs] = ['bytesRead', 'buffer']

function writeArguments(buffer, offset, length, at) {
  if (offset !== null && typeof offset === 'object')
    ({ offset = 0, length = buffer.byteLength - offset, position: at = null } = offset)
  if (offset == null || typeof offset === 'function') offset = 0
  else validators.validateInteger(offset, 'offset', 0)
  if (typeof length !== 'number') length = buffer.byteLength - offset
  range(buffer, offset, length)
  return [offset, length, typeof at === 'number' ? at : -1]
}
fs.writeSync = function writeSync(fd, buffer, offset, length, at) {
  fd = getFd(fd)
  if (ArrayBuffer.isView(buffer)) {
    if (at === undefined) at = null
    ;[offset, length, at] = writeArguments(buffer, offset, length, at)
    return ops.write(fd, buffer, offset, length, at)()
  }
  validators.validateString(buffer, 'buffer')
  validators.validateEncoding(buffer, length)
  const data = Buffer.from(buffer, length)
  return ops.write(fd, data, 0, data.length, typeof offset === 'number' ? offset : -1)()
}
fs.write = function write(fd, buffer, offset, length, at, callback) {
  fd = getFd(fd)
  if (ArrayBuffer.isView(buffer)) {
    callback = [callback, at, length, offset].find((one) => typeof one === 'function') ?? callback
    makeCallback(callback)
    ;[offset, length, at] = writeArguments(buffer, offset, length, at)
    return later(ops.write(fd, buffer, offset, length, at), (error, count) => callback(error, count ?? 0, buffer))
  }
  validators.validateString(buffer, 'buffer')
  let encoding = length
  if (typeof at !== 'function') {
    if (typeof offset === 'function') {
      at = offset
      offset = null
    } else if (typeof length === 'function') {
      at = length
    }
    encoding = typeof length === 'string' ? length : 'utf8'
  }
  validators.validateEncoding(buffer, encoding)
  callback = makeCallback(at)
  const data = Buffer.from(buffer, encoding)
  return later(ops.write(fd, data, 0, data.length, typeof offset === 'number' ? offset : -1), (error, count) =>
    callback(error, count ?? 0, buffer),
  )
}
fs.write[customPromisifyArgs] = ['bytesWritten', 'buffer']

for (const [name, field] of [
  ['readv', 'bytesRead'],
  ['writev', 'bytesWritten'],
]) {
  fs[`${name}Sync`] = { [`${name}Sync`]: (fd, buffers, at) => ops[name](fd, buffers, at)() }[`${name}Sync`]
  fs[name] = {
    [name](fd, buffers, at, callback) {
      if (typeof at === 'function') {
        callback = at
        at = null
      }
      getFd(fd)
      const work = ops[name](fd, buffers, at)
      makeCallback(callback)
      later(work, (error, count) => callback(error, count ?? 0, buffers))
    },
  }[name]
  fs[name][customPromisifyArgs] = [field, 'buffers']
}

const readFileLater = fs.readFile
fs.readFile = function readFile(path, options, callback) {
  callback = makeCallback(callback ?? options)
  const { signal } = getOptions(typeof options === 'function' ? undefined : options)
  if (signal?.aborted) return process.nextTick(() => callback(abortError(signal)))
  if (!signal) return readFileLater(path, typeof options === 'function' ? undefined : options, callback)
  return readFileLater(path, options, (error, data) =>
    signal.aborted ? callback(abortError(signal)) : callback(error, data),
  )
}
const abortError = (signal) => new (require('internal/errors').AbortError)(undefined, { cause: signal.reason })
const writeFileLater = fs.writeFile
fs.writeFile = function writeFile(path, data, options, callback) {
  callback = makeCallback(callback ?? options)
  const own = typeof options === 'function' ? undefined : options
  const { signal, flush } = getOptions(own)
  if (flush != null) validators.validateBoolean(flush, 'options.flush')
  if (signal?.aborted) return process.nextTick(() => callback(abortError(signal)))
  if (flush) return flushed(fs.writeFileSync, path, data, own, callback)
  if (!signal) return writeFileLater(path, data, own, callback)
  const work = content.writeFile(path, data, own)
  return loop.later(() => {
    if (signal.aborted) return callback(abortError(signal))
    try {
      work()
    } catch (error) {
      return callback(error)
    }
    return callback(null)
  })
}
// Writes, and ends when it is on the device.
function flushed(write, path, data, options, callback) {
  if (typeof path === 'number') {
    return later(
      () => write(path, data, { ...options, flush: false }),
      (error) => (error ? callback(error) : fs.fsync(path, callback)),
    )
  }
  return fs.open(path, options.flag ?? 'w', options.mode ?? 0o666, (error, fd) => {
    if (error) return callback(error)
    return flushed(write, fd, data, options, (failed) => fs.close(fd, (again) => callback(failed ?? again)))
  })
}
fs.appendFile = function appendFile(path, data, options, callback) {
  callback = makeCallback(callback ?? options)
  const own = { ...getOptions(typeof options === 'function' ? undefined : options) }
  own.flag ||= 'a'
  return fs.writeFile(path, data, own, callback)
}
fs.globSync = (pattern, options) => ops.glob(pattern, options)()

fs.openAsBlob = (path, options = {}) => {
  validators.validateObject(options, 'options')
  const { type = '' } = options
  validators.validateString(type, 'options.type')
  return Promise.resolve(new Blob([fs.readFileSync(path)], { type }))
}
fs._toUnixTimestamp = toUnixTimestamp
fs.Stats = stats.Stats
fs.Dirent = stats.Dirent
fs.constants = constants
for (const name of ['F_OK', 'R_OK', 'W_OK', 'X_OK'])
  Object.defineProperty(fs, name, { enumerable: true, value: constants[name] })
defineLazily(fs, ['Dir'], () => require('internal/fs/dir').Dir)
const STREAMS = [
  'createReadStream',
  'createWriteStream',
  'ReadStream',
  'WriteStream',
  'FileReadStream',
  'FileWriteStream',
]
defineLazily(fs, STREAMS, (name) => require('internal/fs/streams')[name.replace('File', '')])
defineLazily(fs, ['watch', 'watchFile', 'unwatchFile'], (name) => require('internal/fs/watchers')[name])
Object.defineProperty(fs, 'promises', { configurable: true, enumerable: true, get: () => require('fs/promises') })
