// Timers as promises.
'use strict'
const { AbortError, codes } = require('internal/errors')
const { validateAbortSignal, validateBoolean, validateObject, validateNumber } = require('internal/validators')
const timers = require('timers')

function waiting(begin, end, value, options) {
  try {
    if (options != null) validateObject(options, 'options')
    validateAbortSignal(options?.signal, 'options.signal')
    if (options?.ref !== undefined) validateBoolean(options.ref, 'options.ref')
  } catch (error) {
    return Promise.reject(error)
  }
  const { signal, ref = true } = options ?? {}
  if (signal?.aborted) return Promise.reject(new AbortError(undefined, { cause: signal.reason }))
  return new Promise((resolve, reject) => {
    let stop
    const timer = begin(() => {
      if (stop) signal.removeEventListener('abort', stop)
      resolve(value)
    })
    if (!ref) timer.unref()
    if (signal) {
      stop = () => {
        end(timer)
        reject(new AbortError(undefined, { cause: signal.reason }))
      }
      signal.addEventListener('abort', stop, { once: true })
    }
  })
}

function setTimeout(delay, value, options = {}) {
  try {
    if (typeof delay !== 'undefined') validateNumber(delay, 'delay')
  } catch (error) {
    return Promise.reject(error)
  }
  return waiting((done) => timers.setTimeout(done, delay), timers.clearTimeout, value, options)
}
function setImmediate(value, options = {}) {
  return waiting((done) => timers.setImmediate(done), timers.clearImmediate, value, options)
}

async function* setInterval(delay, value, options = {}) {
  validateObject(options, 'options')
  if (typeof delay !== 'undefined') validateNumber(delay, 'delay')
  const { signal, ref = true } = options
  validateAbortSignal(signal, 'options.signal')
  validateBoolean(ref, 'options.ref')
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
  let due = 0
  let wake
  const timer = timers.setInterval(() => {
    due++
    wake?.()
    wake = undefined
  }, delay)
  if (!ref) timer.unref()
  let fail
  const stop = () => {
    timers.clearInterval(timer)
    fail?.(new AbortError(undefined, { cause: signal.reason }))
  }
  signal?.addEventListener('abort', stop, { once: true })
  try {
    while (!signal?.aborted) {
      if (due === 0) {
        await new Promise((resolve, reject) => {
          wake = resolve
          fail = reject
        })
      }
      for (; due > 0; due--) yield value
    }
    throw new AbortError(undefined, { cause: signal.reason })
  } finally {
    timers.clearInterval(timer)
    signal?.removeEventListener('abort', stop)
  }
}

const token = Symbol('token')
class Scheduler {
  constructor(secret) {
    if (secret !== token) throw new codes.ERR_ILLEGAL_CONSTRUCTOR()
  }
  yield() {
    if (!(this instanceof Scheduler)) throw new codes.ERR_INVALID_THIS('Scheduler')
    return setImmediate()
  }
  wait(delay, options) {
    if (!(this instanceof Scheduler)) throw new codes.ERR_INVALID_THIS('Scheduler')
    return setTimeout(delay, undefined, options)
  }
}

module.exports = { setTimeout, setImmediate, setInterval, scheduler: new Scheduler(token) }
