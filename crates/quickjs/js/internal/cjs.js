// CommonJS.
'use strict'
const path = require('path')
const { codes } = require('internal/errors')
const builtins = require('internal/builtins')
const resolution = require('internal/resolution')
const flags = require('internal/flags')
const { deprecate } = require('internal/util')
const { validateString } = require('internal/validators')

const CONDITIONS = new Set([
  'node',
  'require',
  'module-sync',
  'node-addons',
  ...require('internal/flags').all('conditions'),
])
const found = new Map()

const kParent = Symbol('parent')
function Module(id = '', parent) {
  this.id = id
  this.path = path.dirname(id)
  Object.defineProperty(this, 'exports', { value: {}, writable: true, enumerable: true, configurable: true })
  Object.defineProperty(this, kParent, { value: parent, writable: true })
  if (parent?.children && !parent.children.includes(this)) parent.children.push(this)
  this.filename = null
  this.loaded = false
  this.children = []
}
const parentGetter = {
  get() {
    return this[kParent]
  },
  set(value) {
    this[kParent] = value
  },
}
if (flags.has('pending-deprecation')) {
  const told =
    'module.parent is deprecated due to accuracy issues. Please use require.main to find program entry point instead.'
  for (const key of ['get', 'set']) parentGetter[key] = deprecate(parentGetter[key], told, 'DEP0144')
}
Object.defineProperty(Module.prototype, 'parent', { ...parentGetter, configurable: true })
Module.Module = Module
Module._cache = { __proto__: null }
Module._pathCache = { __proto__: null }
Module._extensions = { __proto__: null }
Module.globalPaths = []
Module.builtinModules = builtins.builtins.slice().sort()
Module._debug = () => {}
Module.isBuiltin = (name) => typeof name === 'string' && builtins.find(name) !== undefined
Module.syncBuiltinESMExports = () => {}
Module.findSourceMap = () => undefined
Module.SourceMap = class SourceMap {}
Module.register = () => {}
Module.runMain = (main = process.argv[1]) => {
  Module._load(main, null, true)
}
let patched = false
let wrapper = new Proxy(['(function (exports, require, module, __filename, __dirname) { ', '\n});'], {
  set(...args) {
    patched = true
    return Reflect.set(...args)
  },
  defineProperty(...args) {
    patched = true
    return Reflect.defineProperty(...args)
  },
})
let wrap = (script) => wrapper[0] + script + wrapper[1]
Object.defineProperty(Module, 'wrap', {
  get: () => wrap,
  set(value) {
    patched = true
    wrap = value
  },
})
Object.defineProperty(Module, 'wrapper', {
  get: () => wrapper,
  set(value) {
    patched = true
    wrapper = value
  },
})

function kind(file) {
  const cached = stats?.get(file)
  if (cached !== undefined) return cached
  const result = native.stat(file, true, false, (_, mode) => ((mode & 0o170000) === 0o040000 ? 1 : 0))
  stats?.set(file, result)
  return result
}
// Within one outermost `require` each file is looked at once.
let stats

const real = new Map()
function toReal(file) {
  const known = real.get(file)
  if (known !== undefined) return known
  if (flags.has('preserve-symlinks')) return file
  const answer = native.realpath(file, false)
  const result = typeof answer === 'string' ? answer : file
  real.set(file, result)
  return result
}
Module._stat = kind

function withExtensions(base, extensions) {
  for (const extension of extensions) if (kind(base + extension) === 0) return toReal(base + extension)
  return undefined
}
function fromDirectory(dir, extensions, request) {
  const main = resolution.readPackage(dir)?.main
  if (main) {
    const file = path.resolve(dir, main)
    const found =
      (kind(file) === 0 ? toReal(file) : undefined) ??
      withExtensions(file, extensions) ??
      withExtensions(path.resolve(file, 'index'), extensions)
    if (found) return found
  }
  const index = withExtensions(path.resolve(dir, 'index'), extensions)
  if (index === undefined && main) {
    const error = new Error(
      `Cannot find module '${path.resolve(dir, main)}'. Please verify that the package.json has a valid "main" entry`,
    )
    error.code = 'MODULE_NOT_FOUND'
    error.path = path.resolve(dir, 'package.json')
    error.requestPath = request
    throw error
  }
  if (index !== undefined && main) {
    process.emitWarning(
      `Invalid 'main' field in '${path.resolve(dir, 'package.json')}' of '${main}'. Please either fix that or report it to the module author`,
      'DeprecationWarning',
      'DEP0128',
    )
  }
  return index
}

function fileOrDirectory(base, request, trailing) {
  const extensions = Object.keys(Module._extensions)
  const what = kind(base)
  if (!trailing) {
    if (what === 0) return toReal(base)
    const found = withExtensions(base, extensions)
    if (found) return found
  }
  return what === 1 ? fromDirectory(base, extensions, request) : undefined
}
exports.findPath = (file) => fileOrDirectory(file, file, false)

Module._findPath = function _findPath(request, paths, isMain) {
  if (path.isAbsolute(request)) paths = ['']
  else if (!paths || paths.length === 0) return false
  const trailing = /(^|\/)\.{0,2}$/.test(request) && /(\/|^\.{1,2}|\/\.{1,2})$/.test(request)
  for (const dir of paths) {
    if (dir && kind(dir) !== 1) continue
    if (dir && !request.startsWith('.')) {
      const { name, subpath } = (() => {
        try {
          return resolution.splitSpecifier(request)
        } catch {
          return {}
        }
      })()
      const pkg = name && resolution.readPackage(path.resolve(dir, name))
      if (pkg?.exports != null) {
        const file = resolution.packageExports(pkg, subpath, undefined, CONDITIONS)
        if (kind(file) !== 0) throw missing(file, undefined, path.resolve(dir, 'package.json'))
        return toReal(file)
      }
    }
    const found = fileOrDirectory(path.resolve(dir, request), request, trailing)
    if (found) return found
  }
  return false
}

Module._nodeModulePaths = function _nodeModulePaths(from) {
  from = path.resolve(from)
  const paths = []
  for (let dir = from; ; dir = path.dirname(dir)) {
    if (path.basename(dir) !== 'node_modules') paths.push(dir === '/' ? '/node_modules' : `${dir}/node_modules`)
    if (dir === '/') return paths
  }
}

Module._resolveLookupPaths = function _resolveLookupPaths(request, parent) {
  if (builtins.find(request) !== undefined) return null
  if (!/^\.\.?(\/|$)/.test(request)) {
    const paths = (parent?.paths ?? []).concat(Module.globalPaths)
    return paths.length > 0 ? paths : null
  }
  if (!parent?.id || !parent.filename) return ['.'].concat(Module._nodeModulePaths('.'), Module.globalPaths)
  return [path.dirname(parent.filename)]
}

function missing(request, stack = []) {
  let message = `Cannot find module '${request}'`
  if (stack.length > 0) message += `\nRequire stack:\n- ${stack.join('\n- ')}`
  const error = new Error(message)
  error.code = 'MODULE_NOT_FOUND'
  error.requireStack = stack
  return error
}

Module._resolveFilename = function _resolveFilename(request, parent, isMain, options) {
  const builtin = builtins.find(request)
  if (builtin !== undefined) return request
  let paths
  if (typeof options === 'object' && options !== null) {
    if (Array.isArray(options.paths)) {
      const relative = /^\.\.?(\/|$)/.test(request)
      if (relative) paths = options.paths
      else {
        const fake = new Module('', null)
        paths = []
        for (const dir of options.paths) {
          fake.paths = Module._nodeModulePaths(dir)
          for (const one of Module._resolveLookupPaths(request, fake) ?? []) if (!paths.includes(one)) paths.push(one)
        }
      }
    } else if (options.paths === undefined) paths = Module._resolveLookupPaths(request, parent)
    else throw new codes.ERR_INVALID_ARG_VALUE('options.paths', options.paths)
  } else paths = Module._resolveLookupPaths(request, parent)

  if (parent?.filename) {
    if (request[0] === '#') {
      const meant = resolution.packageImports(request, parent.filename, CONDITIONS)
      if (meant.specifier !== undefined) return Module._resolveFilename(meant.specifier, parent, isMain)
      if (kind(meant.file) !== 0) throw missing(meant.file)
      return toReal(meant.file)
    }
    const own = selfReference(request, parent.filename)
    if (own) return own
  }
  const filename = Module._findPath(request, paths, isMain)
  if (filename) return filename
  const stack = []
  for (let at = parent; at; at = at[kParent]) stack.push(at.filename || at.id)
  throw missing(request, stack)
}

function selfReference(request, from) {
  if (request.startsWith('.') || request.startsWith('/')) return undefined
  const pkg = resolution.packageOf(from)
  if (pkg?.exports === undefined || pkg.name === undefined) return undefined
  if (request !== pkg.name && !request.startsWith(`${pkg.name}/`)) return undefined
  const file = resolution.packageExports(pkg, `.${request.slice(pkg.name.length)}`, from, CONDITIONS)
  return toReal(file)
}

Module._load = function _load(request, parent, isMain) {
  const key = parent && `${parent.path}\0${request}`
  const known = key && found.get(key)
  if (known !== undefined) {
    const module = Module._cache[known]
    if (module !== undefined) return answer(module, parent)
    found.delete(key)
  }
  if (request.startsWith('node:')) {
    const builtin = builtins.find(request)
    if (builtin === undefined) throw new codes.ERR_UNKNOWN_BUILTIN_MODULE(request)
    return builtins(builtin)
  }
  const filename = Module._resolveFilename(request, parent, isMain)
  const cached = Module._cache[filename]
  if (cached !== undefined) return answer(cached, parent)
  const builtin = builtins.find(filename)
  if (builtin !== undefined) return builtins(builtin)
  const module = new Module(filename, parent)
  if (isMain) {
    process.mainModule = module
    module.id = '.'
    exports.main = module
  }
  Module._cache[filename] = module
  if (key) found.set(key, filename)
  let failed = true
  try {
    module.load(filename)
    failed = false
  } finally {
    if (failed) {
      delete Module._cache[filename]
      if (key) found.delete(key)
      const { children } = parent ?? {}
      const at = children?.indexOf(module) ?? -1
      if (at !== -1) children.splice(at, 1)
    } else if (isPlain(module.exports) && Object.getPrototypeOf(module.exports) === circular)
      Object.setPrototypeOf(module.exports, Object.prototype)
  }
  return module.exports
}

function answer(module, parent) {
  if (parent?.children && !parent.children.includes(module)) parent.children.push(module)
  const { exports: value } = module
  // One that is needed while it is still loading: what it does not have yet is told of.
  if (!module.loaded && isPlain(value) && Object.getPrototypeOf(value) === Object.prototype && !value.__esModule)
    Object.setPrototypeOf(value, circular)
  return value
}
const isPlain = (value) => value !== null && typeof value === 'object' && native.proxy(value) === undefined
function absent(key) {
  process.emitWarning(`Accessing non-existent property '${String(key)}' of module exports inside circular dependency`)
}
const circular = new Proxy(
  {},
  {
    get(target, key) {
      if (key in target || key === '__esModule') return target[key]
      return absent(key)
    },
    getOwnPropertyDescriptor(target, key) {
      if (Object.hasOwn(target, key) || key === '__esModule') return Object.getOwnPropertyDescriptor(target, key)
      return absent(key)
    },
  },
)

Module.prototype.load = function load(filename) {
  this.filename = filename
  this.paths = Module._nodeModulePaths(path.dirname(filename))
  const name = path.basename(filename)
  let extension = '.js'
  for (let dot = name.indexOf('.', 1); dot > 0; dot = name.indexOf('.', dot + 1)) {
    if (Module._extensions[name.slice(dot)] && name.slice(dot) !== '.') {
      extension = name.slice(dot)
      break
    }
  }
  if (filename.endsWith('.mjs') && !Module._extensions['.mjs']) loadModule(this, filename)
  else Module._extensions[extension](this, filename)
  this.loaded = true
}

Module.prototype.require = function (id) {
  validateString(id, 'id')
  if (id === '') throw new codes.ERR_INVALID_ARG_VALUE('id', id, 'must be a non-empty string')
  const outermost = stats === undefined
  if (outermost) stats = new Map()
  try {
    return Module._load(id, this, false)
  } finally {
    if (outermost) stats = undefined
  }
}

Module.prototype._compile = function _compile(content, filename, format) {
  const from = typeof content === 'string' ? content.replace(/^#!.*/, '') : content
  const compiled = patched ? native.compile(Module.wrap(from), filename) : native.compileModule(from, filename)
  const require = makeRequire(this)
  return Reflect.apply(compiled, this.exports, [this.exports, require, this, filename, path.dirname(filename)])
}

function makeRequire(module) {
  const require = function require(path) {
    return module.require(path)
  }
  require.resolve = function resolve(request, options) {
    validateString(request, 'request')
    return Module._resolveFilename(request, module, false, options)
  }
  require.resolve.paths = function paths(request) {
    validateString(request, 'request')
    return Module._resolveLookupPaths(request, module)
  }
  // Whatever setters there are on prototypes.
  for (const [key, value] of [
    ['main', exports.main],
    ['extensions', Module._extensions],
    ['cache', Module._cache],
  ])
    Object.defineProperty(require, key, {
      __proto__: null,
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    })
  return require
}
exports.makeRequire = makeRequire

function read(filename) {
  const text = native.readText(filename, 0)
  if (typeof text === 'number')
    throw require('internal/errors').uvException({ errno: text, syscall: 'open', path: filename })
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}

// `require` of an ES module: its namespace, as long as nothing in it waits.
function loadModule(module, filename) {
  const namespace = require('internal/esm').importNow(filename)
  if (Object.hasOwn(namespace, 'module.exports')) module.exports = namespace['module.exports']
  else if ('default' in namespace && !Object.hasOwn(namespace, '__esModule')) {
    const wrapped = Object.create(namespace, { __esModule: { value: true, enumerable: true } })
    module.exports = wrapped
  } else module.exports = namespace
}

Module._extensions['.js'] = function (module, filename) {
  if (resolution.formatOf(filename, true) === 'module') return loadModule(module, filename)
  return module._compile(read(filename), filename)
}
Module._extensions['.json'] = function (module, filename) {
  try {
    module.exports = JSON.parse(read(filename))
  } catch (error) {
    error.message = `${filename}: ${error.message}`
    throw error
  }
}
Module._extensions['.node'] = function (module, filename) {
  return process.dlopen(module, filename)
}
for (const extension of ['.ts', '.cts', '.tsx', '.jsx', '.mts']) {
  Module._extensions[extension] = function (module, filename) {
    if (resolution.formatOf(filename, true) === 'module') return loadModule(module, filename)
    return module._compile(require('internal/typescript').strip(read(filename), filename), filename)
  }
}
Object.defineProperties(
  Module._extensions,
  Object.fromEntries(['.ts', '.cts', '.tsx', '.jsx', '.mts'].map((key) => [key, { enumerable: key !== '.mts' }])),
)

exports.runMain = (filename) => Module.runMain(filename)
exports.Module = Module
exports.main = undefined
Module._initPaths = () => {
  const { NODE_PATH, HOME } = process.env
  const prefix = path.resolve(process.execPath, '..', '..')
  const home = HOME ? [path.resolve(HOME, '.node_modules'), path.resolve(HOME, '.node_libraries')] : []
  Module.globalPaths = [...(NODE_PATH ?? '').split(':').filter(Boolean), ...home, path.resolve(prefix, 'lib', 'node')]
}
Module._initPaths()
Module._preloadModules = (requests) => {
  if (!Array.isArray(requests) || requests.length === 0) return
  const parent = new Module('internal/preload', null)
  parent.paths = Module._nodeModulePaths(process.cwd())
  parent.filename = path.join(process.cwd(), 'internal/preload')
  for (const request of requests) parent.require(request)
}
Module.enableCompileCache = () => ({ status: 3 })
Module.createRequire = function createRequire(filename) {
  let file
  if (filename instanceof URL || (typeof filename === 'string' && !path.isAbsolute(filename))) {
    try {
      file = require('url').fileURLToPath(filename)
    } catch {
      throw new codes.ERR_INVALID_ARG_VALUE(
        'filename',
        filename,
        'must be a file URL object, file URL string, or absolute path string',
      )
    }
  } else if (typeof filename !== 'string') {
    throw new codes.ERR_INVALID_ARG_VALUE(
      'filename',
      filename,
      'must be a file URL object, file URL string, or absolute path string',
    )
  } else file = filename
  const module = new Module(file)
  module.filename = file
  module.paths = Module._nodeModulePaths(file.endsWith('/') ? file : path.dirname(file))
  if (file.endsWith('/')) module.filename = path.join(file, 'noop.js')
  return makeRequire(module)
}
