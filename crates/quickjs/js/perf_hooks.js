// `perf_hooks`.
'use strict'
const { EventTarget } = require('internal/event_target')
const { codes } = require('internal/errors')
const validators = require('internal/validators')

class PerformanceEntry {
  constructor(name, entryType, startTime, duration, detail) {
    Object.assign(this, { name, entryType, startTime, duration })
    if (detail !== undefined) this.detail = detail
  }
  toJSON() {
    return { ...this }
  }
}
class PerformanceMark extends PerformanceEntry {
  constructor(name, options = {}) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('name')
    const startTime = options?.startTime ?? native.now()
    validators.validateNumber(startTime, 'startTime')
    if (startTime < 0) throw new codes.ERR_PERFORMANCE_INVALID_TIMESTAMP(startTime)
    super(`${name}`, 'mark', startTime, 0, options?.detail == null ? null : structuredClone(options.detail))
  }
}
class PerformanceMeasure extends PerformanceEntry {}

const entries = []
const observers = new Set()
function add(entry) {
  entries.push(entry)
  for (const observer of observers) observer.told(entry)
  return entry
}
class PerformanceObserverEntryList {
  #all
  constructor(all) {
    this.#all = all
  }
  getEntries() {
    return this.#all.slice()
  }
  getEntriesByType(type) {
    return this.#all.filter((one) => one.entryType === `${type}`)
  }
  getEntriesByName(name, type) {
    return this.#all.filter((one) => one.name === `${name}` && (type === undefined || one.entryType === `${type}`))
  }
}
class PerformanceObserver {
  #callback
  #types = new Set()
  #buffer = []
  #waiting = false
  constructor(callback) {
    validators.validateFunction(callback, 'callback')
    this.#callback = callback
  }
  static get supportedEntryTypes() {
    return ['function', 'mark', 'measure']
  }
  observe(options = {}) {
    validators.validateObject(options, 'options')
    const { entryTypes, type } = options
    if (entryTypes === undefined && type === undefined)
      throw new codes.ERR_MISSING_ARGS('options.entryTypes', 'options.type')
    if (entryTypes != null && type != null)
      throw new codes.ERR_INVALID_ARG_VALUE(
        'options.entryTypes',
        entryTypes,
        'options.entryTypes can not set with options.type together',
      )
    for (const one of entryTypes ?? [type]) this.#types.add(one)
    if (options.buffered) for (const one of entries) this.told(one)
    observers.add(this)
  }
  disconnect() {
    observers.delete(this)
    this.#types.clear()
    this.#buffer = []
  }
  takeRecords() {
    return this.#buffer.splice(0)
  }
  told(entry) {
    if (!this.#types.has(entry.entryType)) return
    this.#buffer.push(entry)
    if (this.#waiting) return
    this.#waiting = true
    setImmediate(() => {
      this.#waiting = false
      const all = this.#buffer.splice(0)
      if (all.length > 0) this.#callback.call(this, new PerformanceObserverEntryList(all), this)
    })
  }
}

class Performance extends EventTarget {
  now() {
    return native.now()
  }
  get timeOrigin() {
    return process.start
  }
  get nodeTiming() {
    return {
      name: 'node',
      entryType: 'node',
      startTime: 0,
      duration: native.now(),
      bootstrapComplete: 1,
      environment: 1,
      idleTime: 0,
      loopExit: -1,
      loopStart: 1,
      nodeStart: 0,
      v8Start: 0,
    }
  }
  mark(name, options) {
    return add(new PerformanceMark(name, options))
  }
  measure(name, startOrOptions, end) {
    validators.validateString(name, 'name')
    const at = (mark) => {
      if (typeof mark === 'number') return mark
      const found = entries.findLast((one) => one.entryType === 'mark' && one.name === `${mark}`)
      if (found === undefined) throw new DOMException(`The "${mark}" performance mark has not been set`, 'SyntaxError')
      return found.startTime
    }
    const options =
      startOrOptions !== null && typeof startOrOptions === 'object' ? startOrOptions : { start: startOrOptions, end }
    let finish =
      options.end !== undefined
        ? at(options.end)
        : options.start !== undefined && options.duration !== undefined
          ? at(options.start) + options.duration
          : native.now()
    const start =
      options.start !== undefined
        ? at(options.start)
        : options.duration !== undefined && options.end !== undefined
          ? finish - options.duration
          : 0
    return add(
      new PerformanceMeasure(
        name,
        'measure',
        start,
        finish - start,
        options.detail == null ? null : structuredClone(options.detail),
      ),
    )
  }
  clearMarks(name) {
    clear('mark', name)
  }
  clearMeasures(name) {
    clear('measure', name)
  }
  clearResourceTimings() {}
  setResourceTimingBufferSize() {}
  getEntries() {
    return entries.slice().sort((a, b) => a.startTime - b.startTime)
  }
  getEntriesByName(name, type) {
    return this.getEntries().filter((one) => one.name === `${name}` && (type === undefined || one.entryType === type))
  }
  getEntriesByType(type) {
    return this.getEntries().filter((one) => one.entryType === `${type}`)
  }
  eventLoopUtilization() {
    return { idle: 0, active: 0, utilization: 0 }
  }
  timerify(fn, options = {}) {
    validators.validateFunction(fn, 'fn')
    validators.validateObject(options, 'options')
    function timerified(...args) {
      const start = native.now()
      const result = new.target ? Reflect.construct(fn, args, fn) : Reflect.apply(fn, this, args)
      const done = () => {
        const entry = new PerformanceEntry(fn.name, 'function', start, native.now() - start, args)
        for (const observer of observers) observer.told(entry)
      }
      if (typeof result?.finally === 'function') return result.finally(done)
      done()
      return result
    }
    Object.defineProperties(timerified, {
      length: { value: fn.length, configurable: true },
      name: { value: `timerified ${fn.name}`, configurable: true },
    })
    return timerified
  }
  toJSON() {
    return {
      nodeTiming: this.nodeTiming,
      timeOrigin: this.timeOrigin,
      eventLoopUtilization: this.eventLoopUtilization(),
    }
  }
}
function clear(type, name) {
  for (let at = entries.length - 1; at >= 0; at--)
    if (entries[at].entryType === type && (name === undefined || entries[at].name === `${name}`)) entries.splice(at, 1)
}
class Histogram {
  #values = []
  record(value) {
    this.#values.push(Number(value))
  }
  get count() {
    return this.#values.length
  }
  get min() {
    return this.#values.length ? Math.min(...this.#values) : 9223372036854776000
  }
  get max() {
    return this.#values.length ? Math.max(...this.#values) : 0
  }
  get mean() {
    return this.#values.reduce((a, b) => a + b, 0) / this.#values.length
  }
  get exceeds() {
    return 0
  }
  percentile(p) {
    const sorted = this.#values.toSorted((a, b) => a - b)
    return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0
  }
  reset() {
    this.#values = []
  }
  enable() {
    return true
  }
  disable() {
    return true
  }
}
const performance = new Performance()
module.exports = {
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  PerformanceObserver,
  PerformanceObserverEntryList,
  performance,
  monitorEventLoopDelay: () => new Histogram(),
  createHistogram: () => new Histogram(),
  constants: { NODE_PERFORMANCE_GC_MAJOR: 4, NODE_PERFORMANCE_GC_MINOR: 1 },
}
