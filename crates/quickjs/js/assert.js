// `assert`.
'use strict'
const { codes } = require('internal/errors')
const { AssertionError, innerFail } = require('internal/assertion_error')
const { isDeepEqual, isDeepStrictEqual } = require('internal/equality')
const { inspect } = require('internal/inspect')
const { deprecate } = require('internal/util')
const validators = require('internal/validators')
const types = require('util/types')

const assert = (module.exports = ok)

function innerOk(fn, count, value, message) {
  if (value) return
  let generated = false
  if (count === 0) {
    generated = true
    message = 'No value argument passed to `assert.ok()`'
  } else if (message == null) {
    generated = true
    const text = callText(fn)
    message = text === undefined ? undefined : `The expression evaluated to a falsy value:\n\n  ${text}\n`
  } else if (message instanceof Error) throw message
  const error = new AssertionError({ actual: value, expected: true, message, operator: '==', stackStartFn: fn })
  error.generatedMessage = generated
  throw error
}

// The text of the call that failed, if the source can be read.
function callText(fn) {
  const holder = {}
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 1
  Error.captureStackTrace(holder, fn)
  Error.stackTraceLimit = limit
  const [, where, row, column] = /\(?((?:file:\/\/)?\/[^\n]*?):(\d+):(\d+)\)?$/.exec(holder.stack ?? '') ?? []
  if (where === undefined) return undefined
  const source = native.readText(where.startsWith('file:') ? require('url').fileURLToPath(where) : where, 0)
  if (typeof source !== 'string') return undefined
  return require('internal/call_text').callAt(source, Number(row), Number(column))
}

function ok(...args) {
  innerOk(ok, args.length, ...args)
}
assert.ok = ok
assert.AssertionError = AssertionError

let hasWarned = false
function warnOfFail(...warning) {
  if (!hasWarned) process.emitWarning(...warning)
  hasWarned = true
}
assert.fail = function fail(actual, expected, message, operator, stackStartFn) {
  const count = arguments.length
  let generated = false
  if (actual == null && count <= 1) {
    generated = true
    message = 'Failed'
  } else if (count === 1) {
    message = actual
    actual = undefined
  } else {
    warnOfFail(
      'assert.fail() with more than one argument is deprecated. Please use assert.strictEqual() instead or only pass a message.',
      'DeprecationWarning',
      'DEP0094',
    )
    if (count === 2) operator = '!='
  }
  if (message instanceof Error) throw message
  const options = { actual, expected, operator: operator ?? 'fail', stackStartFn: stackStartFn || fail, message }
  const error = new AssertionError(options)
  if (generated) error.generatedMessage = true
  throw error
}

function comparison(name, operator, holds) {
  const fn = {
    [name](actual, expected, message) {
      if (arguments.length < 2) throw new codes.ERR_MISSING_ARGS('actual', 'expected')
      if (!holds(actual, expected)) innerFail({ actual, expected, message, operator, stackStartFn: fn })
    },
  }[name]
  assert[name] = fn
}
const looselyEqual = (a, b) => a == b || (Number.isNaN(a) && Number.isNaN(b))
comparison('equal', '==', looselyEqual)
comparison('notEqual', '!=', (a, b) => !looselyEqual(a, b))
comparison('deepEqual', 'deepEqual', isDeepEqual)
comparison('notDeepEqual', 'notDeepEqual', (a, b) => !isDeepEqual(a, b))
comparison('deepStrictEqual', 'deepStrictEqual', isDeepStrictEqual)
comparison('notDeepStrictEqual', 'notDeepStrictEqual', (a, b) => !isDeepStrictEqual(a, b))
comparison('strictEqual', 'strictEqual', Object.is)
comparison('notStrictEqual', 'notStrictEqual', (a, b) => !Object.is(a, b))

// What `throws` and `rejects` were told to expect.
function expectedException(actual, expected, message, fn) {
  let generated = false
  let throwError = false
  if (typeof expected !== 'function') {
    if (types.isRegExp(expected)) {
      const text = String(actual)
      if (expected.exec(text) !== null) return
      if (!message) {
        generated = true
        message = `The input did not match the regular expression ${inspect(expected)}. Input:\n\n${inspect(text)}\n`
      }
      throwError = true
    } else if (typeof actual !== 'object' || actual === null) {
      const error = new AssertionError({ actual, expected, message, operator: 'deepStrictEqual', stackStartFn: fn })
      error.operator = fn.name
      throw error
    } else {
      const keys = Object.keys(expected)
      if (expected instanceof Error) keys.push('name', 'message')
      else if (keys.length === 0) throw new codes.ERR_INVALID_ARG_VALUE('error', expected, 'may not be an empty object')
      for (const key of keys) {
        if (
          typeof actual[key] === 'string' &&
          types.isRegExp(expected[key]) &&
          expected[key].exec(actual[key]) !== null
        )
          continue
        compareKey(actual, expected, key, message, keys, fn)
      }
      return
    }
  } else if (expected.prototype !== undefined && actual instanceof expected) return
  else if (Object.prototype.isPrototypeOf.call(Error, expected)) {
    if (!message) {
      generated = true
      message = `The error is expected to be an instance of "${expected.name}". Received `
      if (actual instanceof Error || types.isNativeError(actual))
        message += `"${actual.constructor?.name ?? actual.name}"`
      else message += `"${inspect(actual, { depth: -1 })}"`
    }
    throwError = true
  } else {
    const result = Reflect.apply(expected, {}, [actual])
    if (result !== true) {
      if (!message) {
        generated = true
        const name = expected.name ? `"${expected.name}" ` : ''
        message = `The ${name}validation function is expected to return "true". Received ${inspect(result)}`
        if (actual instanceof Error) message += `\n\nCaught error:\n\n${actual}`
      }
      throwError = true
    }
  }
  if (!throwError) return
  if (
    typeof expected === 'function' &&
    generated &&
    Object.prototype.isPrototypeOf.call(Error, expected) &&
    actual instanceof Error
  )
    message += `\n\nError message:\n\n${actual.message}`
  const error = new AssertionError({ actual, expected, message, operator: fn.name, stackStartFn: fn })
  error.generatedMessage = generated
  throw error
}
function compareKey(actual, expected, key, message, keys, fn) {
  if (key in actual && isDeepStrictEqual(actual[key], expected[key])) return
  if (!message) {
    class Comparison {}
    const pick = (value, other) => {
      const picked = new Comparison()
      for (const one of keys)
        if (one in value)
          picked[one] =
            other !== undefined &&
            typeof other[one] === 'string' &&
            types.isRegExp(value[one]) &&
            value[one].exec(other[one]) !== null
              ? other[one]
              : value[one]
      return picked
    }
    const error = new AssertionError({
      actual: pick(actual),
      expected: pick(expected, actual),
      operator: 'deepStrictEqual',
      stackStartFn: fn,
    })
    Object.assign(error, { actual, expected, operator: fn.name })
    throw error
  }
  innerFail({ actual, expected, message, operator: fn.name, stackStartFn: fn })
}

const NONE = Symbol('none')
function caught(fn) {
  validators.validateFunction(fn, 'fn')
  try {
    fn()
  } catch (error) {
    return error
  }
  return NONE
}
async function caughtLater(fn) {
  let promise = fn
  if (typeof fn === 'function') {
    promise = fn()
    if (!isPromiseLike(promise)) throw new codes.ERR_INVALID_RETURN_VALUE('instance of Promise', 'promiseFn', promise)
  } else if (!isPromiseLike(fn)) throw new codes.ERR_INVALID_ARG_TYPE('promiseFn', ['Function', 'Promise'], fn)
  try {
    await promise
  } catch (error) {
    return error
  }
  return NONE
}
const isPromiseLike = (value) =>
  types.isPromise(value) ||
  (value !== null && typeof value === 'object' && typeof value.then === 'function' && typeof value.catch === 'function')

function expectsError(fn, actual, expected, message) {
  if (typeof expected === 'string') {
    if (arguments.length === 4 && message !== undefined)
      throw new codes.ERR_INVALID_ARG_TYPE('error', ['Object', 'Error', 'Function', 'RegExp'], expected)
    if (typeof actual === 'object' && actual !== null) {
      if (actual.message === expected)
        throw new codes.ERR_AMBIGUOUS_ARGUMENT(
          'error/message',
          `The error message "${actual.message}" is identical to the message.`,
        )
    } else if (actual === expected)
      throw new codes.ERR_AMBIGUOUS_ARGUMENT('error/message', `The error "${actual}" is identical to the message.`)
    message = expected
    expected = undefined
  } else if (expected != null && typeof expected !== 'object' && typeof expected !== 'function') {
    throw new codes.ERR_INVALID_ARG_TYPE('error', ['Object', 'Error', 'Function', 'RegExp'], expected)
  }
  if (actual === NONE) {
    let details = ''
    if (expected?.name) details += ` (${expected.name})`
    details += message ? `: ${message}` : '.'
    innerFail({
      actual: undefined,
      expected,
      operator: fn.name,
      message: `Missing expected ${fn === assert.rejects ? 'rejection' : 'exception'}${details}`,
      stackStartFn: fn,
    })
  }
  if (expected) expectedException(actual, expected, message, fn)
}
function expectsNoError(fn, actual, expected, message) {
  if (actual === NONE) return
  if (typeof expected === 'string') {
    message = expected
    expected = undefined
  }
  if (!expected || matches(actual, expected)) {
    const details = message ? `: ${message}` : '.'
    innerFail({
      actual,
      expected,
      operator: fn.name,
      message: `Got unwanted ${fn === assert.doesNotReject ? 'rejection' : 'exception'}${details}\nActual message: "${actual?.message}"`,
      stackStartFn: fn,
    })
  }
  throw actual
}
function matches(actual, expected) {
  if (typeof expected !== 'function') {
    if (types.isRegExp(expected)) return expected.exec(String(actual)) !== null
    throw new codes.ERR_INVALID_ARG_TYPE('expected', ['Function', 'RegExp'], expected)
  }
  if (expected.prototype !== undefined && actual instanceof expected) return true
  if (Object.prototype.isPrototypeOf.call(Error, expected)) return false
  return Reflect.apply(expected, {}, [actual]) === true
}
assert.throws = function throws(fn, ...args) {
  expectsError(throws, caught(fn), ...args)
}
assert.rejects = async function rejects(fn, ...args) {
  expectsError(rejects, await caughtLater(fn), ...args)
}
assert.doesNotThrow = function doesNotThrow(fn, ...args) {
  expectsNoError(doesNotThrow, caught(fn), ...args)
}
assert.doesNotReject = async function doesNotReject(fn, ...args) {
  expectsNoError(doesNotReject, await caughtLater(fn), ...args)
}

assert.ifError = function ifError(value) {
  if (value === null || value === undefined) return
  let message = 'ifError got unwanted exception: '
  if (typeof value === 'object' && typeof value.message === 'string')
    message += value.message.length === 0 && value.constructor ? value.constructor.name : value.message
  else message += inspect(value)
  const error = new AssertionError({
    actual: value,
    expected: null,
    operator: 'ifError',
    message,
    stackStartFn: ifError,
  })
  error.generatedMessage = true
  const { stack } = value
  const begin = typeof stack === 'string' ? stack.indexOf('\n    at') : -1
  const frames = begin === -1 ? [] : stack.slice(begin + 1).split('\n')
  if (frames.length > 0) error.stack = `${error.stack}\n${frames.join('\n')}`
  throw error
}

function matching(name, wanted) {
  const fn = {
    [name](text, regexp, message) {
      if (!types.isRegExp(regexp)) throw new codes.ERR_INVALID_ARG_TYPE('regexp', 'RegExp', regexp)
      if (typeof text === 'string' && (regexp.exec(text) !== null) === wanted) return
      if (message instanceof Error) throw message
      const generated = !message
      message ||=
        typeof text !== 'string'
          ? `The "string" argument must be of type string. Received type ${typeof text} (${inspect(text)})`
          : `${wanted ? 'The input did not match the regular expression ' : 'The input was expected to not match the regular expression '}${inspect(regexp)}. Input:\n\n${inspect(text)}\n`
      const error = new AssertionError({ actual: text, expected: regexp, message, operator: name, stackStartFn: fn })
      error.generatedMessage = generated
      throw error
    },
  }[name]
  assert[name] = fn
}
matching('match', true)
matching('doesNotMatch', false)

const CALLED_WRONGLY = 'Functions were not called the expected number of times'
class CallTracker {
  #tracked = new Set()
  #records = new WeakMap()
  #record(fn) {
    const record = typeof fn === 'function' ? this.#records.get(fn) : undefined
    if (record === undefined) throw new codes.ERR_INVALID_ARG_VALUE('tracked', fn, 'is not a tracked function')
    return record
  }
  calls(fn, exact = 1) {
    if (process._exiting) throw new codes.ERR_UNAVAILABLE_DURING_EXIT()
    if (typeof fn === 'number') {
      exact = fn
      fn = () => {}
    } else if (fn === undefined) fn = () => {}
    validators.validateUint32(exact, 'expected', true)
    const record = { exact, calls: [], stack: new Error(), name: fn.name || 'calls' }
    const proxy = new Proxy(fn, {
      __proto__: null,
      apply(target, thisArg, args) {
        record.calls.push(Object.freeze({ thisArg, arguments: Object.freeze(args.slice()) }))
        return Reflect.apply(target, thisArg, args)
      },
    })
    this.#records.set(proxy, record)
    this.#tracked.add(record)
    return proxy
  }
  getCalls(fn) {
    return Object.freeze(this.#record(fn).calls.slice())
  }
  reset(fn) {
    if (fn !== undefined) this.#record(fn).calls = []
    else for (const record of this.#tracked) record.calls = []
  }
  report() {
    const wrong = [...this.#tracked].filter((one) => one.calls.length !== one.exact)
    return wrong.map(({ name, exact, calls, stack }) => ({
      message: `Expected the ${name} function to be executed ${exact} time(s) but was executed ${calls.length} time(s).`,
      actual: calls.length,
      expected: exact,
      operator: name,
      stack,
    }))
  }
  verify() {
    const errors = this.report()
    if (errors.length === 0) return
    throw new AssertionError({ message: errors.length === 1 ? errors[0].message : CALLED_WRONGLY, details: errors })
  }
}
assert.CallTracker = deprecate(CallTracker, 'assert.CallTracker is deprecated.', 'DEP0173')

assert.strict = Object.assign(
  function strict(...args) {
    innerOk(strict, args.length, ...args)
  },
  assert,
  {
    equal: assert.strictEqual,
    deepEqual: assert.deepStrictEqual,
    notEqual: assert.notStrictEqual,
    notDeepEqual: assert.notDeepStrictEqual,
  },
)
assert.strict.strict = assert.strict
