// DOMException.
'use strict'
const NAMES = {
  IndexSizeError: 1,
  HierarchyRequestError: 3,
  WrongDocumentError: 4,
  InvalidCharacterError: 5,
  NoModificationAllowedError: 7,
  NotFoundError: 8,
  NotSupportedError: 9,
  InUseAttributeError: 10,
  InvalidStateError: 11,
  SyntaxError: 12,
  InvalidModificationError: 13,
  NamespaceError: 14,
  InvalidAccessError: 15,
  TypeMismatchError: 17,
  SecurityError: 18,
  NetworkError: 19,
  AbortError: 20,
  URLMismatchError: 21,
  QuotaExceededError: 22,
  TimeoutError: 23,
  InvalidNodeTypeError: 24,
  DataCloneError: 25,
}
const inner = new WeakMap()

class DOMException {
  constructor(message = '', options = 'Error') {
    const error = new Error(`${message}`)
    const name = options !== null && typeof options === 'object' ? (options.name ?? 'Error') : options
    inner.set(this, { message: `${message}`, name: `${name}` })
    if (options !== null && typeof options === 'object' && 'cause' in options) {
      Object.defineProperty(this, 'cause', {
        value: options.cause,
        configurable: true,
        writable: true,
        enumerable: false,
      })
    }
    if (Error.captureStackTrace) Error.captureStackTrace(error, DOMException)
    const frames = String(error.stack).indexOf('\n    at ')
    const stack = `${name}: ${message}${frames === -1 ? '' : String(error.stack).slice(frames)}`
    Object.defineProperty(this, 'stack', { value: stack, configurable: true, writable: true, enumerable: false })
  }
  get name() {
    return own(this).name
  }
  get message() {
    return own(this).message
  }
  get code() {
    return Object.hasOwn(NAMES, own(this).name) ? NAMES[own(this).name] : 0
  }
}
function own(exception) {
  const found = inner.get(exception)
  if (found === undefined) throw new (require('internal/errors').codes.ERR_INVALID_THIS)('DOMException')
  return found
}
Object.setPrototypeOf(DOMException.prototype, Error.prototype)
for (const name of ['name', 'message', 'code'])
  Object.defineProperty(DOMException.prototype, name, { enumerable: true })
Object.defineProperty(DOMException.prototype, Symbol.toStringTag, { configurable: true, value: 'DOMException' })
for (const [name, code] of Object.entries(NAMES)) {
  const constant = { value: code, enumerable: true }
  const upper = `${name
    .replace(/Error$/, '')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toUpperCase()}_ERR`
  Object.defineProperty(DOMException, upper, constant)
  Object.defineProperty(DOMException.prototype, upper, constant)
}
module.exports = { DOMException }
