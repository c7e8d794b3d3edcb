// TextEncoder and TextDecoder.
'use strict'
const { codes } = require('internal/errors')
const { customInspect } = require('internal/util')
const validators = require('internal/validators')

const encoders = new WeakSet()
class TextEncoder {
  constructor() {
    encoders.add(this)
  }
  get encoding() {
    if (!encoders.has(this)) throw new codes.ERR_INVALID_THIS('TextEncoder')
    return 'utf-8'
  }
  encode(input = '') {
    if (!encoders.has(this)) throw new codes.ERR_INVALID_THIS('TextEncoder')
    const text = `${input}`
    const bytes = new Uint8Array(native.utf8Length(text))
    native.utf8Write(bytes, text, 0, bytes.length)
    return bytes
  }
  encodeInto(source, target) {
    if (!encoders.has(this)) throw new codes.ERR_INVALID_THIS('TextEncoder')
    validators.validateString(source, 'src')
    if (!(target instanceof Uint8Array)) throw new codes.ERR_INVALID_ARG_TYPE('dest', 'Uint8Array', target)
    const written = native.utf8Write(target, source, 0, target.length)
    const read = written === native.utf8Length(source) ? source.length : native.utf8Text(target, 0, written).length
    return { read, written }
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    if (typeof depth === 'number' && depth < 0) return this
    const shown = Object.create({ constructor: TextEncoder })
    shown.encoding = this.encoding
    return inspect(shown, options)
  }
}

const state = new WeakMap()
const own = (decoder) => {
  const found = state.get(decoder)
  if (found === undefined) throw new codes.ERR_INVALID_THIS('TextDecoder')
  return found
}
class TextDecoder {
  constructor(encoding = 'utf-8', options = undefined) {
    encoding = `${encoding}`
    validators.validateObject(options ?? {}, 'options', 7)
    const name = native.encodingName(encoding)
    if (name === undefined) throw new codes.ERR_ENCODING_NOT_SUPPORTED(encoding)
    state.set(this, { name, fatal: !!options?.fatal, ignoreBOM: !!options?.ignoreBOM, decode: undefined })
  }
  get encoding() {
    return own(this).name
  }
  get fatal() {
    return own(this).fatal
  }
  get ignoreBOM() {
    return own(this).ignoreBOM
  }
  decode(input = new Uint8Array(0), options = {}) {
    const inner = own(this)
    let bytes
    if (ArrayBuffer.isView(input)) bytes = new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    else if (input instanceof ArrayBuffer || Object.prototype.toString.call(input) === '[object SharedArrayBuffer]')
      bytes = new Uint8Array(input)
    else throw new codes.ERR_INVALID_ARG_TYPE('list', ['ArrayBuffer', 'ArrayBufferView'], input)
    validators.validateObject(options, 'options', 7)
    const last = !options?.stream
    inner.decode ??= native.decoder(inner.name, inner.ignoreBOM)
    const text = inner.decode(bytes, 0, bytes.length, last, inner.fatal)
    if (last || text === null) inner.decode = undefined
    if (text === null) throw new codes.ERR_ENCODING_INVALID_ENCODED_DATA(inner.name)
    return text
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    if (typeof depth === 'number' && depth < 0) return this
    const shown = Object.create({ constructor: TextDecoder })
    Object.assign(shown, { encoding: this.encoding, fatal: this.fatal, ignoreBOM: this.ignoreBOM })
    return inspect(shown, options)
  }
}
for (const [Class, names] of [
  [TextEncoder, ['encode', 'encodeInto', 'encoding']],
  [TextDecoder, ['decode', 'encoding', 'fatal', 'ignoreBOM']],
]) {
  for (const name of names) Object.defineProperty(Class.prototype, name, { enumerable: true })
  Object.defineProperty(Class.prototype, Symbol.toStringTag, { configurable: true, value: Class.name })
}
module.exports = { TextEncoder, TextDecoder }
