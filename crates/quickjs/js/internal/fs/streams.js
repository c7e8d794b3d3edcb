// ReadStream and WriteStream.
'use strict'
const { Readable, Writable, finished } = require('stream')
const { codes } = require('internal/errors')
const validators = require('internal/validators')
const { getPath, getOptions } = require('internal/fs/check')
const { FileHandle } = require('internal/fs/handle')
const { deprecate } = require('internal/util')

// The calls of a FileHandle as those of `fs`.
function handleCalls(handle) {
  const call = (promise, callback, spread) =>
    promise.then((value) => callback(null, ...(spread ? spread(value) : [])), callback)
  return {
    read: (fd, buffer, offset, length, position, done) =>
      call(handle.read(buffer, offset, length, position), done, (r) => [r.bytesRead, r.buffer]),
    write: (fd, buffer, offset, length, position, done) =>
      call(handle.write(buffer, offset, length, position), done, (r) => [r.bytesWritten, r.buffer]),
    writev: (fd, buffers, position, done) =>
      call(handle.writev(buffers, position), done, (r) => [r.bytesWritten, r.buffers]),
    close: (fd, done) => call(handle.close(), done),
    fsync: (fd, done) => call(handle.sync(), done),
  }
}

function begin(stream, path, options, names) {
  stream.fd = options.fd === undefined ? null : options.fd
  stream.path = options.fd != null && path == null ? undefined : getPath(path)
  let fs = options.fs ?? require('fs')
  if (options.fs) {
    validators.validateObject(options.fs, 'options.fs')
    for (const name of names) validators.validateFunction(fs[name], `options.fs.${name}`)
  }
  if (stream.fd instanceof FileHandle) {
    if (options.fs) throw new codes.ERR_METHOD_NOT_IMPLEMENTED('FileHandle with fs')
    const handle = stream.fd
    fs = handleCalls(handle)
    Object.defineProperty(stream, 'fileHandle', { value: handle, enumerable: false })
    stream.fd = handle.fd
    handle.on('close', () => stream.close())
  } else if (stream.fd !== null && typeof stream.fd !== 'number') {
    throw new codes.ERR_INVALID_ARG_TYPE('options.fd', ['number', 'FileHandle'], stream.fd)
  } else if (typeof stream.fd === 'number') require('internal/fs/check').getFd(stream.fd, 'fd')
  Object.defineProperty(stream, 'calls', { value: fs, writable: true, enumerable: false })
  if (options.signal) validators.validateAbortSignal(options.signal, 'options.signal')
}

function construct(callback) {
  const stream = this
  if (typeof stream.fd === 'number') {
    callback()
    return
  }
  if (!openers.includes(stream.open) && typeof stream.open === 'function') {
    // An `open` of somebody's own.
    const { emit } = stream
    stream.emit = function (...args) {
      if (args[0] === 'open') {
        this.emit = emit
        callback()
        Reflect.apply(emit, this, args)
      } else if (args[0] === 'error') {
        this.emit = emit
        callback(args[1])
      } else Reflect.apply(emit, this, args)
    }
    stream.open()
    return
  }
  stream.calls.open(stream.path, stream.flags, stream.mode, (error, fd) => {
    if (error) {
      callback(error)
      return
    }
    stream.fd = fd
    callback()
    process.nextTick(() => {
      stream.emit('open', fd)
      stream.emit('ready')
    })
  })
}
// What is replaced by those who open files their own way.
const openers = ['ReadStream', 'WriteStream'].map((name) =>
  deprecate(function open() {}, `${name}.prototype.open() is deprecated`, 'DEP0135'),
)
// Options of an object and of those that it inherits from.
function optionsOf(given) {
  const options = {}
  for (const key in getOptions(given, {})) options[key] = given[key]
  return typeof given === 'string' ? { encoding: given } : options
}

function close(stream, error, callback) {
  if (typeof stream.fd !== 'number') {
    callback(error)
    return
  }
  const { fd } = stream
  const done = (again) => callback(again ?? error)
  const end = () => {
    stream.calls.close(fd, done)
    stream.fd = null
  }
  if (stream.flush && !error) stream.calls.fsync(fd, (failed) => (failed ? callback(failed) : end()))
  else end()
}

function ReadStream(path, options) {
  if (!(this instanceof ReadStream)) return new ReadStream(path, options)
  options = optionsOf(options)
  options.highWaterMark ??= 64 * 1024
  options.autoDestroy ??= true
  if (options.autoClose !== undefined) options.autoDestroy = options.autoClose
  this.flags = options.flags ?? 'r'
  this.mode = options.mode ?? 0o666
  begin(this, path, options, ['open', 'read', 'close'])
  this.start = options.start
  this.end = options.end ?? Infinity
  this.pos = undefined
  this.bytesRead = 0
  if (this.start !== undefined) {
    validators.validateInteger(this.start, 'start', 0)
    this.pos = this.start
  }
  if (this.end !== Infinity) {
    validators.validateInteger(this.end, 'end', 0)
    if (this.start !== undefined && this.start > this.end)
      throw new codes.ERR_OUT_OF_RANGE('start', `<= "end" (here: ${this.end})`, this.start)
  }
  Reflect.apply(Readable, this, [
    { ...options, construct: undefined, read: undefined, destroy: undefined, fs: undefined },
  ])
  if (options.encoding) this.setEncoding(options.encoding)
}
Object.setPrototypeOf(ReadStream.prototype, Readable.prototype)
Object.setPrototypeOf(ReadStream, Readable)
ReadStream.prototype.open = openers[0]
ReadStream.prototype._construct = construct
Object.defineProperty(ReadStream.prototype, 'autoClose', {
  get() {
    return this._readableState.autoDestroy
  },
  set(value) {
    this._readableState.autoDestroy = value
  },
})
Object.defineProperty(ReadStream.prototype, 'pending', {
  configurable: true,
  get() {
    return this.fd === null
  },
})
ReadStream.prototype._read = function (n) {
  n = this.pos !== undefined ? Math.min(this.end - this.pos + 1, n) : Math.min(this.end - this.bytesRead + 1, n)
  if (n <= 0) {
    this.push(null)
    return
  }
  const buffer = Buffer.allocUnsafeSlow(n)
  this.calls.read(this.fd, buffer, 0, n, this.pos ?? null, (error, count) => {
    if (error) {
      require('internal/streams').fail(this, error)
      return
    }
    if (count > 0) {
      if (this.pos !== undefined) this.pos += count
      this.bytesRead += count
      this.push(count === buffer.length ? buffer : Buffer.from(buffer.subarray(0, count)))
    } else this.push(null)
  })
}
ReadStream.prototype._destroy = function (error, callback) {
  close(this, error, callback)
}
ReadStream.prototype.close = function (callback) {
  if (typeof callback === 'function') finished(this, callback)
  this.destroy()
}

function WriteStream(path, options) {
  if (!(this instanceof WriteStream)) return new WriteStream(path, options)
  options = optionsOf(options)
  options.decodeStrings = true
  if (options.autoClose !== undefined) options.autoDestroy = options.autoClose
  this.flags = options.flags ?? 'w'
  this.mode = options.mode ?? 0o666
  this.flush = options.flush ?? false
  if (options.flush != null) validators.validateBoolean(options.flush, 'options.flush')
  const writes = options.fs && (options.fs.write || !options.fs.writev) ? ['write'] : []
  if (options.fs?.writev) writes.push('writev')
  begin(this, path, options, ['open', ...writes, 'close'])
  this.start = options.start
  this.pos = undefined
  this.bytesWritten = 0
  if (this.start !== undefined) {
    validators.validateInteger(this.start, 'start', 0)
    this.pos = this.start
  }
  Reflect.apply(Writable, this, [
    { ...options, construct: undefined, write: undefined, destroy: undefined, fs: undefined },
  ])
  if (options.encoding) this.setDefaultEncoding(options.encoding)
  if (options.fs && !options.fs.writev) this._writev = null
}
Object.setPrototypeOf(WriteStream.prototype, Writable.prototype)
Object.setPrototypeOf(WriteStream, Writable)
WriteStream.prototype.open = openers[1]
WriteStream.prototype._construct = construct
Object.defineProperty(WriteStream.prototype, 'autoClose', {
  get() {
    return this._writableState.autoDestroy
  },
  set(value) {
    this._writableState.autoDestroy = value
  },
})
Object.defineProperty(WriteStream.prototype, 'pending', {
  configurable: true,
  get() {
    return this.fd === null
  },
})

WriteStream.prototype._write = function (data, encoding, callback) {
  const stream = this
  let at = 0
  ;(function more() {
    const left = data.length - at
    stream.calls.write(stream.fd, data, at, left, stream.pos === undefined ? null : stream.pos, (error, count) => {
      if (error?.code === 'EAGAIN') [error, count] = [null, 0]
      if (error || stream.destroyed) {
        callback(error ?? null)
        return
      }
      stream.bytesWritten += count
      if (stream.pos !== undefined) stream.pos += count
      at += count
      if (at >= data.length) callback(null)
      else more()
    })
  })()
}
WriteStream.prototype._writev = function (data, callback) {
  const buffers = data.map(({ chunk }) => chunk)
  const length = buffers.reduce((sum, one) => sum + one.length, 0)
  this.calls.writev(this.fd, buffers, this.pos === undefined ? null : this.pos, (error, count) => {
    if (error) {
      callback(error)
      return
    }
    if (count !== length) {
      const rest = Buffer.concat(buffers).subarray(count)
      this.bytesWritten += count
      if (this.pos !== undefined) this.pos += count
      this._write(rest, 'buffer', callback)
      return
    }
    this.bytesWritten += count
    if (this.pos !== undefined) this.pos += count
    callback(null)
  })
}
WriteStream.prototype._destroy = function (error, callback) {
  close(this, error, callback)
}
WriteStream.prototype.close = function (callback) {
  if (callback) {
    if (this.closed) {
      process.nextTick(callback)
      return
    }
    this.on('close', callback)
  }
  if (!this.autoClose) this.on('finish', this.destroy)
  this.end()
}
WriteStream.prototype.destroySoon = WriteStream.prototype.end

module.exports = {
  ReadStream,
  WriteStream,
  createReadStream: function createReadStream(path, options) {
    return new ReadStream(path, options)
  },
  createWriteStream: function createWriteStream(path, options) {
    return new WriteStream(path, options)
  },
}
