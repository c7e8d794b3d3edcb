// Errors with Node's codes and messages.
'use strict'
const { messages } = require('internal/error_messages')
const { errnames } = require('internal/errnos')

const codes = {}
exports.codes = codes

function setStack(error, name) {
  const { stack } = error
  if (typeof stack !== 'string') return
  const message = error.message === '' ? name : `${name}: ${error.message}`
  const frames = stack.indexOf('\n    at ')
  const value = frames === -1 ? message : message + stack.slice(frames)
  Object.defineProperty(error, 'stack', {
    __proto__: null,
    value,
    configurable: true,
    enumerable: false,
    writable: true,
  })
}

function define(code, message, Base, ...others) {
  function make(Parent) {
    function NodeError(...args) {
      const text = typeof message === 'function' ? message.apply(undefined, args) : fill(message, args)
      const error = new Parent()
      for (const [key, value] of Object.entries(typeof text === 'object' ? text.properties : {})) error[key] = value
      Object.defineProperties(error, {
        message: {
          __proto__: null,
          value: typeof text === 'object' ? text.message : text,
          enumerable: false,
          writable: true,
          configurable: true,
        },
        toString: {
          __proto__: null,
          value() {
            return `${this.name} [${code}]: ${this.message}`
          },
          enumerable: false,
          writable: true,
          configurable: true,
        },
      })
      if (Error.captureStackTrace) Error.captureStackTrace(error, NodeError)
      setStack(error, `${Parent.name} [${code}]`)
      error.code = code
      return error
    }
    return NodeError
  }
  codes[code] = make(Base)
  for (const Other of others) codes[code][Other.name] = make(Other)
}

function fill(message, args) {
  let at = 0
  return message.replace(/%[sdj]/g, () => String(args[at++]))
}

for (const [code, [message, ...bases]] of Object.entries(messages)) define(code, message, ...bases)

class AbortError extends Error {
  constructor(message = 'The operation was aborted', options = undefined) {
    if (options !== undefined && typeof options !== 'object') {
      throw new codes.ERR_INVALID_ARG_TYPE('options', 'Object', options)
    }
    super(message, options)
    this.code = 'ABORT_ERR'
    this.name = 'AbortError'
    setStack(this, 'AbortError')
  }
}
exports.AbortError = AbortError

// An error of the system, as libuv and Node word it.
exports.uvException = function uvException({ errno, syscall, path, dest, message: own }) {
  const [code, text] = errnames.get(errno) ?? [`Unknown system error ${errno}`, `Unknown system error ${errno}`]
  let message = `${code}: ${own ?? text}, ${syscall}`
  const shown = (value) => (typeof value === 'string' ? value : Buffer.from(value).toString())
  if (path !== undefined) message += ` '${shown(path)}'`
  if (dest !== undefined) message += ` -> '${shown(dest)}'`
  const limit = Error.stackTraceLimit
  const error = new Error(message)
  Error.stackTraceLimit = limit
  error.errno = errno
  error.code = code
  error.syscall = syscall
  if (path !== undefined) error.path = shown(path)
  if (dest !== undefined) error.dest = shown(dest)
  return error
}

// The same in few words, as Node has it for calls without a path.
exports.errnoException = function errnoException(errno, syscall, original) {
  const [code] = errnames.get(errno) ?? [`Unknown system error ${errno}`]
  const error = new Error(original ? `${syscall} ${code} ${original}` : `${syscall} ${code}`)
  return Object.assign(error, { errno, code, syscall })
}

exports.hideStackFrames = (fn) => {
  fn.withoutStackTrace = fn
  return fn
}

exports.aggregateTwoErrors = (inner, outer) => {
  if (inner && outer && inner !== outer) {
    if (Array.isArray(outer.errors)) {
      outer.errors.push(inner)
      return outer
    }
    const both = new AggregateError([outer, inner], outer.message)
    both.code = outer.code
    return both
  }
  return inner || outer
}

exports.isErrorLike = (value) => typeof value === 'object' && value !== null && typeof value.message === 'string'
exports.setStack = setStack
