// util.types: what a value really is, whatever it says.
'use strict'
const getter = (prototype, name) => Object.getOwnPropertyDescriptor(prototype, name).get
const call =
  (fn, ...args) =>
  (value) => {
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
    try {
      Reflect.apply(fn, value, args)
      return true
    } catch {
      return false
    }
  }
const TypedArray = Object.getPrototypeOf(Uint8Array)
const tagOf = getter(TypedArray.prototype, Symbol.toStringTag)
const isObject = (value) => value !== null && typeof value === 'object'
const typed = (name) => (value) => isObject(value) && Reflect.apply(tagOf, value, []) === name
const toString = Object.prototype.toString
// A tag that the value cannot have given itself.
const tagged = (tag) => (value) => {
  if (!isObject(value) && typeof value !== 'function') return false
  return toString.call(value) === `[object ${tag}]` && !Object.hasOwn(value, Symbol.toStringTag)
}

const types = (module.exports = {
  isExternal: () => false,
  isDate: call(Date.prototype.getTime),
  isArgumentsObject: tagged('Arguments'),
  isBigIntObject: (value) => isObject(value) && call(BigInt.prototype.valueOf)(value),
  isBooleanObject: (value) => isObject(value) && call(Boolean.prototype.valueOf)(value),
  isNumberObject: (value) => isObject(value) && call(Number.prototype.valueOf)(value),
  isStringObject: (value) => isObject(value) && call(String.prototype.valueOf)(value),
  isSymbolObject: (value) => isObject(value) && call(Symbol.prototype.valueOf)(value),
  isNativeError: (value) => isObject(value) && (Error.isError ? Error.isError(value) : value instanceof Error),
  isRegExp: (value) => {
    if (!isObject(value) || value === RegExp.prototype) return false
    try {
      Reflect.apply(getter(RegExp.prototype, 'source'), value, [])
      return true
    } catch {
      return false
    }
  },
  isAsyncFunction: (value) =>
    typeof value === 'function' && /^\[object Async(Generator)?Function\]$/.test(toString.call(value)),
  isGeneratorFunction: (value) =>
    typeof value === 'function' && /^\[object (Async)?GeneratorFunction\]$/.test(toString.call(value)),
  isGeneratorObject: (value) => isObject(value) && /^\[object (Async)?Generator\]$/.test(toString.call(value)),
  isPromise: (value) => native.promise(value) !== undefined,
  isMap: call(getter(Map.prototype, 'size')),
  isSet: call(getter(Set.prototype, 'size')),
  isMapIterator: tagged('Map Iterator'),
  isSetIterator: tagged('Set Iterator'),
  isWeakMap: call(WeakMap.prototype.has, {}),
  isWeakSet: call(WeakSet.prototype.has, {}),
  isArrayBuffer: call(getter(ArrayBuffer.prototype, 'byteLength')),
  isDataView: call(getter(DataView.prototype, 'buffer')),
  isSharedArrayBuffer:
    typeof SharedArrayBuffer === 'function' ? call(getter(SharedArrayBuffer.prototype, 'byteLength')) : () => false,
  isProxy: (value) => native.proxy(value) !== undefined,
  isModuleNamespaceObject: (value) =>
    isObject(value) &&
    Object.getPrototypeOf(value) === null &&
    Object.getOwnPropertyDescriptor(value, Symbol.toStringTag)?.value === 'Module',
  isCryptoKey: () => false,
  isKeyObject: () => false,
  isEventTarget: (value) => require('internal/event_target').isEventTarget(value),
  isArrayBufferView: ArrayBuffer.isView,
  isTypedArray: (value) => isObject(value) && Reflect.apply(tagOf, value, []) !== undefined,
  isUint8Array: typed('Uint8Array'),
  isUint8ClampedArray: typed('Uint8ClampedArray'),
  isUint16Array: typed('Uint16Array'),
  isUint32Array: typed('Uint32Array'),
  isInt8Array: typed('Int8Array'),
  isInt16Array: typed('Int16Array'),
  isInt32Array: typed('Int32Array'),
  isFloat32Array: typed('Float32Array'),
  isFloat64Array: typed('Float64Array'),
  isBigInt64Array: typed('BigInt64Array'),
  isBigUint64Array: typed('BigUint64Array'),
})
types.isAnyArrayBuffer = (value) => types.isArrayBuffer(value) || types.isSharedArrayBuffer(value)
types.isBoxedPrimitive = (value) =>
  types.isNumberObject(value) ||
  types.isStringObject(value) ||
  types.isBooleanObject(value) ||
  types.isBigIntObject(value) ||
  types.isSymbolObject(value)
