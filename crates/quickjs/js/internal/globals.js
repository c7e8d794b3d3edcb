// What scripts find without asking: cheap things at once, the rest when they are first looked at.
'use strict'
const { defineLazily } = require('internal/util')
const loop = require('internal/loop')

const hidden = (name, value) =>
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true })
const shown = (name, value) =>
  Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true })

hidden('process', require('internal/process'))
if (globalThis.Atomics === undefined) hidden('Atomics', require('internal/atomics'))
shown('global', globalThis)
Object.defineProperty(globalThis, Symbol.toStringTag, { value: 'global', configurable: true })
const timers = require('timers')
for (const name of ['clearImmediate', 'setImmediate', 'clearInterval', 'clearTimeout', 'setInterval', 'setTimeout'])
  shown(name, timers[name])
shown('queueMicrotask', loop.queueMicrotask)

// Each module, and the names that it gives to everybody.
const LAZY = {
  'internal/abort': ['AbortController', 'AbortSignal'],
  'internal/event_target': ['Event', 'EventTarget', 'CustomEvent'],
  'internal/dom_exception': ['DOMException'],
  'internal/url': ['URL', 'URLSearchParams'],
  'internal/text': ['TextEncoder', 'TextDecoder'],
  'internal/blob': ['Blob', 'File'],
  'internal/fetch': ['Headers', 'Request', 'Response'],
  'internal/intl': ['Intl'],
  'internal/channels': ['MessageChannel', 'MessagePort', 'MessageEvent', 'BroadcastChannel'],
  'stream/web': [
    'ReadableStream',
    'ReadableStreamDefaultReader',
    'ReadableStreamBYOBReader',
    'ReadableStreamBYOBRequest',
    'ReadableByteStreamController',
    'ReadableStreamDefaultController',
    'TransformStream',
    'TransformStreamDefaultController',
    'WritableStream',
    'WritableStreamDefaultController',
    'WritableStreamDefaultWriter',
    'ByteLengthQueuingStrategy',
    'CountQueuingStrategy',
    'TextEncoderStream',
    'TextDecoderStream',
    'CompressionStream',
    'DecompressionStream',
  ],
  perf_hooks: [
    'PerformanceEntry',
    'PerformanceMark',
    'PerformanceMeasure',
    'PerformanceObserver',
    'PerformanceObserverEntryList',
  ],
}
for (const [module, names] of Object.entries(LAZY))
  defineLazily(globalThis, names, (name) => require(module)[name], false)
defineLazily(globalThis, ['fetch'], () => require('internal/fetch').fetch)
defineLazily(globalThis, ['performance'], () => require('perf_hooks').performance)
defineLazily(globalThis, ['structuredClone'], () => require('internal/structured_clone').structuredClone)
defineLazily(globalThis, ['Buffer'], () => require('buffer').Buffer, false)
defineLazily(globalThis, ['atob', 'btoa'], (name) => require('buffer')[name])
defineLazily(globalThis, ['crypto'], () => require('crypto').webcrypto)
defineLazily(
  globalThis,
  ['navigator'],
  () => ({
    hardwareConcurrency: 1,
    language: 'en-US',
    languages: ['en-US'],
    platform: 'linux',
    userAgent: 'Node.js/20',
  }),
  false,
)
if (require('internal/flags').has('expose-gc')) hidden('gc', () => native.collect())
hidden('console', require('internal/console').console)
