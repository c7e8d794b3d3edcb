// Dir: a directory that is read piece by piece.
'use strict'
const { codes } = require('internal/errors')
const validators = require('internal/validators')
const { check, getPath, getOptions, encoded, wantsBytes } = require('internal/fs/check')
const { Dirent } = require('internal/fs/stats')
const loop = require('internal/loop')

class Dir {
  #path
  #entries
  #at = 0
  #closed = false
  #encoding
  #busy = 0
  constructor(path, entries, options) {
    if (path === undefined) throw new codes.ERR_MISSING_ARGS('handle')
    this.#path = path
    this.#entries = entries
    this.#encoding = options.encoding
  }
  get path() {
    return this.#path
  }
  #next() {
    if (this.#at >= this.#entries.length) return null
    if (this.#entries[this.#at] instanceof Dirent) return this.#entries[this.#at++]
    const entry = new Dirent(encoded(this.#entries[this.#at], this.#encoding), this.#entries[this.#at + 1], this.#path)
    this.#at += 2
    return entry
  }
  #later(work, callback) {
    this.#busy++
    loop.later(() => {
      this.#busy--
      let value
      try {
        value = work()
      } catch (error) {
        callback(error)
        return
      }
      callback(null, value)
    })
  }
  read(callback) {
    if (callback === undefined) return this.#promise((done) => this.read(done))
    validators.validateFunction(callback, 'callback')
    if (this.#closed) throw new codes.ERR_DIR_CLOSED()
    this.#later(() => this.#next(), callback)
    return undefined
  }
  #promise(begin) {
    return new Promise((resolve, reject) => begin((error, value) => (error ? reject(error) : resolve(value))))
  }
  readSync() {
    if (this.#closed) throw new codes.ERR_DIR_CLOSED()
    if (this.#busy > 0) throw new codes.ERR_DIR_CONCURRENT_OPERATION()
    return this.#next()
  }
  close(callback) {
    if (callback === undefined) {
      if (this.#closed) return Promise.reject(new codes.ERR_DIR_CLOSED())
      return this.#promise((done) => this.close(done))
    }
    validators.validateFunction(callback, 'callback')
    if (this.#closed) {
      process.nextTick(callback, new codes.ERR_DIR_CLOSED())
      return undefined
    }
    this.#closed = true
    this.#later(
      () => undefined,
      (error) => callback(error),
    )
    return undefined
  }
  closeSync() {
    if (this.#closed) throw new codes.ERR_DIR_CLOSED()
    if (this.#busy > 0) throw new codes.ERR_DIR_CONCURRENT_OPERATION()
    this.#closed = true
  }
  // Not a generator: where a loop ends by an error, the engine does not wait for one to end.
  entries() {
    const dir = this
    const end = (value) => {
      dir.#closed = true
      return { value, done: true }
    }
    return {
      __proto__: ASYNC_ITERATOR,
      async next() {
        if (dir.#closed) return end()
        const value = await dir.read()
        return value === null ? end() : { value, done: false }
      },
      async return(value) {
        return end(value)
      },
    }
  }
}
const ASYNC_ITERATOR = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype)
Object.defineProperty(Dir.prototype, Symbol.asyncIterator, {
  value: Dir.prototype.entries,
  enumerable: false,
  writable: true,
  configurable: true,
})
exports.Dir = Dir

exports.opendir = (path, options) => {
  path = getPath(path)
  options = getOptions(options, { encoding: 'utf8' })
  if (options.bufferSize !== undefined) validators.validateUint32(options.bufferSize, 'options.bufferSize', true)
  const { encoding, recursive } = options
  return () => {
    const entries = check(native.readdir(path, wantsBytes(encoding)), 'opendir', path)
    const text = typeof path === 'string' ? path : Buffer.from(path).toString()
    if (!recursive) return new Dir(text, entries, options)
    // All that is below it, as entries.
    return new Dir(text, require('fs').readdirSync(path, { ...options, withFileTypes: true, recursive: true }), options)
  }
}
