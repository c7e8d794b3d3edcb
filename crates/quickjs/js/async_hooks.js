// `async_hooks`: contexts that follow callbacks and promises.
'use strict'
const { codes } = require('internal/errors')
const validators = require('internal/validators')
const loop = require('internal/loop')

// A context is a map from storages to values; it is never changed, only replaced.
class AsyncLocalStorage {
  #disabled = false
  static bind(fn) {
    return AsyncResource.bind(fn)
  }
  static snapshot() {
    const context = loop.getContext()
    return (fn, ...args) => within(context, fn, args)
  }
  run(store, fn, ...args) {
    this.#disabled = false
    return within(new Map(loop.getContext()).set(this, store), fn, args)
  }
  exit(fn, ...args) {
    const context = new Map(loop.getContext())
    context.delete(this)
    return within(context, fn, args)
  }
  enterWith(store) {
    this.#disabled = false
    loop.setContext(new Map(loop.getContext()).set(this, store))
  }
  disable() {
    this.#disabled = true
  }
  getStore() {
    return this.#disabled ? undefined : loop.getContext()?.get(this)
  }
}
function within(context, fn, args) {
  followPromises()
  const before = loop.getContext()
  loop.setContext(context)
  try {
    return Reflect.apply(fn, undefined, args)
  } finally {
    loop.setContext(before)
  }
}

// Once contexts are used, `then` carries them over. What `await` resumes does not call `then`; an async function is in the context
// that its promise is settled in.
let following = false
function followPromises() {
  if (following) return
  following = true
  const { then } = Promise.prototype
  const carry = (fn) => {
    if (typeof fn !== 'function') return fn
    const context = loop.getContext()
    return (value) => within(context, fn, [value])
  }
  Object.defineProperty(Promise.prototype, 'then', {
    configurable: true,
    enumerable: false,
    writable: true,
    value: {
      then(fulfilled, rejected) {
        return Reflect.apply(then, this, [carry(fulfilled), carry(rejected)])
      },
    }.then,
  })
}

let ids = 1
class AsyncResource {
  #context = loop.getContext()
  #id = ++ids
  #trigger
  constructor(type, options = {}) {
    validators.validateString(type, 'type')
    let trigger = options
    if (typeof options === 'object' && options !== null) trigger = options.triggerAsyncId ?? 1
    if (!Number.isSafeInteger(trigger) || trigger < -1) throw new codes.ERR_INVALID_ASYNC_ID('triggerAsyncId', trigger)
    if (type.length === 0) throw new codes.ERR_ASYNC_TYPE(type)
    this.#trigger = trigger
  }
  runInAsyncScope(fn, thisArg, ...args) {
    const before = loop.getContext()
    loop.setContext(this.#context)
    try {
      return Reflect.apply(fn, thisArg, args)
    } finally {
      loop.setContext(before)
    }
  }
  emitDestroy() {
    return this
  }
  asyncId() {
    return this.#id
  }
  triggerAsyncId() {
    return this.#trigger
  }
  bind(fn, thisArg) {
    validators.validateFunction(fn, 'fn')
    const resource = this
    const bound =
      thisArg === undefined
        ? function (...args) {
            return resource.runInAsyncScope(fn, this, ...args)
          }
        : (...args) => resource.runInAsyncScope(fn, thisArg, ...args)
    Object.defineProperties(bound, {
      length: { value: fn.length, configurable: true },
      asyncResource: { value: this, enumerable: true, writable: true, configurable: true },
    })
    return bound
  }
  static bind(fn, type, thisArg) {
    return new AsyncResource(type || fn.name || 'bound-anonymous-fn').bind(fn, thisArg)
  }
}
const hook = {
  enable() {
    return this
  },
  disable() {
    return this
  },
}
module.exports = {
  AsyncLocalStorage,
  AsyncResource,
  createHook(callbacks) {
    for (const name of ['init', 'before', 'after', 'destroy', 'promiseResolve'])
      if (callbacks[name] !== undefined && typeof callbacks[name] !== 'function')
        throw new codes.ERR_ASYNC_CALLBACK(`hook.${name}`)
    return Object.create(hook)
  },
  executionAsyncId: () => 1,
  triggerAsyncId: () => 0,
  executionAsyncResource: () => ({}),
  asyncWrapProviders: Object.freeze({ __proto__: null }),
}
