// setTimeout, setInterval, setImmediate.
'use strict'
const { validateFunction, validateNumber } = require('internal/validators')
const { customInspect, promisify, defineLazily } = require('internal/util')
const loop = require('internal/loop')
const list = require('internal/timer_list')

const MAX = 2 ** 31 - 1
const known = new Map()
let ids = 1
const toPrimitive = Symbol.toPrimitive
const dispose = Symbol.dispose ?? Symbol.for('nodejs.dispose')

function after(delay) {
  delay = Number(delay)
  if (!(delay >= 1 && delay <= MAX)) {
    if (delay > MAX)
      process.emitWarning(
        `${delay} does not fit into a 32-bit signed integer.\nTimeout duration was set to 1.`,
        'TimeoutOverflowWarning',
      )
    return 1
  }
  return Math.trunc(delay)
}

class Timeout {
  constructor(callback, delay, args, repeat, refed) {
    this._idleTimeout = after(delay)
    this._idlePrev = this
    this._idleNext = this
    this._idleStart = null
    this._onTimeout = callback
    this._timerArgs = args
    this._repeat = repeat ? this._idleTimeout : null
    this._destroyed = false
    Object.defineProperty(this, 'entry', {
      value: { run: fire, timer: this, refed, context: loop.getContext() },
      enumerable: false,
    })
    begin(this)
  }
  ref() {
    list.setRef(this.entry, true)
    return this
  }
  unref() {
    list.setRef(this.entry, false)
    return this
  }
  hasRef() {
    return this.entry.refed
  }
  refresh() {
    if (this._destroyed && !list.isActive(this.entry) && this._onTimeout === null) return this
    list.remove(this.entry)
    this._destroyed = false
    begin(this)
    return this
  }
  close() {
    clearTimeout(this)
    return this
  }
  [toPrimitive]() {
    if (this.id === undefined) {
      Object.defineProperty(this, 'id', { value: ids++, enumerable: false })
      known.set(this.id, this)
    }
    return this.id
  }
  [dispose]() {
    clearTimeout(this)
  }
  [customInspect](_, options) {
    return require('internal/inspect')
      .inspect({ ...this }, { ...options, depth: 0 })
      .replace(/^/, 'Timeout ')
  }
}

function begin(timer) {
  timer._idleStart = Math.floor(native.now())
  list.insert(timer.entry, timer._idleTimeout)
}

function fire({ timer }) {
  if (timer._onTimeout === null) return
  const callback = timer._onTimeout
  const start = native.now()
  if (timer._repeat === null) timer._destroyed = true
  try {
    if (timer._timerArgs === undefined) callback.call(timer)
    else Reflect.apply(callback, timer, timer._timerArgs)
  } finally {
    if (
      timer._repeat !== null &&
      timer._onTimeout !== null &&
      timer._idleTimeout !== -1 &&
      !list.isActive(timer.entry)
    ) {
      timer._idleTimeout = timer._repeat
      timer._idleStart = Math.floor(start)
      list.insert(timer.entry, timer._repeat)
    } else if (timer._destroyed && timer.id !== undefined && !list.isActive(timer.entry)) known.delete(timer.id)
  }
}

function setTimeout(callback, delay, ...args) {
  validateFunction(callback, 'callback')
  return new Timeout(callback, delay, args.length === 0 ? undefined : args, false, true)
}
function setInterval(callback, delay, ...args) {
  validateFunction(callback, 'callback')
  return new Timeout(callback, delay, args.length === 0 ? undefined : args, true, true)
}
function clearTimeout(timer) {
  if (typeof timer === 'number' || typeof timer === 'string') timer = known.get(Number(timer))
  if (!(timer instanceof Timeout)) return
  list.remove(timer.entry)
  timer._destroyed = true
  timer._onTimeout = null
  timer._idleTimeout = -1
  if (timer.id !== undefined) known.delete(timer.id)
}
const clearInterval = (timer) => clearTimeout(timer)

class Immediate {
  constructor(callback, args) {
    this._idleNext = null
    this._idlePrev = null
    this._onImmediate = callback
    this._argv = args
    this._destroyed = false
    this._refed = true
    Object.defineProperty(this, 'run', { value: fireImmediate, enumerable: false })
    loop.immediate(this)
  }
  ref() {
    this._refed = true
    return this
  }
  unref() {
    this._refed = false
    return this
  }
  hasRef() {
    return this._refed && !this._destroyed
  }
  [dispose]() {
    clearImmediate(this)
  }
}
function fireImmediate(immediate) {
  immediate._destroyed = true
  const callback = immediate._onImmediate
  immediate._onImmediate = null
  if (immediate._argv === undefined) callback.call(immediate)
  else Reflect.apply(callback, immediate, immediate._argv)
}
function setImmediate(callback, ...args) {
  validateFunction(callback, 'callback')
  return new Immediate(callback, args.length === 0 ? undefined : args)
}
function clearImmediate(immediate) {
  if (immediate instanceof Immediate) {
    immediate._destroyed = true
    immediate._onImmediate = null
  }
}

Object.defineProperty(setTimeout, promisify.custom, {
  enumerable: true,
  get: () => require('timers/promises').setTimeout,
})
Object.defineProperty(setImmediate, promisify.custom, {
  enumerable: true,
  get: () => require('timers/promises').setImmediate,
})

module.exports = {
  setTimeout,
  clearTimeout,
  setImmediate,
  clearImmediate,
  setInterval,
  clearInterval,
  // The old interface.
  _unrefActive(item) {
    module.exports.active(item)
  },
  active(item) {
    if (item._idleTimeout === undefined || item._idleTimeout < 0) return
    module.exports.unenroll(item, true)
    item._timer = setTimeout(() => item._onTimeout?.(), item._idleTimeout)
  },
  enroll(item, delay) {
    validateNumber(delay, 'msecs')
    if (delay < 0 || !Number.isFinite(delay))
      throw new (require('internal/errors').codes.ERR_OUT_OF_RANGE)('msecs', 'a non-negative finite number', delay)
    item._idleTimeout = Math.min(Math.trunc(delay), MAX)
  },
  unenroll(item, keep) {
    if (item._timer) clearTimeout(item._timer)
    item._timer = undefined
    if (!keep) item._idleTimeout = -1
  },
}
defineLazily(module.exports, ['promises'], () => require('timers/promises'))
