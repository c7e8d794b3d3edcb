// FileHandle.
'use strict'
const EventEmitter = require('events')
const { codes, AbortError } = require('internal/errors')
const validators = require('internal/validators')
const loop = require('internal/loop')
const ops = require('internal/fs/operations')
const content = require('internal/fs/content')
const { position, range, getOptions } = require('internal/fs/check')

// What an operation will have answered, in a later turn.
exports.promise = (work) =>
  new Promise((resolve, reject) => {
    loop.later(() => {
      try {
        resolve(work())
      } catch (error) {
        if (typeof error?.stack === 'string' && error.syscall && Error.captureStackTrace) {
          // The stack of the loop says nothing to whoever waits.
          error.stack = `Error: ${error.message}`
        }
        reject(error)
      }
    })
  })
const { promise } = exports

// Handles that nobody can close any more.
const forgotten = new FinalizationRegistry((fd) => {
  native.close(fd)
  process.emitWarning(`Closing file descriptor ${fd} on garbage collection`)
  warnOfForgotten()
})
let hasWarned = false
function warnOfForgotten() {
  if (!hasWarned)
    process.emitWarning(
      'Closing a FileHandle object on garbage collection is deprecated. Please close FileHandle objects explicitly using FileHandle.prototype.close(). In the future, an error will be thrown if a file descriptor is closed during garbage collection.',
      'DeprecationWarning',
      'DEP0137',
    )
  hasWarned = true
}

exports.open = async function open(path, flags, mode) {
  return new FileHandle(await promise(ops.open(path, flags, mode)))
}

class FileHandle extends EventEmitter {
  #fd
  // What its entry among the forgotten is found by.
  #entry = {}
  #closing
  #pending = 0
  #waiting
  #locked = false
  constructor(fd) {
    super()
    this.#fd = fd ?? -1
    if (this.#fd !== -1) forgotten.register(this, this.#fd, this.#entry)
  }
  get fd() {
    return this.#fd
  }
  getAsyncId() {
    return 1
  }
  async #use(syscall, make) {
    if (this.#fd === -1) {
      const error = new Error('file closed')
      Object.assign(error, { code: 'EBADF', syscall })
      throw error
    }
    const work = make(this.#fd)
    this.#pending++
    try {
      return await promise(work)
    } finally {
      if (--this.#pending === 0 && this.#waiting) this.#waiting()
    }
  }
  appendFile(data, options) {
    return this.writeFile(data, options, 'appendFile')
  }
  chmod(mode) {
    return this.#use('fchmod', (fd) => ops.fchmod(fd, mode))
  }
  chown(uid, gid) {
    return this.#use('fchown', (fd) => ops.fchown(fd, uid, gid))
  }
  datasync() {
    return this.#use('fdatasync', (fd) => ops.fdatasync(fd))
  }
  sync() {
    return this.#use('fsync', (fd) => ops.fsync(fd))
  }
  stat(options) {
    return this.#use('fstat', (fd) => ops.fstat(fd, options))
  }
  truncate(length = 0) {
    return this.#use('ftruncate', (fd) => ops.ftruncate(fd, length))
  }
  utimes(atime, mtime) {
    return this.#use('futimes', (fd) => ops.futimes(fd, atime, mtime))
  }
  async readv(buffers, at) {
    return { bytesRead: await this.#use('readv', (fd) => ops.readv(fd, buffers, at)), buffers }
  }
  async writev(buffers, at) {
    return { bytesWritten: await this.#use('writev', (fd) => ops.writev(fd, buffers, at)), buffers }
  }

  async read(buffer, offset, length, at) {
    if (!ArrayBuffer.isView(buffer)) {
      if (buffer !== undefined) validators.validateObject(buffer, 'options', 1)
      ;({
        buffer = Buffer.alloc(16384),
        offset = 0,
        length = buffer.byteLength - offset,
        position: at = null,
      } = buffer ?? {})
    } else if (offset !== null && typeof offset === 'object') {
      ;({ offset = 0, length = buffer.byteLength - offset, position: at = null } = offset)
    }
    validators.validateBuffer(buffer)
    if (offset == null) offset = 0
    else validators.validateInteger(offset, 'offset', 0)
    length ??= buffer.byteLength - offset
    length |= 0
    if (length === 0) return { bytesRead: 0, buffer }
    if (buffer.byteLength === 0)
      throw new codes.ERR_INVALID_ARG_VALUE('buffer', buffer, 'is empty and cannot be written')
    range(buffer, offset, length)
    const where = position(at)
    return { bytesRead: await this.#use('read', (fd) => ops.read(fd, buffer, offset, length, where)), buffer }
  }
  async write(buffer, offset, length, at) {
    if (buffer?.byteLength === 0) return { bytesWritten: 0, buffer }
    if (ArrayBuffer.isView(buffer)) {
      if (offset !== null && typeof offset === 'object')
        ({ offset = 0, length = buffer.byteLength - offset, position: at = null } = offset)
      if (offset == null) offset = 0
      else validators.validateInteger(offset, 'offset', 0)
      if (typeof length !== 'number') length = buffer.byteLength - offset
      range(buffer, offset, length)
      const where = typeof at === 'number' ? at : -1
      return { bytesWritten: await this.#use('write', (fd) => ops.write(fd, buffer, offset, length, where)), buffer }
    }
    validators.validateString(buffer, 'buffer')
    validators.validateEncoding(buffer, length)
    const data = Buffer.from(buffer, length)
    return {
      bytesWritten: await this.#use('write', (fd) =>
        ops.write(fd, data, 0, data.length, typeof offset === 'number' ? offset : -1),
      ),
      buffer,
    }
  }
  async readFile(options) {
    options = getOptions(options, { flag: 'r' })
    if (options.signal?.aborted) throw new AbortError(undefined, { cause: options.signal.reason })
    const value = await this.#use('fstat', (fd) => content.readFile(fd, options))
    if (options.signal?.aborted) throw new AbortError(undefined, { cause: options.signal.reason })
    return value
  }
  async writeFile(data, options) {
    options = getOptions(options, { encoding: 'utf8' })
    const { signal } = options
    const check = () => {
      if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
    }
    check()
    const several =
      data !== null &&
      typeof data === 'object' &&
      !ArrayBuffer.isView(data) &&
      (data[Symbol.asyncIterator] || data[Symbol.iterator])
    const write = (piece) =>
      this.#use('write', (fd) => {
        const work = content.writeFile(fd, piece, options)
        return () => {
          check()
          return work()
        }
      })
    if (!several) return write(data)
    for await (const piece of data) {
      check()
      await write(piece)
      check()
    }
    return undefined
  }
  close() {
    if (this.#fd === -1 && !this.#closing) return Promise.resolve()
    if (this.#closing) return this.#closing
    const fd = this.#fd
    forgotten.unregister(this.#entry)
    this.#closing = (async () => {
      if (this.#pending > 0) await new Promise((done) => (this.#waiting = done))
      this.#fd = -1
      this.emit('close')
      await promise(ops.close(fd))
    })().finally(() => (this.#closing = undefined))
    if (this.#pending === 0) this.#fd = -1
    return this.#closing
  }
  async [Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose')]() {
    return this.close()
  }
  createReadStream(options) {
    return new (require('fs').ReadStream)(undefined, { ...options, fd: this })
  }
  createWriteStream(options) {
    return new (require('fs').WriteStream)(undefined, { ...options, fd: this })
  }
  readLines(options) {
    return require('readline').createInterface({ input: this.createReadStream(options), crlfDelay: Infinity })
  }
  readableWebStream(options = {}) {
    if (this.#fd === -1) throw new codes.ERR_INVALID_STATE('The FileHandle is closed')
    if (this.#locked) throw new codes.ERR_INVALID_STATE('The FileHandle is locked')
    this.#locked = true
    const handle = this
    return new ReadableStream({
      type: options.type,
      async pull(controller) {
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(65536))
        if (bytesRead === 0) {
          controller.close()
          return
        }
        controller.enqueue(new Uint8Array(buffer.buffer, buffer.byteOffset, bytesRead))
      },
    })
  }
}
exports.FileHandle = FileHandle
