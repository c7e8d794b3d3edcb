// Small things that many modules need.
'use strict'
const { codes } = require('internal/errors')
const { validateFunction } = require('internal/validators')

exports.kEmptyObject = Object.freeze({ __proto__: null })
exports.kEnumerableProperty = { __proto__: null, enumerable: true }
exports.customInspect = Symbol.for('nodejs.util.inspect.custom')

const custom = Symbol.for('nodejs.util.promisify.custom')
const argNames = Symbol('customPromisifyArgs')
exports.customPromisifyArgs = argNames

function promisify(original) {
  validateFunction(original, 'original')
  if (original[custom]) {
    const fn = original[custom]
    validateFunction(fn, 'util.promisify.custom')
    return Object.defineProperty(fn, custom, { value: fn, enumerable: false, writable: false, configurable: true })
  }
  const names = original[argNames]
  function fn(...args) {
    return new Promise((resolve, reject) => {
      Reflect.apply(original, this, [
        ...args,
        (error, ...values) => {
          if (error) return reject(error)
          if (names !== undefined && values.length > 1) {
            const all = {}
            for (let index = 0; index < names.length; index++) all[names[index]] = values[index]
            resolve(all)
          } else resolve(values[0])
        },
      ])
    })
  }
  Object.setPrototypeOf(fn, Object.getPrototypeOf(original))
  Object.defineProperty(fn, custom, { value: fn, enumerable: false, writable: false, configurable: true })
  for (const key of Reflect.ownKeys(original)) {
    const descriptor = Object.getOwnPropertyDescriptor(original, key)
    if (typeof descriptor.value === 'function') descriptor.writable = true
    try {
      Object.defineProperty(fn, key, descriptor)
    } catch {
      // What cannot be taken over is left out.
    }
  }
  return fn
}
promisify.custom = custom
exports.promisify = promisify

const warned = new Set()
exports.deprecate = function deprecate(fn, message, code, useEmitSync) {
  let told = false
  if (code !== undefined) require('internal/validators').validateString(code, 'code')
  function warn() {
    if (told || process.noDeprecation === true) return
    told = true
    if (code !== undefined) {
      if (warned.has(code)) return
      warned.add(code)
      process.emitWarning(message, 'DeprecationWarning', code, deprecated)
    } else process.emitWarning(message, 'DeprecationWarning', undefined, deprecated)
  }
  function deprecated(...args) {
    warn()
    if (new.target) return Reflect.construct(fn, args, new.target)
    return Reflect.apply(fn, this, args)
  }
  Object.setPrototypeOf(deprecated, fn)
  if (fn.prototype) deprecated.prototype = fn.prototype
  return deprecated
}

exports.once = function once(callback) {
  let called = false
  return function (...args) {
    if (called) return undefined
    called = true
    return Reflect.apply(callback, this, args)
  }
}

// Getters that look a value up once, when it is first asked for.
exports.defineLazily = function defineLazily(target, names, load, enumerable = true) {
  for (const name of names) {
    const set = (value) =>
      Object.defineProperty(target, name, { __proto__: null, value, writable: true, enumerable, configurable: true })
    Object.defineProperty(target, name, {
      __proto__: null,
      configurable: true,
      enumerable,
      get() {
        const value = load(name)
        set(value)
        return value
      },
      set,
    })
  }
}

exports.assert = (value, message) => {
  if (!value) throw new codes.ERR_INTERNAL_ASSERTION(message)
}
exports.lazyDOMException = (message, name) => new DOMException(message, name)
exports.isWindows = false
