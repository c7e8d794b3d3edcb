// Checks of arguments, with Node's errors.
'use strict'
const { codes, hideStackFrames } = require('internal/errors')

const shown = (value) => require('internal/inspect').inspect(value)

exports.isInt32 = (value) => value === (value | 0)
exports.isUint32 = (value) => value === value >>> 0

exports.parseFileMode = function parseFileMode(value, name, fallback) {
  value ??= fallback
  if (typeof value === 'string') {
    if (!/^[0-7]+$/.test(value)) {
      throw new codes.ERR_INVALID_ARG_VALUE(name, value, 'must be a 32-bit unsigned integer or an octal string')
    }
    value = Number.parseInt(value, 8)
  }
  exports.validateUint32(value, name)
  return value
}

function validateNumberKind(value, name, min, max) {
  if (typeof value !== 'number') throw new codes.ERR_INVALID_ARG_TYPE(name, 'number', value)
  if (!Number.isInteger(value)) throw new codes.ERR_OUT_OF_RANGE(name, 'an integer', value)
  if (value < min || value > max) throw new codes.ERR_OUT_OF_RANGE(name, `>= ${min} && <= ${max}`, value)
}

exports.validateInteger = hideStackFrames(
  (value, name, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER) => {
    validateNumberKind(value, name, min, max)
  },
)
exports.validateInt32 = hideStackFrames((value, name, min = -2147483648, max = 2147483647) => {
  validateNumberKind(value, name, min, max)
})
exports.validateUint32 = hideStackFrames((value, name, positive = false) => {
  validateNumberKind(value, name, positive ? 1 : 0, 4294967295)
})

exports.validateNumber = hideStackFrames((value, name, min = undefined, max = undefined) => {
  if (typeof value !== 'number') throw new codes.ERR_INVALID_ARG_TYPE(name, 'number', value)
  if (
    (min != null && value < min) ||
    (max != null && value > max) ||
    ((min != null || max != null) && Number.isNaN(value))
  ) {
    const range = `${min != null ? `>= ${min}` : ''}${min != null && max != null ? ' && ' : ''}${max != null ? `<= ${max}` : ''}`
    throw new codes.ERR_OUT_OF_RANGE(name, range, value)
  }
})

function typed(type) {
  return hideStackFrames((value, name) => {
    if (typeof value !== type) throw new codes.ERR_INVALID_ARG_TYPE(name, type, value)
  })
}
exports.validateString = typed('string')
exports.validateBoolean = typed('boolean')
exports.validateSymbol = typed('symbol')
exports.validateFunction = hideStackFrames((value, name) => {
  if (typeof value !== 'function') throw new codes.ERR_INVALID_ARG_TYPE(name, 'Function', value)
})
exports.validatePlainFunction = exports.validateFunction
exports.validateUndefined = typed('undefined')

exports.validateOneOf = hideStackFrames((value, name, oneOf) => {
  if (!oneOf.includes(value)) {
    const allowed = oneOf.map((one) => (typeof one === 'string' ? `'${one}'` : String(one))).join(', ')
    throw new codes.ERR_INVALID_ARG_VALUE(name, value, `must be one of: ${allowed}`)
  }
})

exports.kValidateObjectNone = 0
exports.kValidateObjectAllowNullable = 1
exports.kValidateObjectAllowArray = 2
exports.kValidateObjectAllowFunction = 4
exports.kValidateObjectAllowObjects = 6
exports.kValidateObjectAllowObjectsAndNull = 7

exports.validateObject = hideStackFrames((value, name, options = 0) => {
  const flags =
    typeof options === 'number'
      ? options
      : (options?.nullable ? 1 : 0) | (options?.allowArray ? 2 : 0) | (options?.allowFunction ? 4 : 0)
  const refused =
    (value === null && !(flags & 1)) ||
    (Array.isArray(value) && !(flags & 2)) ||
    (typeof value !== 'object' && !(flags & 4 && typeof value === 'function'))
  if (refused) throw new codes.ERR_INVALID_ARG_TYPE(name, 'Object', value)
})

exports.validateDictionary = hideStackFrames((value, name) => {
  if (value != null && typeof value !== 'object' && typeof value !== 'function') {
    throw new codes.ERR_INVALID_ARG_TYPE(name, 'a dictionary', value)
  }
})

exports.validateArray = hideStackFrames((value, name, least = 0) => {
  if (!Array.isArray(value)) throw new codes.ERR_INVALID_ARG_TYPE(name, 'Array', value)
  if (value.length < least) throw new codes.ERR_INVALID_ARG_VALUE(name, value, `must be longer than ${least}`)
})

function arrayOf(check) {
  return (value, name) => {
    exports.validateArray(value, name)
    for (let index = 0; index < value.length; index++) check(value[index], `${name}[${index}]`)
  }
}
exports.validateStringArray = arrayOf(exports.validateString)
exports.validateBooleanArray = arrayOf(exports.validateBoolean)
exports.validateAbortSignalArray = arrayOf((value, name) => {
  if (value === undefined) throw new codes.ERR_INVALID_ARG_TYPE(name, 'AbortSignal', value)
  exports.validateAbortSignal(value, name)
})

exports.validateSignalName = (signal, name = 'signal') => {
  exports.validateString(signal, name)
  if (require('internal/signals').signals[signal] === undefined) throw new codes.ERR_UNKNOWN_SIGNAL(signal)
}

exports.validateBuffer = hideStackFrames((value, name = 'buffer') => {
  if (!ArrayBuffer.isView(value)) {
    throw new codes.ERR_INVALID_ARG_TYPE(name, ['Buffer', 'TypedArray', 'DataView'], value)
  }
})

exports.validateEncoding = (data, encoding) => {
  const normal = require('internal/encodings').normalizeEncoding(encoding)
  if (normal === 'hex' && data.length % 2 !== 0) {
    throw new codes.ERR_INVALID_ARG_VALUE('encoding', encoding, `is invalid for data of length ${data.length}`)
  }
}

exports.validatePort = (port, name = 'Port', allowZero = true) => {
  const fine =
    (typeof port === 'number' || typeof port === 'string') &&
    !(typeof port === 'string' && port.trim().length === 0) &&
    +port === +port >>> 0 &&
    port <= 0xffff &&
    !(port === 0 && !allowZero)
  if (!fine)
    throw new codes.ERR_SOCKET_BAD_PORT(
      `${name} should be ${allowZero ? '>=' : '>'} 0 and < 65536. Received ${shown(port)}.`,
    )
  return port | 0
}

exports.validateAbortSignal = hideStackFrames((signal, name) => {
  if (signal !== undefined && (signal === null || typeof signal !== 'object' || !('aborted' in signal))) {
    throw new codes.ERR_INVALID_ARG_TYPE(name, 'AbortSignal', signal)
  }
})

exports.validateThisInternalField = (object, key, name) => {
  if (typeof object !== 'object' || object === null || !(key in object)) throw new codes.ERR_INVALID_THIS(name)
}

exports.validateUnion = (value, name, union) => {
  if (!union.includes(value)) throw new codes.ERR_INVALID_ARG_TYPE(name, `('${union.join('|')}')`, value)
}

exports.validateFinite = (value, name) => {
  exports.validateNumber(value, name)
  if (!Number.isFinite(value)) throw new codes.ERR_OUT_OF_RANGE(name, 'a finite number', value)
}
