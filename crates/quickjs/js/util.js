// `util`.
'use strict'
const { codes, errnoException, uvException } = require('internal/errors')
const { errnames } = require('internal/errnos')
const validators = require('internal/validators')
const { promisify, deprecate, defineLazily } = require('internal/util')
const { inspect, format, formatWithOptions, stripVTControlCharacters } = require('internal/inspect')

function inherits(constructor, parent) {
  if (constructor === undefined || constructor === null)
    throw new codes.ERR_INVALID_ARG_TYPE('ctor', 'Function', constructor)
  if (parent === undefined || parent === null) throw new codes.ERR_INVALID_ARG_TYPE('superCtor', 'Function', parent)
  if (parent.prototype === undefined)
    throw new codes.ERR_INVALID_ARG_TYPE('superCtor.prototype', 'Object', parent.prototype)
  Object.defineProperty(constructor, 'super_', { value: parent, writable: true, configurable: true })
  Object.setPrototypeOf(constructor.prototype, parent.prototype)
}

function callbackify(original) {
  validators.validateFunction(original, 'original')
  function callbackified(...args) {
    const callback = args.pop()
    validators.validateFunction(callback, 'last argument')
    Reflect.apply(original, this, args).then(
      (value) => process.nextTick(() => Reflect.apply(callback, this, [null, value])),
      (reason) =>
        process.nextTick(() => {
          if (!reason) {
            const error = new codes.ERR_FALSY_VALUE_REJECTION(reason)
            reason = error
          }
          Reflect.apply(callback, this, [reason])
        }),
    )
  }
  const descriptors = Object.getOwnPropertyDescriptors(original)
  if (typeof descriptors.length?.value === 'number') descriptors.length.value++
  if (typeof descriptors.name?.value === 'string') descriptors.name.value += 'Callbackified'
  for (const key of Reflect.ownKeys(descriptors)) {
    try {
      Object.defineProperty(callbackified, key, descriptors[key])
    } catch {
      // What cannot be taken over is left out.
    }
  }
  return callbackified
}

const sections = new Map()
function debuglog(set, whenReady) {
  set = set.toUpperCase()
  let enabled
  const test = () => {
    if (enabled === undefined) {
      const pattern = (process.env.NODE_DEBUG ?? '')
        .replace(/[|\\{}()[\]^$+?.]/g, '\\$&')
        .replaceAll('*', '.*')
        .replaceAll(',', '$|^')
      enabled = pattern !== '' && new RegExp(`^${pattern}$`, 'i').test(set)
      sections.set(set, enabled)
    }
    return enabled
  }
  const log = (...args) => {
    if (typeof whenReady === 'function') {
      whenReady(log)
      whenReady = undefined
    }
    if (!test()) return
    const colors = native.terminals[2]
    native.print(
      2,
      `${formatWithOptions({ colors }, '%s %s: ', set, process.pid).trimEnd()} ${formatWithOptions({ colors }, ...args)}\n`,
    )
  }
  Object.defineProperty(log, 'enabled', { get: test, configurable: true, enumerable: true })
  return log
}

function getSystemErrorName(number) {
  validators.validateNumber(number, 'err')
  if (number >= 0 || !Number.isSafeInteger(number))
    throw new codes.ERR_OUT_OF_RANGE('err', 'a negative integer', number)
  return errnames.get(number)?.[0] ?? `Unknown system error ${number}`
}
function _extend(target, source) {
  if (source === null || typeof source !== 'object') return target
  return Object.assign(target, source)
}

const CODES = inspect.colors
// Whether somebody sees colours.
function isColoured(stream) {
  const { FORCE_COLOR, NO_COLOR, NODE_DISABLE_COLORS } = process.env
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0'
  return !!stream?.isTTY && NO_COLOR === undefined && NODE_DISABLE_COLORS === undefined
}

function styleText(name, text, { validateStream = true, stream = process.stdout } = {}) {
  validators.validateString(text, 'text')
  validators.validateBoolean(validateStream, 'options.validateStream')
  if (validateStream && typeof stream?.write !== 'function' && !(stream instanceof EventTarget))
    throw new codes.ERR_INVALID_ARG_TYPE('stream', ['ReadableStream', 'WritableStream', 'Stream'], stream)
  const all = Array.isArray(name) ? name : [name]
  let [before, after] = ['', '']
  for (const one of all) {
    const found = CODES[one]
    if (found === undefined) validators.validateOneOf(one, 'format', Object.keys(CODES))
    before += `\u001b[${found[0]}m`
    after = `\u001b[${found[1]}m${after}`
  }
  return validateStream && !isColoured(stream) ? text : before + text + after
}

module.exports = {
  _errnoException: errnoException,
  _exceptionWithHostPort: (errno, syscall, address, port) => {
    const error = uvException({ errno, syscall })
    const where = port && port > 0 ? `${address}:${port}` : address
    error.message = `${syscall} ${error.code}${where ? ` ${where}` : ''}`
    return Object.assign(error, { address }, port ? { port } : {})
  },
  _extend: deprecate(_extend, 'The `util._extend` API is deprecated. Please use Object.assign() instead.', 'DEP0060'),
  callbackify,
  debug: debuglog,
  debuglog,
  deprecate,
  format,
  styleText,
  formatWithOptions,
  getSystemErrorMap: () => new Map([...errnames].map(([number, pair]) => [number, [...pair]])),
  getSystemErrorName,
  inherits,
  inspect,
  isDeepStrictEqual: (a, b) => require('internal/equality').isDeepStrictEqual(a, b),
  promisify,
  stripVTControlCharacters,
  toUSVString: (text) => `${text}`.toWellFormed(),
  parseEnv(content) {
    validators.validateString(content, 'content')
    return require('internal/dotenv').parse(content)
  },
  getCallSite: () => [],
  aborted: async (signal, resource) => {
    if (signal === undefined) throw new codes.ERR_INVALID_ARG_TYPE('signal', 'AbortSignal', signal)
    validators.validateAbortSignal(signal, 'signal')
    validators.validateObject(resource, 'resource', 5)
    if (signal.aborted) return
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  },
  transferableAbortSignal: (signal) => signal,
  transferableAbortController: () => new AbortController(),
}
defineLazily(module.exports, ['types'], () => require('util/types'))
defineLazily(module.exports, ['TextDecoder', 'TextEncoder'], (name) => require('internal/text')[name])
defineLazily(module.exports, ['MIMEType', 'MIMEParams'], (name) => require('internal/mime')[name])
defineLazily(module.exports, ['parseArgs'], () => require('internal/parse_args').parseArgs)

const types = require('util/types')
const isOld = {
  isArray: Array.isArray,
  isBoolean: (value) => typeof value === 'boolean',
  isBuffer: (value) => Buffer.isBuffer(value),
  isDate: (value) => types.isDate(value),
  isError: (value) => types.isNativeError(value) || value instanceof Error,
  isFunction: (value) => typeof value === 'function',
  isNull: (value) => value === null,
  isNullOrUndefined: (value) => value == null,
  isNumber: (value) => typeof value === 'number',
  isObject: (value) => value !== null && typeof value === 'object',
  isPrimitive: (value) => value === null || (typeof value !== 'object' && typeof value !== 'function'),
  isRegExp: (value) => types.isRegExp(value),
  isString: (value) => typeof value === 'string',
  isSymbol: (value) => typeof value === 'symbol',
  isUndefined: (value) => value === undefined,
}
for (const [name, fn] of Object.entries(isOld))
  module.exports[name] = deprecate(
    fn,
    `The \`util.${name}\` API is deprecated.`,
    `DEP00${44 + Object.keys(isOld).indexOf(name)}`,
  )
module.exports.log = deprecate(
  (...args) => {
    const [, month, day, , time] = new Date().toString().split(' ')
    console.log('%s %s %s - %s', Number(day), month, time, format(...args))
  },
  'The `util.log API is deprecated.',
  'DEP0059',
)
