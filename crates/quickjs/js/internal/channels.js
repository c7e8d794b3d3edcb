// MessageChannel, within one engine.
'use strict'
const { Event, NodeEventTarget, EventTarget, defineEventHandler } = require('internal/event_target')
const loop = require('internal/loop')

class MessageEvent extends Event {
  #init
  constructor(type, init = {}) {
    super(type, init)
    this.#init = init
  }
  get data() {
    return this.#init.data ?? null
  }
  get origin() {
    return this.#init.origin ?? ''
  }
  get lastEventId() {
    return this.#init.lastEventId ?? ''
  }
  get source() {
    return this.#init.source ?? null
  }
  get ports() {
    return this.#init.ports ?? []
  }
}

const link = Symbol('other')
class MessagePort extends NodeEventTarget {
  [link] = undefined
  #started = false
  #queue = []
  #held = false
  postMessage(message, transfer) {
    const other = this[link]
    const data = structuredClone(message, Array.isArray(transfer) ? { transfer } : transfer)
    if (other) loop.later(() => other.#deliver(data))
  }
  #deliver(data) {
    if (this.#started) this.dispatchEvent(new MessageEvent('message', { data }))
    else this.#queue.push(data)
  }
  start() {
    if (this.#started) return
    this.#started = true
    for (const data of this.#queue.splice(0)) loop.later(() => this.#deliver(data))
  }
  addEventListener(type, ...rest) {
    super.addEventListener(type, ...rest)
    if (type === 'message') this.ref()
  }
  on(type, listener) {
    if (type !== 'message') return super.on(type, listener)
    const wrapped = (event) => listener(event.data)
    listener.wrapped = wrapped
    super.on(type, wrapped)
    this.start()
    return this
  }
  once(type, listener) {
    if (type !== 'message') return super.once(type, listener)
    super.once(type, (event) => listener(event.data))
    this.start()
    return this
  }
  off(type, listener) {
    return super.off(type, listener.wrapped ?? listener)
  }
  ref() {
    if (!this.#held && this[link]) {
      this.#held = true
      loop.hold()
    }
  }
  unref() {
    if (this.#held) {
      this.#held = false
      loop.letGo()
    }
  }
  hasRef() {
    return this.#held
  }
  close() {
    const other = this[link]
    this[link] = undefined
    this.unref()
    if (!other) return
    loop.later(() => {
      this.dispatchEvent(new Event('close'))
      other.close()
    })
  }
}
defineEventHandler(MessagePort.prototype, 'message')
{
  const { get, set } = Object.getOwnPropertyDescriptor(MessagePort.prototype, 'onmessage')
  Object.defineProperty(MessagePort.prototype, 'onmessage', {
    configurable: true,
    enumerable: true,
    get,
    set(value) {
      set.call(this, value)
      this.start()
      if (typeof value !== 'function') this.unref()
    },
  })
}
defineEventHandler(MessagePort.prototype, 'messageerror')

class MessageChannel {
  constructor() {
    this.port1 = new MessagePort()
    this.port2 = new MessagePort()
    this.port1[link] = this.port2
    this.port2[link] = this.port1
  }
}

const channels = new Map()
class BroadcastChannel extends EventTarget {
  constructor(name) {
    super()
    this.name = `${name}`
    if (!channels.has(this.name)) channels.set(this.name, new Set())
    channels.get(this.name).add(this)
  }
  postMessage(message) {
    const data = structuredClone(message)
    for (const one of channels.get(this.name) ?? [])
      if (one !== this) loop.later(() => one.dispatchEvent(new MessageEvent('message', { data })))
  }
  close() {
    channels.get(this.name)?.delete(this)
  }
  ref() {
    return this
  }
  unref() {
    return this
  }
}
defineEventHandler(BroadcastChannel.prototype, 'message')

module.exports = { MessageChannel, MessagePort, MessageEvent, BroadcastChannel }
