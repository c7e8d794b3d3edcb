// Console.
'use strict'
const { codes } = require('internal/errors')
const validators = require('internal/validators')

// While nobody has looked at a stream, text goes where it would go without being a stream first.
function untouched(name) {
  return Object.getOwnPropertyDescriptor(process, name)?.get !== undefined
}

const kCounts = Symbol('counts')
const kTimers = Symbol('timers')
const kGroup = Symbol('groupIndent')
const kOut = Symbol('out')
const kErr = Symbol('err')
const kOptions = Symbol('options')

function Console(options, ...rest) {
  if (!new.target) return Reflect.construct(Console, [options, ...rest])
  if (!options || typeof options.write === 'function')
    options = { stdout: options, stderr: rest[0], ignoreErrors: rest[1] }
  const { stdout, stderr = stdout, ignoreErrors = true, colorMode = 'auto', inspectOptions, groupIndentation } = options
  if (!stdout || typeof stdout.write !== 'function') throw new codes.ERR_CONSOLE_WRITABLE_STREAM('stdout')
  if (!stderr || typeof stderr.write !== 'function') throw new codes.ERR_CONSOLE_WRITABLE_STREAM('stderr')
  validators.validateOneOf(colorMode, 'colorMode', ['auto', true, false])
  if (groupIndentation !== undefined) validators.validateInteger(groupIndentation, 'groupIndentation', 0, 1000)
  if (inspectOptions !== undefined) {
    validators.validateObject(inspectOptions, 'options.inspectOptions')
    if (inspectOptions.colors !== undefined && options.colorMode !== undefined)
      throw new codes.ERR_INCOMPATIBLE_OPTION_PAIR('options.inspectOptions.color', 'colorMode')
  }
  setUp(this, { stdout: () => stdout, stderr: () => stderr, ignoreErrors, colorMode, inspectOptions, groupIndentation })
  bindAll(this)
}

function setUp(
  target,
  { stdout, stderr, ignoreErrors = true, colorMode = 'auto', inspectOptions, groupIndentation = 2 },
) {
  const hide = (key, value) =>
    Object.defineProperty(target, key, { value, writable: true, configurable: true, enumerable: false })
  hide(kOut, stdout)
  hide(kErr, stderr)
  hide(kCounts, new Map())
  hide(kTimers, new Map())
  hide(kGroup, '')
  hide(kOptions, { ignoreErrors, colorMode, inspectOptions, indent: groupIndentation })
  Object.defineProperties(target, {
    _stdout: {
      get: () => target[kOut](),
      set: (value) => {
        target[kOut] = () => value
      },
      configurable: true,
      enumerable: false,
    },
    _stderr: {
      get: () => target[kErr](),
      set: (value) => {
        target[kErr] = () => value
      },
      configurable: true,
      enumerable: false,
    },
  })
}

function bindAll(target) {
  for (const name of Object.keys(methods)) {
    const bound = target[name].bind(target)
    Object.defineProperty(bound, 'name', { value: name })
    target[name] = bound
  }
}

function write(target, which, text) {
  const indent = target[kGroup]
  if (indent !== '') text = indent + (text.includes('\n') ? text.replaceAll('\n', `\n${indent}`) : text)
  const name = which === kOut ? 'stdout' : 'stderr'
  if (target === exports.console && untouched(name) && target[which].own) {
    native.print(which === kOut ? 1 : 2, `${text}\n`)
    return
  }
  const stream = target[which]()
  if (!target[kOptions].ignoreErrors) {
    stream.write(`${text}\n`)
    return
  }
  const ignore = () => {}
  stream.once?.('error', ignore)
  try {
    stream.write(`${text}\n`, (error) => {
      // An error that comes later is nobody's either.
      if (error && !stream._writableState?.errorEmitted && !stream.listenerCount?.('error'))
        stream.once?.('error', ignore)
    })
  } catch (error) {
    if (error instanceof RangeError && /call stack/i.test(error.message)) throw error
  } finally {
    stream.removeListener?.('error', ignore)
  }
}

function inspectOptions(target, which) {
  const { colorMode, inspectOptions: own } = target[kOptions]
  if (own) return own
  let colors = colorMode
  if (colorMode === 'auto') {
    const fd = which === kOut ? 1 : 2
    if (target === exports.console && untouched(which === kOut ? 'stdout' : 'stderr'))
      colors = native.terminals[fd] && !process.env.NO_COLOR
    else {
      const stream = target[which]()
      colors = !!stream.isTTY && (typeof stream.getColorDepth !== 'function' || stream.getColorDepth() > 2)
    }
  }
  return colors ? { colors: true } : undefined
}

function text(target, which, args) {
  if (args.length === 1 && typeof args[0] === 'string') return args[0]
  const options = inspectOptions(target, which)
  const inspect = require('internal/inspect')
  return options ? inspect.formatWithOptions(options, ...args) : inspect.format(...args)
}

function elapsed(ms) {
  if (ms >= 3600000) {
    const h = Math.floor(ms / 3600000)
    const m = Math.floor((ms % 3600000) / 60000)
    const s = Math.floor((ms % 60000) / 1000)
    return `${h}:${String(m).padStart(2, '0')}:${String(s).padStart(2, '0')} (h:mm:ss)`
  }
  if (ms >= 60000) {
    const s = ((ms % 60000) / 1000).toFixed(3)
    return `${Math.floor(ms / 60000)}:${s.padStart(6, '0')} (m:ss.mmm)`
  }
  if (ms >= 1000) return `${(ms / 1000).toFixed(3)}s`
  return `${Number(ms.toFixed(3))}ms`
}

function tell(target, label, args) {
  label = `${label}`
  const begun = target[kTimers].get(label)
  if (begun === undefined) {
    process.emitWarning(`No such label '${label}' for console.${args.name}()`)
    return false
  }
  const shown = elapsed(performance.now() - begun)
  if (args.rest.length === 0) write(target, kOut, text(target, kOut, ['%s: %s', label, shown]))
  else write(target, kOut, text(target, kOut, ['%s: %s', label, shown, ...args.rest]))
  return true
}

const methods = {
  log(...args) {
    write(this, kOut, text(this, kOut, args))
  },
  warn(...args) {
    write(this, kErr, text(this, kErr, args))
  },
  error(...args) {
    write(this, kErr, text(this, kErr, args))
  },
  dir(object, options) {
    const { inspect } = require('internal/inspect')
    write(this, kOut, inspect(object, { customInspect: false, ...inspectOptions(this, kOut), ...options }))
  },
  time(label = 'default') {
    label = `${label}`
    if (this[kTimers].has(label)) return void process.emitWarning(`Label '${label}' already exists for console.time()`)
    this[kTimers].set(label, performance.now())
  },
  timeEnd(label = 'default') {
    if (tell(this, label, { name: 'timeEnd', rest: [] })) this[kTimers].delete(`${label}`)
  },
  timeLog(label = 'default', ...rest) {
    tell(this, label, { name: 'timeLog', rest })
  },
  trace(...args) {
    const error = { name: 'Trace', message: text(this, kErr, args) }
    Error.captureStackTrace(error, methods.trace)
    this.error(error.stack)
  },
  assert(expression, ...args) {
    if (expression) return
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`
    else args.unshift('Assertion failed')
    Reflect.apply(this.warn, this, args)
  },
  clear() {},
  count(label = 'default') {
    label = `${label}`
    const count = (this[kCounts].get(label) ?? 0) + 1
    this[kCounts].set(label, count)
    this.log(`${label}: ${count}`)
  },
  countReset(label = 'default') {
    if (!this[kCounts].has(`${label}`)) return void process.emitWarning(`Count for '${label}' does not exist`)
    this[kCounts].delete(`${label}`)
  },
  group(...args) {
    if (args.length > 0) Reflect.apply(this.log, this, args)
    this[kGroup] += ' '.repeat(this[kOptions].indent)
  },
  groupEnd() {
    this[kGroup] = this[kGroup].slice(0, -this[kOptions].indent || undefined)
  },
  table(data, properties) {
    if (properties !== undefined) validators.validateArray(properties, 'properties')
    if (data === null || typeof data !== 'object') return this.log(data)
    return this.log(require('internal/table').table(data, properties))
  },
}
methods.debug = methods.log
methods.info = methods.log
methods.dirxml = methods.log
methods.groupCollapsed = methods.group
for (const [name, value] of Object.entries(methods))
  Object.defineProperty(Console.prototype, name, { value, writable: true, configurable: true, enumerable: true })

const console = Object.create({})
for (const name of Object.keys(methods)) console[name] = methods[name]
setUp(console, {
  stdout: Object.assign(() => process.stdout, { own: true }),
  stderr: Object.assign(() => process.stderr, { own: true }),
})
bindAll(console)
console.Console = Console
for (const name of ['profile', 'profileEnd', 'timeStamp']) console[name] = () => {}
console.context = () => console
Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true })
Object.defineProperty(Console, Symbol.hasInstance, {
  value: (instance) => instance !== null && typeof instance === 'object' && kOut in instance,
})
exports.console = console
