// `vm`: scripts in this context. Other contexts are not there.
'use strict'
const { codes } = require('internal/errors')
const validators = require('internal/validators')

class Script {
  #code
  #name
  constructor(code, options = {}) {
    if (typeof options === 'string') options = { filename: options }
    else validators.validateObject(options, 'options')
    const { filename = 'evalmachine.<anonymous>' } = options
    validators.validateString(filename, 'options.filename')
    this.#code = `${code}`
    this.#name = filename
    native.compile(`(function(){${this.#code}\n})`, filename)
  }
  runInThisContext() {
    return native.compile(this.#code, this.#name)
  }
  runInContext(context) {
    return runInContext(this.#code, context)
  }
  runInNewContext(context) {
    return runInContext(this.#code, createContext(context))
  }
  createCachedData() {
    return Buffer.alloc(0)
  }
}
const contexts = new WeakSet()
function createContext(object = {}) {
  contexts.add(object)
  return object
}
// The names of the object are in scope; what the script makes global is not kept apart.
function runInContext(code, context) {
  if (!contexts.has(context)) throw new codes.ERR_INVALID_ARG_TYPE('contextifiedObject', 'vm.Context', context)
  const run = native.compile(
    '(function (context, code) { with (context) { return eval(code); } })',
    'evalmachine.<anonymous>',
  )
  return run(context, `${code}`)
}
module.exports = {
  Script,
  createContext,
  createScript: (code, options) => new Script(code, options),
  isContext(object) {
    validators.validateObject(object, 'object', 7)
    return contexts.has(object)
  },
  runInContext,
  runInNewContext: (code, context) => runInContext(code, createContext(context)),
  runInThisContext: (code, options) => new Script(code, options).runInThisContext(),
  compileFunction(code, params = [], options = {}) {
    validators.validateString(code, 'code')
    return native.compile(`(function (${params.join(',')}) {${code}\n})`, options.filename ?? '')
  },
  measureMemory: () => Promise.reject(new codes.ERR_FEATURE_UNAVAILABLE_ON_PLATFORM('vm.measureMemory()')),
  constants: { __proto__: null, USE_MAIN_CONTEXT_DEFAULT_LOADER: Symbol('vm_dynamic_import_main_context_default') },
}
