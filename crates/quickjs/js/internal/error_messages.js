// The codes of Node's errors: what they say, and of which kind they are.
'use strict'

const CLASS_NAME = /^([A-Z][a-z0-9]*)+$/
const TYPES = ['string', 'function', 'number', 'object', 'Function', 'Object', 'boolean', 'bigint', 'symbol']

function inspect(value, options) {
  return require('internal/inspect').inspect(value, options)
}

function listed(words, joint) {
  if (words.length > 2) return `${words.slice(0, -1).join(', ')}, ${joint} ${words.at(-1)}`
  return words.join(` ${joint} `)
}
exports.listed = listed

// What something is, for the end of a message.
function received(value) {
  if (value == null) return ` Received ${value}`
  if (typeof value === 'function') return ` Received function ${value.name}`
  if (typeof value === 'object') {
    if (value.constructor?.name) return ` Received an instance of ${value.constructor.name}`
    return ` Received ${inspect(value, { depth: -1 })}`
  }
  let shown = inspect(value, { colors: false })
  if (shown.length > 28) shown = `${shown.slice(0, 25)}...`
  return ` Received type ${typeof value} (${shown})`
}
exports.received = received

function invalidArgType(name, expected, actual) {
  const all = Array.isArray(expected) ? expected : [expected]
  let message = 'The '
  if (name.endsWith(' argument')) message += `${name} `
  else message += `"${name}" ${name.includes('.') ? 'property' : 'argument'} `
  message += 'must be '
  const types = []
  const instances = []
  const other = []
  for (const value of all) {
    if (TYPES.includes(value)) types.push(value.toLowerCase())
    else if (CLASS_NAME.test(value)) instances.push(value)
    else other.push(value)
  }
  const object = types.indexOf('object')
  if (instances.length > 0 && object !== -1) {
    types.splice(object, 1)
    instances.push('Object')
  }
  const parts = []
  if (types.length > 0) parts.push(`${types.length > 1 ? 'one of type' : 'of type'} ${listed(types, 'or')}`)
  if (instances.length > 0) parts.push(`an instance of ${listed(instances, 'or')}`)
  if (other.length > 1) parts.push(`one of ${listed(other, 'or')}`)
  else if (other.length === 1) parts.push((other[0].toLowerCase() !== other[0] ? 'an ' : '') + other[0])
  return `${message}${parts.join(' or ')}.${received(actual)}`
}

function withUnderscores(text) {
  return text.replace(/\d(?=(\d{3})+$)/g, '$&_')
}

function outOfRange(name, range, input, replace = false) {
  let shown
  if (Number.isInteger(input) && Math.abs(input) > 2 ** 32) shown = withUnderscores(String(input))
  else if (typeof input === 'bigint') {
    shown = String(input)
    if (input > 2n ** 32n || input < -(2n ** 32n)) shown = withUnderscores(shown)
    shown += 'n'
  } else shown = inspect(input)
  return `${replace ? name : `The value of "${name}" is out of range.`} It must be ${range}. Received ${shown}`
}

function invalidArgValue(name, value, reason = 'is invalid') {
  let shown = inspect(value)
  if (shown.length > 128) shown = `${shown.slice(0, 128)}...`
  return `The ${name.includes('.') ? 'property' : 'argument'} '${name}' ${reason}. Received ${shown}`
}

function missingArgs(...args) {
  const quoted = args.map((arg) => (Array.isArray(arg) ? arg.map((one) => `"${one}"`).join(' or ') : `"${arg}"`))
  if (quoted.length === 1) return `The ${quoted[0]} argument must be specified`
  return `The ${listed(quoted, 'and')} arguments must be specified`
}

const returned = (value) => received(value).replace(' Received ', '')

exports.messages = {
  ERR_AMBIGUOUS_ARGUMENT: ['The "%s" argument is ambiguous. %s', TypeError],
  ERR_ARG_NOT_ITERABLE: ['%s must be iterable', TypeError],
  ERR_ASSERTION: ['%s', Error],
  ERR_ASYNC_CALLBACK: ['%s must be a function', TypeError],
  ERR_ASYNC_TYPE: ['Invalid name for async "type": %s', TypeError],
  ERR_BUFFER_OUT_OF_BOUNDS: [
    (name) => (name ? `"${name}" is outside of buffer bounds` : 'Attempt to access memory outside buffer bounds'),
    RangeError,
  ],
  ERR_BUFFER_TOO_LARGE: ['Cannot create a Buffer larger than %s bytes', RangeError],
  ERR_CONSOLE_WRITABLE_STREAM: ['Console expects a writable stream instance for %s', TypeError],
  ERR_CONSTRUCT_CALL_INVALID: ['Constructor cannot be called', TypeError],
  ERR_CONSTRUCT_CALL_REQUIRED: ['Cannot call constructor without `new`', TypeError],
  ERR_CRYPTO_HASH_FINALIZED: ['Digest already called', Error],
  ERR_CRYPTO_HASH_UPDATE_FAILED: ['Hash update failed', Error],
  ERR_CRYPTO_INVALID_DIGEST: ['Invalid digest: %s', TypeError],
  ERR_DIR_CLOSED: ['Directory handle was closed', Error],
  ERR_DIR_CONCURRENT_OPERATION: [
    'Cannot do synchronous work on directory handle with concurrent asynchronous operations',
    Error,
  ],
  ERR_ENCODING_INVALID_ENCODED_DATA: [
    (encoding) => ({ message: `The encoded data was not valid for encoding ${encoding}`, properties: {} }),
    TypeError,
  ],
  ERR_ENCODING_NOT_SUPPORTED: ['The "%s" encoding is not supported', RangeError],
  ERR_EVAL_ESM_CANNOT_PRINT: ['--print cannot be used with ESM input', Error],
  ERR_EVENT_RECURSION: ['The event "%s" is already being dispatched', Error],
  ERR_FALSY_VALUE_REJECTION: [
    (reason) => ({ message: 'Promise was rejected with falsy value', properties: { reason } }),
    Error,
  ],
  ERR_FEATURE_UNAVAILABLE_ON_PLATFORM: [
    'The feature %s is unavailable on the current platform, which is being used to run Node.js',
    TypeError,
  ],
  ERR_FS_CP_DIR_TO_NON_DIR: ['Cannot overwrite non-directory with directory', Error],
  ERR_FS_CP_FIFO_PIPE: ['Cannot copy a FIFO pipe', Error],
  ERR_FS_CP_NON_DIR_TO_DIR: ['Cannot overwrite directory with non-directory', Error],
  ERR_FS_CP_SOCKET: ['Cannot copy a socket file', Error],
  ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY: ['Cannot overwrite symlink in subdirectory of self', Error],
  ERR_FS_CP_EEXIST: ['Target already exists', Error],
  ERR_FS_CP_EINVAL: ['Invalid src or dest', Error],
  ERR_FS_EISDIR: ['Path is a directory', Error],
  ERR_FS_FILE_TOO_LARGE: ['File size (%s) is greater than 2 GiB', RangeError],
  ERR_FS_INVALID_SYMLINK_TYPE: [
    (type) => `Symlink type must be one of "dir", "file", or "junction". Received "${type}"`,
    Error,
  ],
  ERR_FS_WATCH_QUEUE_OVERFLOW: ['fs.watch() queued more than %d events', Error],
  ERR_IPC_CHANNEL_CLOSED: ['Channel closed', Error],
  ERR_INVALID_MODULE: ['No such module: %s', Error],
  ERR_ILLEGAL_CONSTRUCTOR: ['Illegal constructor', TypeError],
  ERR_IMPORT_ATTRIBUTE_MISSING: ['Module "%s" needs an import attribute of "%s: %s"', TypeError],
  ERR_INCOMPATIBLE_OPTION_PAIR: ['Option "%s" cannot be used in combination with option "%s"', TypeError],
  ERR_INPUT_TYPE_NOT_ALLOWED: ['--input-type can only be used with string input via --eval, --print, or STDIN', Error],
  ERR_INTERNAL_ASSERTION: [
    (message) =>
      `${message ? `${message}\n` : ''}This is caused by either a bug in Node.js or incorrect usage of Node.js internals.\nPlease open an issue with this stack trace at https://github.com/nodejs/node/issues\n`,
    Error,
  ],
  ERR_INVALID_ARG_TYPE: [invalidArgType, TypeError],
  ERR_INVALID_ARG_VALUE: [invalidArgValue, TypeError, RangeError],
  ERR_INVALID_ASYNC_ID: ['Invalid %s value: %s', RangeError],
  ERR_INVALID_BUFFER_SIZE: ['Buffer size must be a multiple of %s', RangeError],
  ERR_INVALID_CURSOR_POS: ['Cannot set cursor row without setting its column', TypeError],
  ERR_INVALID_FD: ['"fd" must be a positive integer: %s', RangeError],
  ERR_INVALID_FILE_URL_HOST: ['File URL host must be "localhost" or empty on %s', TypeError],
  ERR_INVALID_FILE_URL_PATH: ['File URL path %s', TypeError],
  ERR_INVALID_MIME_SYNTAX: [
    (production, str, index) =>
      `The MIME syntax for a ${production} in "${str}" is invalid${index !== -1 ? ` at ${index}` : ''}`,
    TypeError,
  ],
  ERR_INVALID_MODULE_SPECIFIER: [
    (request, reason, base) => `Invalid module "${request}" ${reason}${base ? ` imported from ${base}` : ''}`,
    TypeError,
  ],
  ERR_INVALID_OPT_VALUE: ['The value "%s" is invalid for option "%s"', TypeError],
  ERR_INVALID_OPT_VALUE_ENCODING: ['The value "%s" is invalid for option "encoding"', TypeError],
  ERR_INVALID_PACKAGE_CONFIG: [
    (path, base, message) =>
      `Invalid package config ${path}${base ? ` while importing ${base}` : ''}${message ? `. ${message}` : ''}`,
    Error,
  ],
  ERR_INVALID_PACKAGE_TARGET: [
    (path, key, target, isImport = false, base = undefined) => {
      const fix = typeof target === 'string' && !isImport && target.length > 0 && !target.startsWith('./')
      const hint = fix ? '; targets must start with "./"' : ''
      if (key === '.')
        return `Invalid "exports" main target ${JSON.stringify(target)} defined in the package config ${path}package.json${base ? ` imported from ${base}` : ''}${hint}`
      return `Invalid "${isImport ? 'imports' : 'exports'}" target ${JSON.stringify(target)} defined for '${key}' in the package config ${path}package.json${base ? ` imported from ${base}` : ''}${hint}`
    },
    Error,
  ],
  ERR_INVALID_RETURN_PROPERTY_VALUE: [
    (input, name, prop, value) =>
      `Expected ${input} to be returned for the "${prop}" from the "${name}" function but got ${returned(value)}.`,
    TypeError,
  ],
  ERR_INVALID_RETURN_VALUE: [
    (input, name, value) => `Expected ${input} to be returned from the "${name}" function but got ${returned(value)}.`,
    TypeError,
    RangeError,
  ],
  ERR_INVALID_STATE: ['Invalid state: %s', Error, TypeError, RangeError],
  ERR_INVALID_THIS: ['Value of "this" must be of type %s', TypeError],
  ERR_INVALID_TUPLE: ['%s must be an iterable %s tuple', TypeError],
  ERR_INVALID_URI: ['URI malformed', URIError],
  ERR_INVALID_URL: [
    (input, base) => ({
      message: 'Invalid URL',
      properties: base != null ? { code: 'ERR_INVALID_URL', input, base } : { code: 'ERR_INVALID_URL', input },
    }),
    TypeError,
  ],
  ERR_INVALID_URL_SCHEME: [
    (expected) =>
      `The URL must be ${Array.isArray(expected) ? (expected.length === 2 ? `one of scheme ${expected[0]} or ${expected[1]}` : `of scheme ${expected[0]}`) : `of scheme ${expected}`}`,
    TypeError,
  ],
  ERR_METHOD_NOT_IMPLEMENTED: ['The %s method is not implemented', Error],
  ERR_MISSING_ARGS: [missingArgs, TypeError],
  ERR_MISSING_OPTION: ['%s is required', TypeError],
  ERR_MODULE_NOT_FOUND: [
    (path, base, exact = undefined) => ({
      message: `Cannot find ${exact ? 'module' : 'package'} '${path}' imported from ${base}`,
      properties: exact ? { url: String(exact) } : {},
    }),
    Error,
  ],
  ERR_MULTIPLE_CALLBACK: ['Callback called multiple times', Error],
  ERR_NO_CRYPTO: ['Node.js is not compiled with OpenSSL crypto support', Error],
  ERR_NOT_SUPPORTED_IN_SNAPSHOT: ['%s is not supported in startup snapshot', Error],
  ERR_OPERATION_FAILED: ['Operation failed: %s', Error, TypeError],
  ERR_OUT_OF_RANGE: [outOfRange, RangeError],
  ERR_PACKAGE_IMPORT_NOT_DEFINED: [
    (specifier, path, base) =>
      `Package import specifier "${specifier}" is not defined${path ? ` in package ${path}package.json` : ''} imported from ${base}`,
    TypeError,
  ],
  ERR_PACKAGE_PATH_NOT_EXPORTED: [
    (path, subpath, base = undefined) =>
      subpath === '.'
        ? `No "exports" main defined in ${path}package.json${base ? ` imported from ${base}` : ''}`
        : `Package subpath '${subpath}' is not defined by "exports" in ${path}package.json${base ? ` imported from ${base}` : ''}`,
    Error,
  ],
  ERR_PARSE_ARGS_INVALID_OPTION_VALUE: ['%s', TypeError],
  ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL: [
    (value) => `Unexpected argument '${value}'. This command does not take positional arguments`,
    TypeError,
  ],
  ERR_PARSE_ARGS_UNKNOWN_OPTION: [
    (option, positionals) =>
      `Unknown option '${option}'${positionals && option.startsWith('-') ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- ${JSON.stringify(option)}` : ''}`,
    TypeError,
  ],
  ERR_PERFORMANCE_INVALID_TIMESTAMP: ['%d is not a valid timestamp', TypeError],
  ERR_PERFORMANCE_MEASURE_INVALID_OPTIONS: ['%s', TypeError],
  ERR_REQUIRE_ASYNC_MODULE: [
    'require() cannot be used on an ESM graph with top-level await. Use import() instead. To see where the top-level await comes from, use --experimental-print-required-tla.',
    Error,
  ],
  ERR_REQUIRE_CYCLE_MODULE: ['%s', Error],
  ERR_REQUIRE_ESM: ['require() of ES Module %s not supported.', Error],
  ERR_SCRIPT_EXECUTION_TIMEOUT: ['Script execution timed out after %sms', Error],
  ERR_SERVER_NOT_RUNNING: ['Server is not running.', Error],
  ERR_SOCKET_BAD_PORT: ['%s', RangeError],
  ERR_SRC_OBJECT_NOT_SUPPORTED: ['%s', TypeError],
  ERR_STREAM_ALREADY_FINISHED: ['Cannot call %s after a stream was finished', Error],
  ERR_STREAM_CANNOT_PIPE: ['Cannot pipe, not readable', Error],
  ERR_STREAM_DESTROYED: ['Cannot call %s after a stream was destroyed', Error],
  ERR_STREAM_ITER_MISSING_FLAG: ['The stream/iter API requires a flag', Error],
  ERR_STREAM_NULL_VALUES: ['May not write null values to stream', TypeError],
  ERR_STREAM_PREMATURE_CLOSE: ['Premature close', Error],
  ERR_STREAM_PUSH_AFTER_EOF: ['stream.push() after EOF', Error],
  ERR_STREAM_UNABLE_TO_PIPE: ['Cannot pipe to a closed or destroyed stream', Error],
  ERR_STREAM_UNSHIFT_AFTER_END_EVENT: ['stream.unshift() after end event', Error],
  ERR_STREAM_WRAP: ['Stream has StringDecoder set or is in objectMode', Error],
  ERR_STREAM_WRITE_AFTER_END: ['write after end', Error],
  ERR_STRING_TOO_LONG: ['Cannot create a string longer than 0x%s characters', Error],
  ERR_SYSTEM_ERROR: ['A system error occurred', Error],
  ERR_TEST_FAILURE: [
    (error, failureType) => ({
      message: typeof error?.message === 'string' ? error.message : inspect(error),
      properties: { failureType, cause: error },
    }),
    Error,
  ],
  ERR_UNAVAILABLE_DURING_EXIT: ['Cannot call function in process exit handler', Error],
  ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET: [
    '`process.setupUncaughtExceptionCapture()` was called while a capture callback was already active',
    Error,
  ],
  ERR_UNESCAPED_CHARACTERS: ['%s contains unescaped characters', TypeError],
  ERR_UNHANDLED_ERROR: [(error) => (error === undefined ? 'Unhandled error.' : `Unhandled error. (${error})`), Error],
  ERR_UNHANDLED_REJECTION: [
    (reason) =>
      `This error originated either by throwing inside of an async function without a catch block, or by rejecting a promise which was not handled with .catch(). The promise rejected with the reason "${reason}".`,
    Error,
  ],
  ERR_UNKNOWN_BUILTIN_MODULE: ['No such built-in module: %s', Error],
  ERR_UNKNOWN_CREDENTIAL: ['%s identifier does not exist: %s', Error],
  ERR_UNKNOWN_ENCODING: ['Unknown encoding: %s', TypeError],
  ERR_UNKNOWN_FILE_EXTENSION: [(extension, path) => `Unknown file extension "${extension}" for ${path}`, TypeError],
  ERR_UNKNOWN_MODULE_FORMAT: ['Unknown module format: %s for URL %s', RangeError],
  ERR_UNKNOWN_SIGNAL: ['Unknown signal: %s', TypeError],
  ERR_UNSUPPORTED_DIR_IMPORT: [
    (path, base) => ({
      message: `Directory import '${path}' is not supported resolving ES modules imported from ${base}`,
      properties: { url: String(path) },
    }),
    Error,
  ],
  ERR_UNSUPPORTED_ESM_URL_SCHEME: [
    (url, supported) =>
      `Only URLs with a scheme in: ${listed(supported, 'and')} are supported by the default ESM loader. Received protocol '${url.protocol}'`,
    Error,
  ],
  ERR_UNSUPPORTED_RESOLVE_REQUEST: [
    'Failed to resolve module specifier "%s" from "%s": Invalid relative URL or base scheme is not hierarchical.',
    TypeError,
  ],
  ERR_USE_AFTER_CLOSE: ['%s was closed', Error],
  ERR_VALID_PERFORMANCE_ENTRY_TYPE: ['At least one valid performance entry type is required', Error],
  ERR_VM_MODULE_STATUS: ['Module status %s', Error],
  ERR_WORKER_UNSUPPORTED_OPERATION: ['%s is not supported in workers', TypeError],
  ERR_ZLIB_INITIALIZATION_FAILED: ['Initialization failed', Error],
}
