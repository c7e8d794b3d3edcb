// Mocks of functions and methods.
'use strict'
const validators = require('internal/validators')

class Context {
  #calls = []
  #times = Infinity
  constructor(record) {
    this.record = record
    Object.defineProperty(this, 'record', { enumerable: false })
  }
  get calls() {
    return this.#calls.slice()
  }
  push(call) {
    this.#calls.push(call)
  }
  callCount() {
    return this.#calls.length
  }
  mockImplementation(fn) {
    validators.validateFunction(fn, 'implementation')
    this.record.implementation = fn
  }
  mockImplementationOnce(fn, at = this.#calls.length) {
    this.record.once.set(at, fn)
  }
  resetCalls() {
    this.#calls = []
  }
  restore() {
    this.record.restore()
  }
  get limit() {
    return this.#times
  }
}

class MockTracker {
  #all = []
  fn(original = function () {}, implementation = original, options = {}) {
    if (original !== null && typeof original === 'object')
      [options, original, implementation] = [original, function () {}, undefined]
    if (implementation !== null && typeof implementation === 'object')
      [options, implementation] = [implementation, original]
    const record = {
      implementation: implementation ?? original,
      once: new Map(),
      restore: () => {
        record.implementation = original
      },
    }
    const context = new Context(record)
    const times = options.times ?? Infinity
    const wrapped = new Proxy(original, {
      apply: (target, thisArg, args) => run(thisArg, args, undefined),
      construct: (target, args, newTarget) => run(undefined, args, newTarget),
      get: (target, key, receiver) => (key === 'mock' ? context : Reflect.get(target, key, receiver)),
    })
    function run(thisArg, args, target) {
      const count = context.callCount()
      const fn = record.once.get(count) ?? (count < times ? record.implementation : original)
      record.once.delete(count)
      let result
      let error
      try {
        return (result = target
          ? Reflect.construct(fn, args, target === wrapped ? fn : target)
          : Reflect.apply(fn, thisArg, args))
      } catch (thrown) {
        error = thrown
        throw thrown
      } finally {
        context.push({ arguments: args, error, result, stack: new Error(), target, this: target ? result : thisArg })
        if (context.callCount() === times) record.restore()
      }
    }
    this.#all.push(record)
    return wrapped
  }
  method(object, name, implementation, options = {}) {
    if (implementation !== null && typeof implementation === 'object')
      [options, implementation] = [implementation, undefined]
    let holder = object
    while (holder && !Object.hasOwn(holder, name)) holder = Object.getPrototypeOf(holder)
    const descriptor = holder && Object.getOwnPropertyDescriptor(holder, name)
    const kind = options.getter ? 'get' : options.setter ? 'set' : 'value'
    const original = descriptor?.[kind]
    if (typeof original !== 'function')
      throw new (require('internal/errors').codes.ERR_INVALID_ARG_VALUE)('methodName', original, 'must be a method')
    const wrapped = this.fn(original, implementation ?? original, options)
    const own = Object.hasOwn(object, name)
    Object.defineProperty(
      object,
      name,
      kind === 'value'
        ? { configurable: true, enumerable: descriptor.enumerable, writable: descriptor.writable, value: wrapped }
        : {
            configurable: true,
            enumerable: descriptor.enumerable,
            get: descriptor.get,
            set: descriptor.set,
            [kind]: wrapped,
          },
    )
    wrapped.mock.record.restore = () => {
      if (own) Object.defineProperty(object, name, descriptor)
      else delete object[name]
    }
    return wrapped
  }
  getter(object, name, implementation, options = {}) {
    return this.method(object, name, implementation, { ...options, getter: true })
  }
  setter(object, name, implementation, options = {}) {
    return this.method(object, name, implementation, { ...options, setter: true })
  }
  restoreAll() {
    for (const record of this.#all) record.restore()
  }
  reset() {
    this.restoreAll()
    this.#all = []
  }
}
exports.MockTracker = MockTracker
exports.mock = new MockTracker()
