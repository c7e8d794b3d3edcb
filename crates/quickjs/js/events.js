// EventEmitter, and waiting for events.
'use strict'
const { codes, AbortError } = require('internal/errors')
const validators = require('internal/validators')
const { validateFunction, validateAbortSignal, validateNumber, validateBoolean, validateObject } = validators

const kCapture = Symbol('kCapture')
const kErrorMonitor = Symbol('events.errorMonitor')
const kRejection = Symbol.for('nodejs.rejection')
let defaultMaxListeners = 10
let captureByDefault = false

function EventEmitter(options) {
  EventEmitter.init.call(this, options)
}
EventEmitter.prototype._events = undefined
EventEmitter.prototype._eventsCount = 0
EventEmitter.prototype._maxListeners = undefined

EventEmitter.init = function init(options) {
  if (this._events === undefined || this._events === Object.getPrototypeOf(this)._events) {
    this._events = { __proto__: null }
    this._eventsCount = 0
  }
  this._maxListeners = this._maxListeners || undefined
  if (options?.captureRejections) {
    validateBoolean(options.captureRejections, 'options.captureRejections')
    this[kCapture] = Boolean(options.captureRejections)
  } else this[kCapture] = captureByDefault
}
Object.defineProperty(EventEmitter.prototype, kCapture, { value: false, writable: true, enumerable: false })

function maxOf(emitter) {
  return emitter._maxListeners === undefined ? defaultMaxListeners : emitter._maxListeners
}

EventEmitter.prototype.setMaxListeners = function setMaxListeners(n) {
  validateNumber(n, 'setMaxListeners', 0)
  this._maxListeners = n
  return this
}
EventEmitter.prototype.getMaxListeners = function getMaxListeners() {
  return maxOf(this)
}

// A promise that a listener answered: its rejection becomes an error event.
function watchRejection(emitter, promise, type, args) {
  if (!emitter[kCapture]) return
  try {
    const { then } = promise
    if (typeof then !== 'function') return
    then.call(promise, undefined, (error) => process.nextTick(rejected, emitter, error, type, args))
  } catch (error) {
    emitter.emit('error', error)
  }
}
function rejected(emitter, error, type, args) {
  if (typeof emitter[kRejection] === 'function') return emitter[kRejection](error, type, ...args)
  const before = emitter[kCapture]
  try {
    emitter[kCapture] = false
    emitter.emit('error', error)
  } finally {
    emitter[kCapture] = before
  }
  return undefined
}

function unhandled(args) {
  const error = args[0]
  if (error instanceof Error) throw error
  let shown
  try {
    shown = require('internal/inspect').inspect(error)
  } catch {
    shown = error
  }
  const wrapped = new codes.ERR_UNHANDLED_ERROR(shown)
  wrapped.context = error
  throw wrapped
}

EventEmitter.prototype.emit = function emit(type, ...args) {
  const events = this._events
  if (type === 'error') {
    if (events?.[kErrorMonitor] !== undefined) this.emit(kErrorMonitor, ...args)
    if (events?.error === undefined) unhandled(args)
  } else if (events === undefined) return false
  const handler = events?.[type]
  if (handler === undefined) return false
  if (typeof handler === 'function') {
    const result = handler.apply(this, args)
    if (result != null) watchRejection(this, result, type, args)
  } else {
    const listeners = handler.slice()
    for (let index = 0; index < listeners.length; index++) {
      const result = listeners[index].apply(this, args)
      if (result != null) watchRejection(this, result, type, args)
    }
  }
  return true
}

function checkListener(listener) {
  validateFunction(listener, 'listener')
}

function add(target, type, listener, prepend) {
  checkListener(listener)
  let events = target._events
  if (events === undefined) {
    events = target._events = { __proto__: null }
    target._eventsCount = 0
  } else if (events.newListener !== undefined) {
    target.emit('newListener', type, listener.listener ?? listener)
    events = target._events
  }
  const existing = events[type]
  if (existing === undefined) {
    events[type] = listener
    ++target._eventsCount
    return target
  }
  let list = existing
  if (typeof existing === 'function') list = events[type] = prepend ? [listener, existing] : [existing, listener]
  else if (prepend) existing.unshift(listener)
  else existing.push(listener)
  const max = maxOf(target)
  if (max > 0 && list.length > max && !list.warned) {
    list.warned = true
    const shown = require('internal/inspect').inspect(target, { depth: -1 })
    const warning = new Error(
      `Possible EventEmitter memory leak detected. ${list.length} ${String(type)} listeners added to ${shown}. MaxListeners is ${max}. Use emitter.setMaxListeners() to increase limit`,
    )
    Object.assign(warning, { name: 'MaxListenersExceededWarning', emitter: target, type, count: list.length })
    process.emitWarning(warning)
  }
  return target
}

EventEmitter.prototype.addListener = function addListener(type, listener) {
  return add(this, type, listener, false)
}
EventEmitter.prototype.on = EventEmitter.prototype.addListener
EventEmitter.prototype.prependListener = function prependListener(type, listener) {
  return add(this, type, listener, true)
}

function onceWrapper(target, type, listener) {
  const state = { fired: false }
  function wrapped(...args) {
    if (state.fired) return undefined
    target.removeListener(type, wrapped)
    state.fired = true
    return listener.apply(target, args)
  }
  wrapped.listener = listener
  Object.defineProperty(wrapped, 'name', { value: 'bound onceWrapper' })
  return wrapped
}
EventEmitter.prototype.once = function once(type, listener) {
  checkListener(listener)
  this.on(type, onceWrapper(this, type, listener))
  return this
}
EventEmitter.prototype.prependOnceListener = function prependOnceListener(type, listener) {
  checkListener(listener)
  this.prependListener(type, onceWrapper(this, type, listener))
  return this
}

EventEmitter.prototype.removeListener = function removeListener(type, listener) {
  checkListener(listener)
  const events = this._events
  const list = events?.[type]
  if (list === undefined) return this
  if (list === listener || list.listener === listener) {
    this._eventsCount -= 1
    if (this._eventsCount === 0) this._events = { __proto__: null }
    else delete events[type]
    if (events.removeListener) this.emit('removeListener', type, list.listener ?? listener)
  } else if (typeof list !== 'function') {
    let at = -1
    for (let index = list.length - 1; index >= 0; index--) {
      if (list[index] === listener || list[index].listener === listener) {
        at = index
        break
      }
    }
    if (at < 0) return this
    if (at === 0) list.shift()
    else list.splice(at, 1)
    if (list.length === 1) events[type] = list[0]
    if (events.removeListener !== undefined) this.emit('removeListener', type, listener)
  }
  return this
}
EventEmitter.prototype.off = EventEmitter.prototype.removeListener

EventEmitter.prototype.removeAllListeners = function removeAllListeners(type) {
  const events = this._events
  if (events === undefined) return this
  if (events.removeListener === undefined) {
    if (arguments.length === 0) {
      this._events = { __proto__: null }
      this._eventsCount = 0
    } else if (events[type] !== undefined) {
      if (--this._eventsCount === 0) this._events = { __proto__: null }
      else delete events[type]
    }
    return this
  }
  if (arguments.length === 0) {
    for (const key of Reflect.ownKeys(events)) if (key !== 'removeListener') this.removeAllListeners(key)
    this.removeAllListeners('removeListener')
    this._events = { __proto__: null }
    this._eventsCount = 0
    return this
  }
  const listeners = events[type]
  if (typeof listeners === 'function') this.removeListener(type, listeners)
  else if (listeners !== undefined)
    for (let index = listeners.length - 1; index >= 0; index--) this.removeListener(type, listeners[index])
  return this
}

function listenersOf(target, type, unwrap) {
  const found = target._events?.[type]
  if (found === undefined) return []
  const all = typeof found === 'function' ? [found] : found.slice()
  return unwrap ? all.map((one) => one.listener ?? one) : all
}
EventEmitter.prototype.listeners = function listeners(type) {
  return listenersOf(this, type, true)
}
EventEmitter.prototype.rawListeners = function rawListeners(type) {
  return listenersOf(this, type, false)
}
EventEmitter.prototype.listenerCount = function listenerCount(type, listener) {
  const found = this._events?.[type]
  if (found === undefined) return 0
  if (listener != null)
    return listenersOf(this, type, false).filter((one) => one === listener || one.listener === listener).length
  return typeof found === 'function' ? 1 : found.length
}
EventEmitter.prototype.eventNames = function eventNames() {
  return this._eventsCount > 0 ? Reflect.ownKeys(this._events) : []
}

function validateMax(n, name) {
  validateNumber(n, name, 0)
}

module.exports = EventEmitter
EventEmitter.EventEmitter = EventEmitter
EventEmitter.usingDomains = false
EventEmitter.captureRejectionSymbol = kRejection
EventEmitter.errorMonitor = kErrorMonitor
Object.defineProperties(EventEmitter, {
  captureRejections: {
    enumerable: true,
    get: () => captureByDefault,
    set(value) {
      validateBoolean(value, 'EventEmitter.captureRejections')
      captureByDefault = value
      EventEmitter.prototype[kCapture] = value
    },
  },
  defaultMaxListeners: {
    enumerable: true,
    get: () => defaultMaxListeners,
    set(n) {
      validateMax(n, 'defaultMaxListeners')
      defaultMaxListeners = n
    },
  },
  kMaxEventTargetListeners: { value: require('internal/event_target').kMax, enumerable: false },
})

EventEmitter.setMaxListeners = (n = defaultMaxListeners, ...targets) => {
  validateMax(n, 'setMaxListeners')
  if (targets.length === 0) {
    defaultMaxListeners = n
    return
  }
  const { isEventTarget, kMax } = require('internal/event_target')
  for (const target of targets) {
    if (isEventTarget(target)) target[kMax] = n
    else if (typeof target?.setMaxListeners === 'function') target.setMaxListeners(n)
    else throw new codes.ERR_INVALID_ARG_TYPE('eventTargets', ['EventEmitter', 'EventTarget'], target)
  }
}
EventEmitter.getMaxListeners = (target) => {
  if (typeof target?.getMaxListeners === 'function') return maxOf(target)
  const { isEventTarget, kMax } = require('internal/event_target')
  if (isEventTarget(target)) return target[kMax] ?? defaultMaxListeners
  throw new codes.ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], target)
}
EventEmitter.listenerCount = (emitter, type) => {
  if (typeof emitter.listenerCount === 'function') return emitter.listenerCount(type)
  return listenersOf(emitter, type, false).length
}
EventEmitter.getEventListeners = (target, type) => {
  if (typeof target?.listeners === 'function') return target.listeners(type)
  const { isEventTarget, kEvents } = require('internal/event_target')
  if (isEventTarget(target)) return (target[kEvents].get(type) ?? []).map((one) => one.listener)
  throw new codes.ERR_INVALID_ARG_TYPE('emitter', ['EventEmitter', 'EventTarget'], target)
}
EventEmitter.addAbortListener = (signal, listener) => {
  if (signal === undefined) throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal)
  validateAbortSignal(signal, 'signal')
  validateFunction(listener, 'listener')
  let remove
  if (signal.aborted) queueMicrotask(() => listener())
  else {
    signal.addEventListener('abort', listener, {
      __proto__: null,
      once: true,
      [require('internal/event_target').kResistStopPropagation]: true,
    })
    remove = () => signal.removeEventListener('abort', listener)
  }
  return { __proto__: null, [Symbol.dispose ?? Symbol.for('nodejs.dispose')]: () => remove?.() }
}

// Adds a listener to an emitter or an EventTarget, and answers how to take it away again.
function listen(target, name, listener, flags) {
  if (typeof target?.on === 'function') {
    if (flags?.once) target.once(name, listener)
    else target.on(name, listener)
    return () => target.removeListener(name, listener)
  }
  if (typeof target?.addEventListener === 'function') {
    target.addEventListener(name, listener, flags)
    return () => target.removeEventListener(name, listener, flags)
  }
  throw new codes.ERR_INVALID_ARG_TYPE('emitter', 'EventEmitter', target)
}

EventEmitter.once = async function once(emitter, name, options = {}) {
  validateObject(options ?? {}, 'options')
  const { signal } = options ?? {}
  validateAbortSignal(signal, 'options.signal')
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
  return new Promise((resolve, reject) => {
    const undo = []
    const end = (how, value) => {
      for (const one of undo) one()
      how(value)
    }
    undo.push(listen(emitter, name, (...args) => end(resolve, args), { once: true }))
    if (name !== 'error' && typeof emitter.once === 'function')
      undo.push(listen(emitter, 'error', (error) => end(reject, error), { once: true }))
    if (signal !== undefined)
      undo.push(
        listen(signal, 'abort', () => end(reject, new AbortError(undefined, { cause: signal.reason })), { once: true }),
      )
  })
}

EventEmitter.on = function on(emitter, event, options = {}) {
  validateObject(options, 'options')
  const { signal } = options
  validateAbortSignal(signal, 'options.signal')
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
  const high = options.highWaterMark ?? options.highWatermark ?? Number.MAX_SAFE_INTEGER
  const low = options.lowWaterMark ?? options.lowWatermark ?? 1
  validators.validateInteger(high, 'options.highWaterMark', 1)
  validators.validateInteger(low, 'options.lowWaterMark', 1)
  const events = []
  const waiting = []
  const undo = []
  let error = null
  let finished = false
  let paused = false
  const iterator = {
    next() {
      if (events.length > 0) {
        const value = events.shift()
        if (paused && events.length < low) {
          emitter.resume()
          paused = false
        }
        return Promise.resolve({ value, done: false })
      }
      if (error) {
        const rejection = Promise.reject(error)
        error = null
        return rejection
      }
      if (finished) return close()
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    return: () => close(),
    throw(reason) {
      if (!reason || !(reason instanceof Error))
        throw new codes.ERR_INVALID_ARG_TYPE('EventEmitter.AsyncIterator', 'Error', reason)
      fail(reason)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
  Object.setPrototypeOf(iterator, Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}).prototype))
  undo.push(listen(emitter, event, (...args) => arrived(args)))
  if (event !== 'error' && typeof emitter.on === 'function') undo.push(listen(emitter, 'error', fail))
  for (const name of options.close ?? []) undo.push(listen(emitter, name, () => close()))
  if (signal)
    undo.push(listen(signal, 'abort', () => fail(new AbortError(undefined, { cause: signal.reason })), { once: true }))
  return iterator

  function arrived(value) {
    if (waiting.length > 0) return waiting.shift().resolve({ value, done: false })
    events.push(value)
    if (!paused && events.length > high) {
      paused = true
      emitter.pause?.()
    }
    return undefined
  }
  function fail(reason) {
    if (waiting.length > 0) waiting.shift().reject(reason)
    else error = reason
    close()
  }
  function close() {
    for (const one of undo.splice(0)) one()
    finished = true
    const done = { value: undefined, done: true }
    for (const one of waiting.splice(0)) one.resolve(done)
    return Promise.resolve(done)
  }
}

class EventEmitterAsyncResource extends EventEmitter {
  #resource
  constructor(options = undefined) {
    const { AsyncResource } = require('async_hooks')
    const name = typeof options === 'string' ? options : (options?.name ?? new.target.name)
    super(typeof options === 'string' ? undefined : options)
    this.#resource = new AsyncResource(name, typeof options === 'string' ? undefined : options)
  }
  emit(event, ...args) {
    return this.#resource.runInAsyncScope(super.emit, this, event, ...args)
  }
  emitDestroy() {
    this.#resource.emitDestroy()
  }
  get asyncId() {
    return this.#resource.asyncId()
  }
  get triggerAsyncId() {
    return this.#resource.triggerAsyncId()
  }
  get asyncResource() {
    return this.#resource
  }
}
EventEmitter.EventEmitterAsyncResource = EventEmitterAsyncResource
