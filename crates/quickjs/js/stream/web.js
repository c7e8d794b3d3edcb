// Web streams: the package web-streams-polyfill; text and compression on top of it.
'use strict'
const streams = require('npm/web-streams-polyfill/dist/ponyfill')

class TextEncoderStream {
  #transform
  constructor() {
    const encoder = new TextEncoder()
    this.#transform = new streams.TransformStream({
      transform: (chunk, controller) => {
        const bytes = encoder.encode(`${chunk}`)
        if (bytes.length > 0) controller.enqueue(bytes)
      },
    })
  }
  get encoding() {
    return 'utf-8'
  }
  get readable() {
    return this.#transform.readable
  }
  get writable() {
    return this.#transform.writable
  }
}
class TextDecoderStream {
  #transform
  #decoder
  constructor(encoding = 'utf-8', options = {}) {
    const decoder = (this.#decoder = new TextDecoder(encoding, options))
    this.#transform = new streams.TransformStream({
      transform(chunk, controller) {
        const text = decoder.decode(chunk, { stream: true })
        if (text) controller.enqueue(text)
      },
      flush(controller) {
        const text = decoder.decode()
        if (text) controller.enqueue(text)
      },
    })
  }
  get encoding() {
    return this.#decoder.encoding
  }
  get fatal() {
    return this.#decoder.fatal
  }
  get ignoreBOM() {
    return this.#decoder.ignoreBOM
  }
  get readable() {
    return this.#transform.readable
  }
  get writable() {
    return this.#transform.writable
  }
}
function coded(formats) {
  return class {
    #transform
    constructor(format) {
      const name = formats[format]
      if (name === undefined) throw new (require('internal/errors').codes.ERR_INVALID_ARG_VALUE)('format', format)
      const code = native.coder(name, -1)
      const pass = (piece, what, controller) => {
        const made = code(piece, what)
        if (typeof made === 'string') throw new TypeError(made)
        if (made.length > 0) controller.enqueue(made)
      }
      this.#transform = new streams.TransformStream({
        transform: (chunk, controller) =>
          pass(new Uint8Array(chunk.buffer ?? chunk, chunk.byteOffset ?? 0, chunk.byteLength), 0, controller),
        flush: (controller) => pass(new Uint8Array(0), 2, controller),
      })
    }
    get readable() {
      return this.#transform.readable
    }
    get writable() {
      return this.#transform.writable
    }
  }
}
const CompressionStream = coded({ gzip: 'gzip', deflate: 'deflate', 'deflate-raw': 'deflateRaw' })
const DecompressionStream = coded({ gzip: 'gunzip', deflate: 'inflate', 'deflate-raw': 'inflateRaw' })
module.exports = { ...streams, TextEncoderStream, TextDecoderStream, CompressionStream, DecompressionStream }
