// structuredClone.
'use strict'
const types = require('util/types')

const fail = (what) => {
  throw new DOMException(`${what} could not be cloned.`, 'DataCloneError')
}

function clone(value, seen) {
  if (typeof value === 'symbol' || typeof value === 'function')
    fail(typeof value === 'symbol' ? String(value) : Function.prototype.toString.call(value))
  if (value === null || typeof value !== 'object') return value
  const known = seen.get(value)
  if (known !== undefined) return known
  const keep = (made) => {
    seen.set(value, made)
    return made
  }
  if (types.isDate(value)) return keep(new Date(Date.prototype.getTime.call(value)))
  if (types.isRegExp(value)) return keep(new RegExp(value.source, value.flags))
  if (types.isBoxedPrimitive(value)) {
    if (types.isSymbolObject(value)) fail('Object')
    return keep(Object(value.valueOf()))
  }
  if (types.isArrayBuffer(value)) return keep(value.slice(0))
  if (types.isSharedArrayBuffer(value)) return keep(value)
  if (ArrayBuffer.isView(value)) {
    const buffer = clone(value.buffer, seen)
    if (types.isDataView(value)) return keep(new DataView(buffer, value.byteOffset, value.byteLength))
    const Type =
      globalThis[Object.getPrototypeOf(Uint8Array).prototype.__lookupGetter__(Symbol.toStringTag).call(value)]
    return keep(new Type(buffer, value.byteOffset, value.length))
  }
  if (types.isMap(value)) {
    const made = keep(new Map())
    for (const [key, one] of [...value]) made.set(clone(key, seen), clone(one, seen))
    return made
  }
  if (types.isSet(value)) {
    const made = keep(new Set())
    for (const one of [...value]) made.add(clone(one, seen))
    return made
  }
  if (types.isNativeError(value)) {
    const names = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }
    const Type = Object.hasOwn(names, value.name) ? names[value.name] : Error
    const error = new Type(value.message === undefined ? undefined : String(value.message))
    seen.set(value, error)
    Object.defineProperty(error, 'stack', { value: String(value.stack), configurable: true, writable: true })
    if ('cause' in value)
      Object.defineProperty(error, 'cause', { value: clone(value.cause, seen), configurable: true, writable: true })
    return error
  }
  if (require('internal/blob').isBlob(value)) return keep(value)
  if (value instanceof DOMException) return keep(new DOMException(value.message, value.name))
  if (
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    (types.isProxy(value) && value !== process.env) ||
    types.isGeneratorObject(value)
  )
    fail(`#<${value.constructor?.name ?? 'Object'}>`)
  const made = keep(Array.isArray(value) ? new Array(value.length) : {})
  for (const key of Object.keys(value)) made[key] = clone(value[key], seen)
  return made
}

exports.structuredClone = function structuredClone(value, options) {
  if (arguments.length === 0)
    throw new (require('internal/errors').codes.ERR_MISSING_ARGS)('The value argument must be specified')
  const made = clone(value, new Map())
  for (const one of options?.transfer ?? []) {
    if (!types.isArrayBuffer(one) && typeof one?.postMessage !== 'function') fail('Value not transferable')
    if (types.isArrayBuffer(one)) one.transfer()
  }
  return made
}
