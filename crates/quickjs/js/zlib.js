// `zlib`: deflate, gzip, and back. Brotli is not there.
'use strict'
const { Transform } = require('stream')
const { codes } = require('internal/errors')
const { missing } = require('internal/missing')
const validators = require('internal/validators')

const constants = Object.freeze({
  Z_NO_FLUSH: 0,
  Z_PARTIAL_FLUSH: 1,
  Z_SYNC_FLUSH: 2,
  Z_FULL_FLUSH: 3,
  Z_FINISH: 4,
  Z_BLOCK: 5,
  Z_OK: 0,
  Z_STREAM_END: 1,
  Z_NEED_DICT: 2,
  Z_ERRNO: -1,
  Z_STREAM_ERROR: -2,
  Z_DATA_ERROR: -3,
  Z_MEM_ERROR: -4,
  Z_BUF_ERROR: -5,
  Z_VERSION_ERROR: -6,
  Z_NO_COMPRESSION: 0,
  Z_BEST_SPEED: 1,
  Z_BEST_COMPRESSION: 9,
  Z_DEFAULT_COMPRESSION: -1,
  Z_FILTERED: 1,
  Z_HUFFMAN_ONLY: 2,
  Z_RLE: 3,
  Z_FIXED: 4,
  Z_DEFAULT_STRATEGY: 0,
  DEFLATE: 1,
  INFLATE: 2,
  GZIP: 3,
  GUNZIP: 4,
  DEFLATERAW: 5,
  INFLATERAW: 6,
  UNZIP: 7,
  Z_MIN_WINDOWBITS: 8,
  Z_MAX_WINDOWBITS: 15,
  Z_DEFAULT_WINDOWBITS: 15,
  Z_MIN_CHUNK: 64,
  Z_MAX_CHUNK: Infinity,
  Z_DEFAULT_CHUNK: 16384,
  Z_MIN_MEMLEVEL: 1,
  Z_MAX_MEMLEVEL: 9,
  Z_DEFAULT_MEMLEVEL: 8,
  Z_MIN_LEVEL: -1,
  Z_MAX_LEVEL: 9,
  Z_DEFAULT_LEVEL: -1,
})

function failure(text, fresh) {
  const message = fresh
    ? 'unexpected end of file'
    : /header|invalid gzip/i.test(text)
      ? 'incorrect header check'
      : /end of file|incomplete|unexpected/i.test(text)
        ? 'unexpected end of file'
        : 'invalid stored block lengths'
  const ended = message === 'unexpected end of file'
  return Object.assign(new Error(message), { errno: ended ? -5 : -3, code: ended ? 'Z_BUF_ERROR' : 'Z_DATA_ERROR' })
}

const bytes = (data) => {
  if (typeof data === 'string') return Buffer.from(data)
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (require('util/types').isAnyArrayBuffer(data)) return new Uint8Array(data)
  throw new codes.ERR_INVALID_ARG_TYPE('buffer', ['string', 'Buffer', 'TypedArray', 'DataView', 'ArrayBuffer'], data)
}

class Coder {
  #name
  #code
  #level
  constructor(name, options) {
    this.#name = name
    this.#level = options?.level ?? -1
    if (options?.level !== undefined) validators.validateNumber(options.level, 'options.level', -1, 9)
  }
  code(data, what) {
    if (this.#code === undefined) {
      let name = this.#name
      // What it is shows at its beginning.
      if (name === 'unzip') name = data.length > 0 && data[0] !== 0x1f ? 'inflate' : 'gunzip'
      this.#code = native.coder(name, this.#level)
    }
    const made = this.#code(data, what)
    if (typeof made === 'string') throw failure(made)
    return Buffer.from(made.buffer)
  }
}

class ZlibBase extends Transform {
  #coder
  bytesWritten = 0
  constructor(name, options) {
    super(options)
    this.#coder = new Coder(name, options)
  }
  _transform(chunk, encoding, callback) {
    this.#run(chunk, 0, callback)
  }
  _flush(callback) {
    this.#run(Buffer.alloc(0), 2, callback)
  }
  #run(chunk, what, callback) {
    let made
    try {
      made = this.#coder.code(chunk, what)
    } catch (error) {
      callback(error)
      return
    }
    this.bytesWritten += chunk.length
    if (made.length > 0) this.push(made)
    callback()
  }
  flush(kind, callback) {
    if (typeof kind === 'function') callback = kind
    const made = this.#coder.code(Buffer.alloc(0), 1)
    if (made.length > 0) this.push(made)
    if (callback) process.nextTick(callback)
  }
  close(callback) {
    if (callback) require('stream').finished(this, callback)
    this.destroy()
  }
  params(level, strategy, callback) {
    process.nextTick(callback)
  }
  reset() {}
}

const FORMATS = {
  Deflate: 'deflate',
  Inflate: 'inflate',
  Gzip: 'gzip',
  Gunzip: 'gunzip',
  DeflateRaw: 'deflateRaw',
  InflateRaw: 'inflateRaw',
  Unzip: 'unzip',
}
const zlib = (module.exports = {
  ...missing('zlib', [
    'BrotliCompress',
    'BrotliDecompress',
    'createBrotliCompress',
    'createBrotliDecompress',
    'brotliCompress',
    'brotliCompressSync',
    'brotliDecompress',
    'brotliDecompressSync',
  ]),
  constants,
  codes: Object.freeze({}),
})
for (const [Name, format] of Object.entries(FORMATS)) {
  zlib[Name] = function (options) {
    return Reflect.construct(ZlibBase, [format, options], new.target ?? zlib[Name])
  }
  Object.defineProperty(zlib[Name], 'name', { value: Name })
  Object.setPrototypeOf(zlib[Name], ZlibBase)
  zlib[Name].prototype = Object.create(ZlibBase.prototype, {
    constructor: { value: zlib[Name], writable: true, configurable: true },
  })
  zlib[`create${Name}`] = (options) => new zlib[Name](options)
  const name = Name[0].toLowerCase() + Name.slice(1)
  const sync = (data, options) => {
    const made = new Coder(format, options).code(bytes(data), 2)
    if (options?.maxOutputLength !== undefined && made.length > options.maxOutputLength)
      throw new codes.ERR_BUFFER_TOO_LARGE(options.maxOutputLength)
    return made
  }
  zlib[`${name}Sync`] = { [`${name}Sync`]: sync }[`${name}Sync`]
  zlib[name] = {
    [name](data, options, callback) {
      if (typeof options === 'function') [options, callback] = [undefined, options]
      validators.validateFunction(callback, 'callback')
      const input = bytes(data)
      require('internal/loop').later(() => {
        let made
        try {
          made = sync(input, options)
        } catch (error) {
          callback(error)
          return
        }
        callback(null, made)
      })
    },
  }[name]
}
zlib.crc32 = (data, start = 0) => {
  if (typeof data !== 'string' && !ArrayBuffer.isView(data))
    throw new codes.ERR_INVALID_ARG_TYPE('data', ['Buffer', 'TypedArray', 'DataView', 'string'], data)
  validators.validateUint32(start, 'value')
  return native.crc32(bytes(data), start)
}
for (const [name, value] of Object.entries(constants))
  if (name.startsWith('Z_')) Object.defineProperty(zlib, name, { value, enumerable: false })
