// The event loop: ticks and microtasks after each callback; timers, finished operations, immediates in turns.
'use strict'
const { codes } = require('internal/errors')

// Queues as arrays with a moving head: nothing is shifted.
class Queue {
  items = []
  head = 0
  push(item) {
    this.items.push(item)
  }
  shift() {
    if (this.head === this.items.length) return undefined
    const item = this.items[this.head]
    this.items[this.head++] = undefined
    if (this.head === this.items.length) {
      this.items.length = 0
      this.head = 0
    } else if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items.splice(0, this.head)
      this.head = 0
    }
    return item
  }
  get length() {
    return this.items.length - this.head
  }
}

const ticks = new Queue()
let finished = new Queue()
let immediates = []
let alive = 0
let fatal = (error) => {
  throw error
}
let context

exports.setFatal = (handler) => {
  fatal = handler
}
exports.getContext = () => context
exports.setContext = (value) => {
  context = value
}

function run(fn, args, wanted) {
  const before = context
  context = wanted
  try {
    Reflect.apply(fn, undefined, args)
  } catch (error) {
    fatal(error)
  } finally {
    context = before
  }
}

function drain() {
  do {
    let tick
    while ((tick = ticks.shift()) !== undefined) run(tick.fn, tick.args, tick.context)
    native.runJobs()
  } while (ticks.length > 0 || rejections())
}
exports.drain = drain

// Runs a callback as the loop does: with what it has queued, to the end.
function enter(fn, args, wanted = context) {
  run(fn, args, wanted)
  drain()
}
exports.enter = enter

exports.nextTick = function nextTick(callback, ...args) {
  require('internal/validators').validateFunction(callback, 'callback')
  if (process._exiting) return
  ticks.push({ fn: callback, args, context })
}

exports.queueMicrotask = function queueMicrotask(callback) {
  require('internal/validators').validateFunction(callback, 'callback')
  const wanted = context
  resolved.then(() => {
    run(callback, [], wanted)
  })
}
const resolved = Promise.resolve()

// An operation that is done in a turn of its own; what it answers is passed on by `done`.
exports.later = function later(work) {
  finished.push({ fn: work, context })
}

exports.requests = () => finished.length
exports.immediates = () => immediates.filter((entry) => !entry._destroyed && entry._refed).length

// Something that keeps the loop going: files that are watched, input that is read.
exports.hold = () => {
  alive++
}
exports.letGo = () => {
  alive--
}

exports.pollers = new Set()
// The same for what wakes the loop by itself: answers to requests.
exports.awaited = new Set()
let inputWanted = false
exports.wantInput = (wanted) => {
  inputWanted = wanted
}

exports.immediate = (entry) => {
  entry.context = context
  immediates.push(entry)
}

// Promises that were rejected while nobody looked.
let pending = []
const told = new WeakMap()
exports.rejected = (promise, reason, handled) => {
  if (!handled) {
    pending.push({ promise, reason, context })
    return
  }
  const at = pending.findIndex((one) => one.promise === promise)
  if (at !== -1) pending.splice(at, 1)
  else if (told.has(promise)) {
    told.delete(promise)
    exports.nextTick(() => process.emit('rejectionHandled', promise))
  }
}
function rejections() {
  if (pending.length === 0) return false
  const all = pending
  pending = []
  for (const { promise, reason } of all) {
    told.set(promise, reason)
    const mode = require('internal/flags').last('unhandled-rejections') ?? 'throw'
    if (mode !== 'strict' && process.emit('unhandledRejection', reason, promise) && mode !== 'warn') continue
    if (mode === 'none') continue
    if (mode === 'warn') {
      process.emitWarning(new codes.ERR_UNHANDLED_REJECTION(String(reason)))
      continue
    }
    let error = reason
    if (
      !(reason instanceof Error) &&
      !(typeof reason === 'object' && reason !== null && typeof reason.stack === 'string')
    ) {
      let shown
      try {
        shown = typeof reason === 'string' ? reason : require('internal/inspect').inspect(reason)
      } catch {
        shown = '[object]'
      }
      error = new codes.ERR_UNHANDLED_REJECTION(shown)
    }
    try {
      fatal(error, 'unhandledRejection')
    } catch (again) {
      fatal(again)
    }
  }
  return true
}

// One turn. Answers how long there is nothing to do, in milliseconds; undefined if there is nothing left at all.
function turn() {
  const timers = require('internal/timer_list')
  timers.runDue(enter)
  for (const poll of [...exports.pollers, ...exports.awaited]) enter(poll, [])
  const done = finished
  finished = new Queue()
  let operation
  while ((operation = done.shift()) !== undefined) enter(operation.fn, [], operation.context)
  const due = immediates
  immediates = []
  for (const entry of due) if (!entry._destroyed) enter(entry.run, [entry], entry.context)
  if (!exports.anythingLeft()) return undefined
  if (finished.length > 0 || immediates.some((entry) => !entry._destroyed)) return 0
  return timers.next()
}

exports.turn = turn

// Runs everything that was begun to its end.
exports.runAll = function runAll() {
  drain()
  while (exports.anythingLeft()) {
    const wait = turn()
    if (wait === undefined) return
    if (wait > 0) {
      const requests = exports.awaited.size > 0
      const often = exports.pollers.size > 0 || (requests && inputWanted)
      native.wait(often ? Math.min(wait, exports.pollInterval) : wait, inputWanted, requests)
    } else native.look()
  }
}
exports.pollInterval = 5

// Whether anything was begun that the loop would wait for.
exports.anythingLeft = () =>
  ticks.length > 0 ||
  finished.length > 0 ||
  alive > 0 ||
  require('internal/timer_list').anyRefed() ||
  immediates.some((entry) => !entry._destroyed && entry._refed)
