// AbortController and AbortSignal.
'use strict'
const { codes } = require('internal/errors')
const { EventTarget, Event, defineEventHandler } = require('internal/event_target')
const { customInspect } = require('internal/util')
const validators = require('internal/validators')

const token = Symbol('internal')
const state = new WeakMap()
const of = (signal) => {
  const found = state.get(signal) ?? state.get(native.proxy(signal)?.[0])
  if (found === undefined) throw new codes.ERR_INVALID_THIS('AbortSignal')
  return found
}

class AbortSignal extends EventTarget {
  constructor(secret) {
    if (secret !== token) throw new codes.ERR_ILLEGAL_CONSTRUCTOR()
    super()
    state.set(this, { aborted: false, reason: undefined, sources: undefined, dependants: [] })
  }
  get aborted() {
    return of(this).aborted
  }
  get reason() {
    return of(this).reason
  }
  throwIfAborted() {
    if (of(this).aborted) throw of(this).reason
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    return depth < 0 ? this : `AbortSignal ${inspect({ aborted: this.aborted }, options)}`
  }
  static abort(reason = new DOMException('This operation was aborted', 'AbortError')) {
    const signal = new AbortSignal(token)
    Object.assign(of(signal), { aborted: true, reason })
    return signal
  }
  static timeout(delay) {
    validators.validateUint32(delay, 'delay', false)
    const signal = new AbortSignal(token)
    const timer = setTimeout(() => {
      abort(signal, new DOMException('The operation was aborted due to timeout', 'TimeoutError'))
    }, delay)
    timer.unref()
    return signal
  }
  static any(signals) {
    if (signals == null || typeof signals[Symbol.iterator] !== 'function') {
      throw new codes.ERR_INVALID_ARG_TYPE('signals', 'Iterable', signals)
    }
    const all = [...signals]
    validators.validateAbortSignalArray(all, 'signals')
    const signal = new AbortSignal(token)
    for (const one of all) {
      if (one.aborted) {
        Object.assign(of(signal), { aborted: true, reason: one.reason })
        return signal
      }
    }
    for (const one of all) of(one).dependants.push(signal)
    return signal
  }
}
for (const name of ['aborted', 'reason', 'throwIfAborted'])
  Object.defineProperty(AbortSignal.prototype, name, { enumerable: true })
Object.defineProperty(AbortSignal.prototype, Symbol.toStringTag, { configurable: true, value: 'AbortSignal' })
defineEventHandler(AbortSignal.prototype, 'abort')

function abort(signal, reason) {
  const inner = of(signal)
  if (inner.aborted) return
  inner.aborted = true
  inner.reason = reason
  const event = new Event('abort')
  require('internal/event_target').trust(event)
  signal.dispatchEvent(event)
  for (const dependant of inner.dependants.splice(0)) abort(dependant, reason)
}

const signals = new WeakMap()
class AbortController {
  constructor() {
    signals.set(this, new AbortSignal(token))
  }
  get signal() {
    const signal = signals.get(this)
    if (signal === undefined) throw new codes.ERR_INVALID_THIS('AbortController')
    return signal
  }
  abort(reason = new DOMException('This operation was aborted', 'AbortError')) {
    abort(this.signal, reason)
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    return depth < 0 ? this : `AbortController ${inspect({ signal: this.signal }, options)}`
  }
}
for (const name of ['signal', 'abort']) Object.defineProperty(AbortController.prototype, name, { enumerable: true })
Object.defineProperty(AbortController.prototype, Symbol.toStringTag, { configurable: true, value: 'AbortController' })

module.exports = { AbortController, AbortSignal }
