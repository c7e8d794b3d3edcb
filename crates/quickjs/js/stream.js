// `stream`: the package readable-stream, which is Node's own code, and what it lacks.
'use strict'
const stream = require('npm/readable-stream/lib/stream')
const { Duplex } = stream

const kCallback = Symbol('callback')
const kOther = Symbol('other')
class DuplexSide extends Duplex {
  [kCallback] = null;
  [kOther] = null
  _read() {
    const callback = this[kCallback]
    if (callback) {
      this[kCallback] = null
      callback()
    }
  }
  _write(chunk, encoding, callback) {
    if (chunk.length === 0) process.nextTick(callback)
    else {
      this[kOther].push(chunk)
      this[kOther][kCallback] = callback
    }
  }
  _final(callback) {
    this[kOther].on('end', callback)
    this[kOther].push(null)
  }
}
stream.duplexPair = function duplexPair(options) {
  const one = new DuplexSide(options)
  const other = new DuplexSide(options)
  one[kOther] = other
  other[kOther] = one
  return [one, other]
}

// Between web streams and these.
const web = () => require('internal/web_adapters')
for (const [Class, from, to] of [
  ['Readable', 'readableFromWeb', 'readableToWeb'],
  ['Writable', 'writableFromWeb', 'writableToWeb'],
  ['Duplex', 'duplexFromWeb', 'duplexToWeb'],
]) {
  stream[Class].fromWeb = (value, options) => web()[from](value, options)
  stream[Class].toWeb = (value, options) => web()[to](value, options)
}
module.exports = stream
