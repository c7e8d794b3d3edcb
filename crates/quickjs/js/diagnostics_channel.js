// `diagnostics_channel`.
'use strict'
const { codes } = require('internal/errors')
const { validateFunction } = require('internal/validators')
const channels = new Map()
class Channel {
  constructor(name) {
    this.name = name
    this._subscribers = []
    this._stores = new Map()
  }
  get hasSubscribers() {
    return this._subscribers.length > 0 || this._stores.size > 0
  }
  subscribe(listener) {
    validateFunction(listener, 'subscription')
    this._subscribers = [...this._subscribers, listener]
  }
  unsubscribe(listener) {
    const at = this._subscribers.indexOf(listener)
    if (at === -1) return false
    this._subscribers = this._subscribers.toSpliced(at, 1)
    return true
  }
  publish(data) {
    for (const listener of this._subscribers) {
      try {
        listener(data, this.name)
      } catch (error) {
        process.nextTick(() => {
          throw error
        })
      }
    }
  }
  bindStore(store, transform) {
    this._stores.set(store, transform)
  }
  unbindStore(store) {
    return this._stores.delete(store)
  }
  runStores(data, fn, thisArg, ...args) {
    let run = () => {
      this.publish(data)
      return Reflect.apply(fn, thisArg, args)
    }
    for (const [store, transform] of this._stores) {
      const next = run
      run = () => store.run(transform ? transform(data) : data, next)
    }
    return run()
  }
}
function channel(name) {
  if (typeof name !== 'string' && typeof name !== 'symbol')
    throw new codes.ERR_INVALID_ARG_TYPE('channel', ['string', 'symbol'], name)
  if (!channels.has(name)) channels.set(name, new Channel(name))
  return channels.get(name)
}
const EVENTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
class TracingChannel {
  constructor(names) {
    for (const event of EVENTS)
      this[event] = typeof names === 'string' ? channel(`tracing:${names}:${event}`) : names[event]
  }
  get hasSubscribers() {
    return EVENTS.some((event) => this[event].hasSubscribers)
  }
  subscribe(handlers) {
    for (const event of EVENTS) if (handlers[event]) this[event].subscribe(handlers[event])
  }
  unsubscribe(handlers) {
    return EVENTS.every((event) => !handlers[event] || this[event].unsubscribe(handlers[event]))
  }
  traceSync(fn, context = {}, thisArg, ...args) {
    return this.start.runStores(context, () => {
      try {
        return (context.result = Reflect.apply(fn, thisArg, args))
      } catch (error) {
        context.error = error
        this.error.publish(context)
        throw error
      } finally {
        this.end.publish(context)
      }
    })
  }
  tracePromise(fn, context = {}, thisArg, ...args) {
    const settle = (key, raise) => (value) => {
      context[key] = value
      if (raise) this.error.publish(context)
      this.asyncStart.publish(context)
      this.asyncEnd.publish(context)
      if (raise) throw value
      return value
    }
    return this.start.runStores(context, () => {
      try {
        return Promise.resolve(Reflect.apply(fn, thisArg, args)).then(settle('result', false), settle('error', true))
      } finally {
        this.end.publish(context)
      }
    })
  }
}
module.exports = {
  channel,
  Channel,
  hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false,
  subscribe: (name, listener) => channel(name).subscribe(listener),
  unsubscribe: (name, listener) => channel(name).unsubscribe(listener),
  tracingChannel: (names) => new TracingChannel(names),
}
