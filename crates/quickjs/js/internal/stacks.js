// Stack traces that look like V8's: the error itself comes first, and `Error.prepareStackTrace` is not there until somebody sets it.
'use strict'
const original = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
let theirs

function header(error) {
  try {
    if (error === null || typeof error !== 'object') return String(error)
    const kind = error.constructor?.prototype instanceof Error || error.constructor === Error
    const name = error.name === undefined ? (kind ? error.constructor.name : 'Error') : String(error.name)
    const message = error.message === undefined ? '' : String(error.message)
    if (name === '') return message
    return message === '' ? name : `${name}: ${message}`
  } catch {
    return 'Error'
  }
}

function site(frame) {
  const name = frame.getFunctionName()
  const file = frame.getFileName()
  const place =
    file === null || frame.isNative() ? 'native' : `${file}:${frame.getLineNumber()}:${frame.getColumnNumber()}`
  return name ? `    at ${name} (${place})` : `    at ${place}`
}

function prepare(error, frames) {
  if (typeof theirs === 'function') return theirs.call(Error, error, frames)
  let text = header(error)
  for (const frame of frames) text += `\n${site(frame)}`
  return text
}

if (original?.set) {
  original.set.call(Error, prepare)
  Object.defineProperty(Error, 'prepareStackTrace', {
    configurable: true,
    enumerable: false,
    get: () => theirs,
    set(value) {
      theirs = value
    },
  })
} else if ('prepareStackTrace' in Error) {
  Error.prepareStackTrace = prepare
}
Error.stackTraceLimit = Number(require('internal/flags').last('stack-trace-limit') ?? 10)

// The engine's own property takes text alone; in V8 it is one like any other.
const stack = Object.getOwnPropertyDescriptor(Error.prototype, 'stack')
if (stack?.set) {
  Object.defineProperty(Error.prototype, 'stack', {
    ...stack,
    set(value) {
      if (typeof value === 'string') stack.set.call(this, value)
      else
        Object.defineProperty(this, 'stack', {
          __proto__: null,
          value,
          writable: true,
          configurable: true,
          enumerable: false,
        })
    },
  })
}
exports.header = header
