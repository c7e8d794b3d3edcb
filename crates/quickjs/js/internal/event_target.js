// EventTarget and Event, as the DOM has them and Node adds to them.
'use strict'
const { codes } = require('internal/errors')
const { customInspect } = require('internal/util')
const validators = require('internal/validators')

const inner = new WeakMap()
const trusted = new WeakSet()

class Event {
  constructor(type, options = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type')
    if (options != null) validators.validateObject(options, 'options', 5)
    inner.set(this, {
      type: `${type}`,
      bubbles: !!options?.bubbles,
      cancelable: !!options?.cancelable,
      composed: !!options?.composed,
      prevented: false,
      stopped: false,
      propagation: false,
      target: null,
      dispatched: false,
      stamp: performance.now(),
      passive: false,
    })
    Object.defineProperty(this, 'isTrusted', { get: isTrusted, enumerable: true, configurable: false })
  }
  get type() {
    return own(this).type
  }
  get target() {
    return own(this).target
  }
  get currentTarget() {
    return own(this).dispatched ? own(this).target : null
  }
  get srcElement() {
    return own(this).target
  }
  get bubbles() {
    return own(this).bubbles
  }
  get cancelable() {
    return own(this).cancelable
  }
  get composed() {
    return own(this).composed
  }
  get defaultPrevented() {
    return own(this).cancelable && own(this).prevented
  }
  get timeStamp() {
    return own(this).stamp
  }
  get returnValue() {
    return !own(this).cancelable || !own(this).prevented
  }
  get eventPhase() {
    return own(this).dispatched ? Event.AT_TARGET : Event.NONE
  }
  get cancelBubble() {
    return own(this).propagation
  }
  set cancelBubble(value) {
    if (value) this.stopPropagation()
  }
  composedPath() {
    return own(this).dispatched ? [own(this).target] : []
  }
  stopImmediatePropagation() {
    own(this).stopped = true
  }
  stopPropagation() {
    own(this).propagation = true
  }
  preventDefault() {
    if (!own(this).passive) own(this).prevented = true
  }
  initEvent(type, bubbles = false, cancelable = false) {
    if (!own(this).dispatched)
      Object.assign(own(this), { type: `${type}`, bubbles: !!bubbles, cancelable: !!cancelable })
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    const { name } = this.constructor
    if (depth < 0) return name
    const { type, defaultPrevented, cancelable, timeStamp } = this
    return `${name} ${inspect({ type, defaultPrevented, cancelable, timeStamp }, options)}`
  }
}
;['NONE', 'CAPTURING_PHASE', 'AT_TARGET', 'BUBBLING_PHASE'].forEach((name, value) => {
  for (const target of [Event, Event.prototype]) Object.defineProperty(target, name, { value, enumerable: true })
})
function isTrusted() {
  return trusted.has(this)
}
function own(event) {
  const found = inner.get(event)
  if (found === undefined) throw new codes.ERR_INVALID_THIS('Event')
  return found
}
for (const name of Object.getOwnPropertyNames(Event.prototype)) {
  if (name !== 'constructor') Object.defineProperty(Event.prototype, name, { enumerable: true })
}
Object.defineProperty(Event.prototype, Symbol.toStringTag, { configurable: true, value: 'Event' })

class CustomEvent extends Event {
  #detail
  constructor(type, options = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('type')
    super(type, options)
    this.#detail = options?.detail ?? null
  }
  get detail() {
    return this.#detail
  }
}
Object.defineProperty(CustomEvent.prototype, Symbol.toStringTag, { configurable: true, value: 'CustomEvent' })
Object.defineProperty(CustomEvent.prototype, 'detail', { enumerable: true })

const kEvents = Symbol('kEvents')
const kMax = Symbol('kMaxEventTargetListeners')
const kResistStopPropagation = Symbol('kResistStopPropagation')

class EventTarget {
  constructor() {
    Object.defineProperty(this, kEvents, { value: new Map(), enumerable: false })
    Object.defineProperty(this, kMax, { value: undefined, writable: true, enumerable: false })
  }
  addEventListener(type, listener, options = undefined) {
    if (this?.[kEvents] === undefined) throw new codes.ERR_INVALID_THIS('EventTarget')
    if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('type', 'listener')
    const {
      once = false,
      capture = false,
      passive = false,
      signal,
    } = typeof options === 'boolean' ? { capture: options } : (options ?? {})
    if (signal !== undefined) validators.validateAbortSignal(signal, 'options.signal')
    if (!isListener(listener)) {
      const warning = new Error(`addEventListener called with ${listener} which has no effect.`)
      warning.name = 'AddEventListenerArgumentTypeWarning'
      warning.target = this
      warning.type = type
      process.emitWarning(warning)
      return
    }
    if (signal?.aborted) return
    type = `${type}`
    let list = this[kEvents].get(type)
    if (list === undefined) this[kEvents].set(type, (list = []))
    if (list.some((one) => one.listener === listener && one.capture === !!capture)) return
    list.push({
      listener,
      once: !!once,
      capture: !!capture,
      passive: !!passive,
      removed: false,
      resists: !!options?.[kResistStopPropagation],
    })
    signal?.addEventListener('abort', () => this.removeEventListener(type, listener, options), { once: true })
    const max = this[kMax] ?? require('events').defaultMaxListeners
    if (max > 0 && list.length > max && !list.warned) {
      list.warned = true
      const shown = require('internal/inspect').inspect(this, { depth: -1 })
      const warning = new Error(
        `Possible EventTarget memory leak detected. ${list.length} ${type} listeners added to ${shown}. MaxListeners is ${max}. Use events.setMaxListeners() to increase limit`,
      )
      Object.assign(warning, { name: 'MaxListenersExceededWarning', target: this, type, count: list.length })
      process.emitWarning(warning)
    }
  }
  removeEventListener(type, listener, options = undefined) {
    if (this?.[kEvents] === undefined) throw new codes.ERR_INVALID_THIS('EventTarget')
    if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('type', 'listener')
    const capture = !!(typeof options === 'boolean' ? options : options?.capture)
    const list = this[kEvents].get(`${type}`)
    const at = list?.findIndex((one) => one.listener === listener && one.capture === capture) ?? -1
    if (at === -1) return
    list[at].removed = true
    list.splice(at, 1)
    if (list.length === 0) this[kEvents].delete(`${type}`)
  }
  dispatchEvent(event) {
    if (this?.[kEvents] === undefined) throw new codes.ERR_INVALID_THIS('EventTarget')
    if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('event')
    if (!(event instanceof Event)) throw new codes.ERR_INVALID_ARG_TYPE('event', 'Event', event)
    const state = own(event)
    if (state.dispatched) throw new codes.ERR_EVENT_RECURSION(state.type)
    state.target = this
    state.dispatched = true
    for (const one of [...(this[kEvents].get(state.type) ?? [])]) {
      if (one.removed || (state.stopped && !one.resists)) continue
      if (one.once) this.removeEventListener(state.type, one.listener, one.capture)
      state.passive = one.passive
      try {
        const callback = typeof one.listener === 'function' ? one.listener : one.listener.handleEvent
        const result = callback.call(typeof one.listener === 'function' ? this : one.listener, event)
        if (result != null && typeof result.then === 'function')
          result.then(undefined, (error) =>
            process.nextTick(() => {
              throw error
            }),
          )
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
      }
    }
    state.passive = false
    state.dispatched = false
    return !(state.cancelable && state.prevented)
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    const { name } = this.constructor
    return depth < 0 ? name : `${name} ${inspect({}, options)}`
  }
}
for (const name of ['addEventListener', 'removeEventListener', 'dispatchEvent'])
  Object.defineProperty(EventTarget.prototype, name, { enumerable: true })
Object.defineProperty(EventTarget.prototype, Symbol.toStringTag, { configurable: true, value: 'EventTarget' })

function isListener(listener) {
  if (typeof listener === 'function' || (typeof listener === 'object' && listener !== null)) return true
  if (listener == null) return false
  throw new codes.ERR_INVALID_ARG_TYPE('listener', 'EventListener', listener)
}

// `onNAME`: a listener that can be set like a property.
function defineEventHandler(target, name) {
  const handlers = new WeakMap()
  Object.defineProperty(target, `on${name}`, {
    configurable: true,
    enumerable: true,
    get() {
      return handlers.get(this)?.handler ?? null
    },
    set(value) {
      const known = handlers.get(this)
      if (typeof value !== 'function') {
        if (known) this.removeEventListener(name, known.wrapped)
        handlers.delete(this)
        return
      }
      if (known) known.handler = value
      else {
        const entry = { handler: value, wrapped: (event) => entry.handler.call(this, event) }
        handlers.set(this, entry)
        this.addEventListener(name, entry.wrapped)
      }
    },
  })
}

// NodeEventTarget: an EventTarget with some of an EventEmitter's methods.
class NodeEventTarget extends EventTarget {
  setMaxListeners(count) {
    require('events').setMaxListeners(count, this)
  }
  getMaxListeners() {
    return this[kMax] ?? require('events').defaultMaxListeners
  }
  eventNames() {
    return [...this[kEvents].keys()]
  }
  listenerCount(type) {
    return this[kEvents].get(String(type))?.length ?? 0
  }
  on(type, listener) {
    this.addEventListener(type, listener)
    return this
  }
  addListener(type, listener) {
    this.addEventListener(type, listener)
    return this
  }
  once(type, listener) {
    this.addEventListener(type, listener, { once: true })
    return this
  }
  off(type, listener, options) {
    this.removeEventListener(type, listener, options)
    return this
  }
  removeListener(type, listener, options) {
    this.removeEventListener(type, listener, options)
    return this
  }
  emit(type, argument) {
    const had = this.listenerCount(type) > 0
    this.dispatchEvent(new CustomEvent(type, { detail: argument }))
    return had
  }
  removeAllListeners(type) {
    if (type !== undefined) this[kEvents].delete(String(type))
    else this[kEvents].clear()
    return this
  }
}

module.exports = {
  Event,
  CustomEvent,
  EventTarget,
  NodeEventTarget,
  defineEventHandler,
  kEvents,
  kMax,
  kResistStopPropagation,
  trust: (event) => trusted.add(event),
  isEventTarget: (value) => value?.[kEvents] instanceof Map,
}
