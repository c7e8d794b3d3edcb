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

// The lines that both have, and those of one alone: the shortest script of changes, as far as that is cheap.
function changes(a, b) {
  if (a.length * b.length > 250_000) return [...a.map((line) => ['+', line]), ...b.map((line) => ['-', line])]
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i][j] = a[i] === b[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1])
  const out = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) out.push([' ', a[i++]]), j++
    else if (i < a.length && (j >= b.length || table[i + 1][j] >= table[i][j + 1])) out.push(['+', a[i++]])
    else out.push(['-', b[j++]])
  }
  return out
}

function difference(actual, expected, operator) {
  const [a, b] = [show(actual).split('\n'), show(expected).split('\n')]
  if (
    operator === 'strictEqual' &&
    ((typeof actual === 'object' && actual !== null && typeof expected === 'object' && expected !== null) ||
      (typeof actual === 'function' && typeof expected === 'function'))
  )
    operator = 'strictEqualObject'
  if (a.length === 1 && b.length === 1 && a[0] !== b[0]) {
    const objects =
      (typeof actual === 'object' && actual !== null) ||
      typeof actual === 'function' ||
      (typeof expected === 'object' && expected !== null) ||
      typeof expected === 'function'
    const room = a[0].length + b[0].length
    if (room <= 12 && !objects && (actual !== 0 || expected !== 0))
      return `${READABLE[operator]}\n\n${a[0]} !== ${b[0]}\n`
    if (operator !== 'strictEqualObject' && room < 80) {
      let same = 0
      while (a[0][same] === b[0][same]) same++
      const mark = same > 2 ? `\n  ${' '.repeat(same)}^` : ''
      return `${READABLE[operator]}\n+ actual - expected\n\n+ ${a[0]}\n- ${b[0]}${mark}\n`.replace(
        /\n$/,
        mark ? '' : '\n',
      )
    }
  }
  if (a.join('\n') === b.join('\n')) {
    const lines = a.length > 50 ? [...a.slice(0, 46), '...'] : a
    return `${READABLE.notIdentical}\n\n${lines.join('\n')}\n`
  }
  const all = changes(a, b)
  let text = `${READABLE[operator]}\n+ actual - expected`
  const near = all.map((_, at) => all.slice(Math.max(0, at - 2), at + 3).some(([mark]) => mark !== ' '))
  const out = []
  let skipped = false
  let run = 0
  for (let at = 0; at < all.length; at++) {
    if (near[at]) {
      if (run === 1) out.push(`  ${all[at - 1][1]}`)
      else if (run > 1) out.push('...'), (skipped = true)
      run = 0
      out.push(`${all[at][0]} ${all[at][1]}`)
    } else run++
  }
  if (run > 1) out.push('...'), (skipped = true)
  else if (run === 1) out.push(`  ${all.at(-1)[1]}`)
  if (skipped) text += ' ... Lines skipped'
  return `${text}\n\n${out.slice(0, 50).join('\n')}${out.length > 50 ? '\n...' : ''}`
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
    const { message, operator, stackStartFn, details, actual, expected } = options
    const limit = Error.stackTraceLimit
    super(message != null ? String(message) : messageFor(actual, expected, operator))
    Error.stackTraceLimit = limit
    this.generatedMessage = !message
    Object.defineProperty(this, 'name', {
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
        else if (this[name].length > 512) this[name] = `${this[name].slice(0, 512)}...`
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
