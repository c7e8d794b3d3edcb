// Blob and File.
'use strict'
const { codes } = require('internal/errors')
const { customInspect } = require('internal/util')
const validators = require('internal/validators')

const inner = new WeakMap()
const own = (blob) => {
  const found = inner.get(blob)
  if (found === undefined) throw new codes.ERR_INVALID_THIS('Blob')
  return found
}
const cleanType = (type) => (/[^\x20-\x7e]/.test(type) ? '' : type.toLowerCase())

function bytesOf(part, endings) {
  if (part instanceof Blob) return own(part).bytes
  if (part instanceof ArrayBuffer || Object.prototype.toString.call(part) === '[object SharedArrayBuffer]')
    return new Uint8Array(part.slice(0))
  if (ArrayBuffer.isView(part))
    return new Uint8Array(part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength))
  let text = `${part}`
  if (endings === 'native') text = text.replace(/\r\n|\r/g, '\n')
  return new Uint8Array(Buffer.from(text.toWellFormed()))
}

class Blob {
  constructor(sources = [], options = {}) {
    if (sources === null || typeof sources !== 'object' || typeof sources[Symbol.iterator] !== 'function')
      throw new codes.ERR_INVALID_ARG_TYPE('sources', 'a sequence', sources)
    validators.validateDictionary(options, 'options')
    const { type = '', endings = 'transparent' } = options ?? {}
    if (`${endings}` !== 'transparent' && `${endings}` !== 'native')
      throw new codes.ERR_INVALID_ARG_VALUE('options.endings', endings)
    const pieces = [...sources].map((part) => bytesOf(part, `${endings}`))
    const bytes = new Uint8Array(pieces.reduce((sum, one) => sum + one.length, 0))
    let at = 0
    for (const one of pieces) {
      bytes.set(one, at)
      at += one.length
    }
    inner.set(this, { bytes, type: cleanType(`${type}`) })
  }
  get size() {
    return own(this).bytes.length
  }
  get type() {
    return own(this).type
  }
  slice(start = 0, end = this.size, type = '') {
    const { bytes } = own(this)
    const made = new Blob([])
    inner.set(made, {
      bytes: bytes.subarray(...[start, end].map((at) => Math.trunc(+at) || 0)),
      type: cleanType(`${type}`),
    })
    return made
  }
  async arrayBuffer() {
    return own(this).bytes.slice().buffer
  }
  async bytes() {
    return own(this).bytes.slice()
  }
  async text() {
    return Buffer.from(own(this).bytes)
      .toString()
      .replace(/^\ufeff/, '')
  }
  stream() {
    const { bytes } = own(this)
    let at = 0
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        if (at >= bytes.length) {
          controller.close()
          controller.byobRequest?.respond(0)
          return
        }
        controller.enqueue(bytes.slice(at, at + 65536))
        at += 65536
      },
    })
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    return depth < 0 ? this : `${this.constructor.name} ${inspect({ size: this.size, type: this.type }, options)}`
  }
}
for (const name of ['size', 'type', 'slice', 'stream', 'text', 'arrayBuffer', 'bytes'])
  Object.defineProperty(Blob.prototype, name, { enumerable: true })
Object.defineProperty(Blob.prototype, Symbol.toStringTag, { configurable: true, value: 'Blob' })

class File extends Blob {
  #name
  #modified
  constructor(sources, name, options = {}) {
    if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('sources', 'fileName')
    super(sources, options)
    this.#name = `${name}`.toWellFormed()
    const modified = options?.lastModified
    this.#modified = modified === undefined ? Date.now() : Math.trunc(Number(modified)) || 0
  }
  get name() {
    return this.#name
  }
  get lastModified() {
    return this.#modified
  }
}
for (const name of ['name', 'lastModified']) Object.defineProperty(File.prototype, name, { enumerable: true })
Object.defineProperty(File.prototype, Symbol.toStringTag, { configurable: true, value: 'File' })

const urls = new Map()
module.exports = {
  Blob,
  File,
  isBlob: (value) => inner.has(value),
  createObjectURL(blob) {
    if (!inner.has(blob)) throw new codes.ERR_INVALID_ARG_TYPE('obj', 'Blob', blob)
    const url = `blob:nodedata:${require('crypto').randomUUID()}`
    urls.set(url, blob)
    return url
  },
  revokeObjectURL: (url) => void urls.delete(url),
  resolveObjectURL: (url) => urls.get(`${url}`),
}
