// Deep equality, strict and loose, as `assert` has it.
'use strict'
const types = require('util/types')

const ownKeys = (value) => [
  ...Object.keys(value),
  ...Object.getOwnPropertySymbols(value).filter((key) => Object.prototype.propertyIsEnumerable.call(value, key)),
]
const isIndexKey = (key) => typeof key === 'string' && /^(0|[1-9]\d*)$/.test(key) && +key < 2 ** 32 - 1

function equal(a, b, strict, memo) {
  if (a === b) return a !== 0 || Object.is(a, b) || !strict
  if (strict) {
    if (typeof a !== 'object') return typeof a === 'number' && Number.isNaN(a) && Number.isNaN(b)
    if (typeof b !== 'object' || a === null || b === null) return false
    if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false
  } else {
    if (a === null || typeof a !== 'object')
      return (b === null || typeof b !== 'object') && (a == b || (Number.isNaN(a) && Number.isNaN(b)))
    if (b === null || typeof b !== 'object') return false
  }
  const tag = Object.prototype.toString.call(a)
  if (tag !== Object.prototype.toString.call(b)) return false
  let keys = ownKeys
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false
    keys = (value) => ownKeys(value).filter((key) => !isIndexKey(key))
    if (!sameKeys(a, b, keys, strict)) return false
    return compare(a, b, strict, memo, keys(a), 'array')
  }
  if (tag === '[object Object]') {
    if (!sameKeys(a, b, keys, strict)) return false
    return compare(a, b, strict, memo, keys(a), special(a, b))
  }
  if (types.isDate(a)) {
    if (!types.isDate(b) || !Object.is(Date.prototype.getTime.call(a), Date.prototype.getTime.call(b))) return false
  } else if (types.isRegExp(a)) {
    if (!types.isRegExp(b) || a.source !== b.source || a.flags !== b.flags || a.lastIndex !== b.lastIndex) return false
  } else if (types.isNativeError(a) || a instanceof Error) {
    if ((!types.isNativeError(b) && !(b instanceof Error)) || a.message !== b.message || a.name !== b.name) return false
    const hasCause = Object.hasOwn(a, 'cause')
    if (hasCause !== Object.hasOwn(b, 'cause') || (hasCause && !equal(a.cause, b.cause, strict, memo))) return false
    const hasErrors = Object.hasOwn(a, 'errors')
    if (hasErrors !== Object.hasOwn(b, 'errors') || (hasErrors && !equal(a.errors, b.errors, strict, memo)))
      return false
  } else if (ArrayBuffer.isView(a)) {
    if (types.isDataView(a) !== types.isDataView(b) || a.byteLength !== b.byteLength) return false
    if (!strict && (types.isFloat32Array(a) || types.isFloat64Array(a))) {
      for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
    } else {
      const [x, y] = [a, b].map((one) => new Uint8Array(one.buffer, one.byteOffset, one.byteLength))
      if (native.compare(x, y) !== 0) return false
    }
    keys = (value) => ownKeys(value).filter((key) => !isIndexKey(key))
  } else if (types.isSet(a)) {
    if (!types.isSet(b) || a.size !== b.size) return false
    if (!sameKeys(a, b, keys, strict)) return false
    return compare(a, b, strict, memo, keys(a), 'set')
  } else if (types.isMap(a)) {
    if (!types.isMap(b) || a.size !== b.size) return false
    if (!sameKeys(a, b, keys, strict)) return false
    return compare(a, b, strict, memo, keys(a), 'map')
  } else if (types.isAnyArrayBuffer(a)) {
    if (
      !types.isAnyArrayBuffer(b) ||
      a.byteLength !== b.byteLength ||
      native.compare(new Uint8Array(a), new Uint8Array(b)) !== 0
    )
      return false
  } else if (types.isBoxedPrimitive(a)) {
    if (!sameBoxed(a, b)) return false
  } else if (
    Array.isArray(b) ||
    ArrayBuffer.isView(b) ||
    types.isSet(b) ||
    types.isMap(b) ||
    types.isDate(b) ||
    types.isRegExp(b) ||
    types.isAnyArrayBuffer(b) ||
    types.isBoxedPrimitive(b) ||
    types.isNativeError(b)
  )
    return false
  if (types.isWeakMap(a) || types.isWeakSet(a) || types.isPromise(a)) return false
  if (!sameKeys(a, b, keys, strict)) return false
  return compare(a, b, strict, memo, keys(a), special(a, b))
}

function special(a) {
  return types.isSet(a) ? 'set' : types.isMap(a) ? 'map' : undefined
}
function sameBoxed(a, b) {
  for (const name of ['Number', 'String', 'Boolean', 'BigInt', 'Symbol']) {
    const is = types[`is${name}Object`]
    if (is(a))
      return is(b) && Object.is(globalThis[name].prototype.valueOf.call(a), globalThis[name].prototype.valueOf.call(b))
  }
  return false
}

function sameKeys(a, b, keys, strict) {
  const list = (value) => (strict ? keys(value) : keys(value).filter((key) => typeof key !== 'symbol'))
  const [x, y] = [list(a), list(b)]
  return x.length === y.length && x.every((key) => Object.prototype.propertyIsEnumerable.call(b, key))
}

function compare(a, b, strict, memo, keys, kind) {
  // A cycle is equal to a cycle that closes at the same place.
  const known = memo.get(a)
  if (known !== undefined) {
    if (known.has(b)) return true
    known.add(b)
  } else memo.set(a, new Set([b]))
  const result = parts(a, b, strict, memo, keys, kind)
  memo.get(a).delete(b)
  return result
}

function parts(a, b, strict, memo, keys, kind) {
  if (kind === 'set' && !sets(a, b, strict, memo)) return false
  if (kind === 'map' && !maps(a, b, strict, memo)) return false
  if (kind === 'array') {
    for (let at = 0; at < a.length; at++) {
      const [has, other] = [Object.hasOwn(a, at), Object.hasOwn(b, at)]
      if (has !== other && strict) return false
      if ((has || other) && !equal(a[at], b[at], strict, memo)) return false
    }
  }
  for (const key of keys) {
    if (!strict && typeof key === 'symbol') continue
    if (!equal(a[key], b[key], strict, memo)) return false
  }
  return true
}

const simple = (value, strict) =>
  (value === null || typeof value !== 'object') && (strict || typeof value === 'symbol' || typeof value === 'function')
function sets(a, b, strict, memo) {
  const left = []
  for (const value of a) {
    if (simple(value, strict)) {
      if (!b.has(value)) return false
    } else if (strict || !b.has(value)) left.push(value)
    else continue
  }
  const others = [...b].filter((value) => !simple(value, strict) && (strict || !a.has(value)))
  return matched(left, others, (x, y) => equal(x, y, strict, memo))
}
function maps(a, b, strict, memo) {
  const left = []
  for (const [key, value] of a) {
    if (simple(key, strict)) {
      if (!b.has(key) || !equal(value, b.get(key), strict, memo)) return false
    } else if (strict || !b.has(key) || !equal(value, b.get(key), strict, memo)) left.push([key, value])
  }
  const others = [...b].filter(
    ([key, value]) => !simple(key, strict) && (strict || !a.has(key) || !equal(a.get(key), value, strict, memo)),
  )
  return matched(left, others, (x, y) => equal(x[0], y[0], strict, memo) && equal(x[1], y[1], strict, memo))
}
function matched(left, others, same) {
  if (left.length !== others.length) return false
  for (const one of left) {
    const at = others.findIndex((other) => same(one, other))
    if (at === -1) return false
    others.splice(at, 1)
  }
  return true
}

exports.isDeepStrictEqual = (a, b) => equal(a, b, true, new Map())
exports.isDeepEqual = (a, b) => equal(a, b, false, new Map())
