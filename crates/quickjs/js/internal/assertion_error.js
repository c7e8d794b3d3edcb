// AssertionError, with what is different.
'use strict'
const { inspect } = require('internal/inspect')
const { setStack } = require('internal/errors')
const validators = require('internal/validators')

const READABLE = {
  deepStrictEqual: 'Expected values to be strictly deep-equal:',
  strictEqual: 'Expected values to be strictly equal:',
  strictEqualObject: 'Expected "actual" to be reference-equal to "expected":',
  deepEqual: 'Expected values to be loosely deep-equal:',
  notDeepStrictEqual: 'Expected "actual" not to be strictly deep-equal to:',
  notStrictEqual: 'Expected "actual" to be strictly unequal to:',
  notStrictEqualObject: 'Expected "actual" not to be reference-equal to "expected":',
  notDeepEqual: 'Expected "actual" not to be loosely deep-equal to:',
  notIdentical: 'Values identical but not reference-equal:',
  notDeepEqualUnequal: 'Expected values not to be loosely deep-equal:',
}

// Those that tell the difference also below a message of the caller's.
const WITH_DIFFERENCE = new Set(['deepStrictEqual', 'strictEqual'])

const show = (value) =>
  inspect(value, {
    compact: false,
    customInspect: false,
    depth: 1000,
    maxArrayLength: Infinity,
    showHidden: false,
    showProxy: false,
    sorted: true,
    getters: true,
  })

const isObject = (value) => typeof value === 'object' && value !== null
// How many lines are shown of what is long.
const LINES = 50

// An error without its stack, which says where it was made and not what it is.
function withoutStack(error) {
  const copy = Object.create(Object.getPrototypeOf(error))
  Object.assign(copy, error)
  for (const name of ['message', 'cause'])
    if (name === 'message' || Object.hasOwn(error, name))
      Object.defineProperty(copy, name, { __proto__: null, value: error[name], configurable: true, writable: true })
  Object.defineProperty(copy, 'stack', { __proto__: null, value: undefined, configurable: true, writable: true })
  return copy
}

// Two values side by side, each as lines. Lines that are the same at the end are taken off first; the rest is compared line by line.
// Of lines that are the same, those near a difference are shown.
function difference(actual, expected, operator, own) {
  const shown = show(actual)
  const [a, b] = [shown.split('\n'), show(expected).split('\n')]
  const areFunctions = typeof actual === 'function' && typeof expected === 'function'
  if (operator === 'strictEqual' && ((isObject(actual) && isObject(expected)) || areFunctions))
    operator = 'strictEqualObject'
  const title = own ?? READABLE[operator]
  let mark = ''
  if (a.length === 1 && b.length === 1 && a[0] !== b[0]) {
    const length = a[0].length + b[0].length
    if (length <= 12) {
      if (!isObject(actual) && !isObject(expected) && (actual !== 0 || expected !== 0))
        return `${title}\n\n${a[0]} !== ${b[0]}\n`
    } else if (operator !== 'strictEqualObject' && length < (process.stderr.isTTY ? process.stderr.columns : 80)) {
      let same = 0
      while (a[0][same] === b[0][same]) same++
      if (same > 2) mark = `\n  ${' '.repeat(same)}^`
    }
  }

  const tail = []
  while (a.length > 0 && b.length > 0 && a.at(-1) === b.at(-1)) {
    tail.unshift(a.pop())
    b.pop()
  }
  if (a.length === 0 && b.length === 0) {
    const lines = shown.split('\n')
    if (lines.length > LINES) lines.splice(46, lines.length, '...')
    return `${READABLE.notIdentical}\n\n${lines.join('\n')}\n`
  }
  const end = tail.map((line) => `  ${line}`)
  if (end.length > 4) end.splice(1, end.length - 4, '...')
  const heading = (skipped) => `${title}\n+ actual - expected${skipped ? ' ... Lines skipped' : ''}\n\n`
  const { lines, rest, skipped, cut } = compared(a, b)
  const all = [...lines, ...(cut ? ['...'] : []), ...rest, ...(cut ? ['...'] : end)]
  return heading(skipped || cut || tail.length > 4) + all.join('\n') + (cut ? '' : mark)
}

// What of `b` differs is held back as `rest`, so that it follows what of `a` differs.
function compared(a, b) {
  const longer = a.length >= b.length ? a : b
  const lines = []
  let rest = []
  let [same, printed, skipped] = [0, 0, false]
  const print = (mark, line) => {
    lines.push(`${mark} ${line}`)
    printed++
  }
  const hold = (line) => {
    rest.push(`- ${line}`)
    printed++
  }
  // Of lines that were the same, the first two have been printed.
  const catchUp = (from, at) => {
    if (same > 5) {
      lines.push('...')
      skipped = true
    }
    if (same === 5) print(' ', from[at - 3])
    if (same > 3) print(' ', from[at - 2])
    if (same > 2) print(' ', from[at - 1])
    same = 0
  }
  for (let at = 0; at < longer.length; at++) {
    if (at >= a.length || at >= b.length) {
      catchUp(longer, at)
      if (longer === a) print('+', a[at])
      else hold(b[at])
    } else if (a[at] === b[at] || a[at] === `${b[at]},` || b[at] === `${a[at]},`) {
      lines.push(...rest)
      rest = []
      if (++same <= 2) print(' ', b[at].length > a[at].length ? b[at] : a[at])
    } else {
      catchUp(a, at)
      print('+', a[at])
      hold(b[at])
    }
    if (printed > LINES && at < longer.length - 2) return { lines, rest, skipped, cut: true }
  }
  return { lines, rest, skipped, cut: false }
}

function messageFor(actual, expected, operator) {
  if (operator === 'deepStrictEqual' || operator === 'strictEqual') return difference(actual, expected, operator)
  if (operator === 'notDeepStrictEqual' || operator === 'notStrictEqual') {
    let base = READABLE[operator]
    const lines = show(actual).split('\n')
    if (
      operator === 'notStrictEqual' &&
      ((typeof actual === 'object' && actual !== null) || typeof actual === 'function')
    )
      base = READABLE.notStrictEqualObject
    if (lines.length > 50) lines.splice(46, lines.length, '...')
    return lines.length === 1
      ? `${base}${lines[0].length > 5 ? '\n\n' : ' '}${lines[0]}`
      : `${base}\n\n${lines.join('\n')}\n`
  }
  let a = show(actual)
  let b = show(expected)
  const known = READABLE[operator]
  if (operator === 'notDeepEqual' && a === b) {
    a = `${known}\n\n${a}`
    return a.length > 1024 ? `${a.slice(0, 1021)}...` : a
  }
  if (a.length > 512) a = `${a.slice(0, 509)}...`
  if (b.length > 512) b = `${b.slice(0, 509)}...`
  if (operator === 'deepEqual') return `${known}\n\n${a}\n\nshould loosely deep-equal\n\n${b}`
  if (operator === 'notDeepEqual')
    return `${READABLE.notDeepEqualUnequal}\n\n${a}\n\nshould not loosely deep-equal\n\n${b}`
  return `${a} ${operator} ${b}`
}

class AssertionError extends Error {
  constructor(options) {
    validators.validateObject(options, 'options')
    const { message, operator, stackStartFn, details } = options
    const { actual, expected } = options
    const limit = Error.stackTraceLimit
    const [shownActual, shownExpected] =
      actual instanceof Error && expected instanceof Error
        ? [withoutStack(actual), withoutStack(expected)]
        : [actual, expected]
    if (message == null) super(messageFor(shownActual, shownExpected, operator))
    else if (WITH_DIFFERENCE.has(operator)) super(difference(shownActual, shownExpected, operator, String(message)))
    else super(String(message))
    Error.stackTraceLimit = limit
    this.generatedMessage = !message
    Object.defineProperty(this, 'name', {
      __proto__: null,
      value: 'AssertionError [ERR_ASSERTION]',
      enumerable: false,
      writable: true,
      configurable: true,
    })
    this.code = 'ERR_ASSERTION'
    if (details) {
      this.actual = undefined
      this.expected = undefined
      this.operator = undefined
      for (let at = 0; at < details.length; at++) {
        this[`message ${at}`] = details[at].message
        this[`actual ${at}`] = details[at].actual
        this[`expected ${at}`] = details[at].expected
        this[`operator ${at}`] = details[at].operator
        this[`stack trace ${at}`] = details[at].stack
      }
    } else {
      this.actual = actual
      this.expected = expected
      this.operator = operator
    }
    Error.captureStackTrace?.(this, stackStartFn || AssertionError)
    setStack(this, 'AssertionError [ERR_ASSERTION]')
    this.name = 'AssertionError'
  }
  toString() {
    return `${this.name} [${this.code}]: ${this.message}`
  }
  [Symbol.for('nodejs.util.inspect.custom')](depth, context) {
    const { actual, expected } = this
    for (const name of ['actual', 'expected']) {
      if (typeof this[name] === 'string') {
        const lines = this[name].split('\n')
        if (lines.length > 10) this[name] = `${lines.slice(0, 10).join('\n')}\n...`
        else if (this[name].length > 512) this[name] = `${this[name].slice(0, 488)}...`
      }
    }
    const shown = inspect(this, { ...context, customInspect: false, depth: 0 })
    this.actual = actual
    this.expected = expected
    return shown
  }
}
exports.AssertionError = AssertionError
exports.innerFail = (options) => {
  if (options.message instanceof Error) throw options.message
  throw new AssertionError(options)
}
