// ES modules: specifiers to URLs, URLs to sources. The engine does the linking.
'use strict'
const path = require('path')
const { codes } = require('internal/errors')
const builtins = require('internal/builtins')
const resolution = require('internal/resolution')

const CONDITIONS = new Set([
  'node',
  'import',
  'module-sync',
  'node-addons',
  ...require('internal/flags').all('conditions'),
])
const texts = new Map()

const toUrl = (file) => require('url').pathToFileURL(file).href
const toPath = (url) => require('url').fileURLToPath(url)
const kindOf = (file) => native.stat(file, true, false, (_, mode) => ((mode & 0o170000) === 0o040000 ? 1 : 0))

// What modules are called whose text came from nowhere.
function basePath(base) {
  if (base.startsWith('file:')) return toPath(base)
  if (path.isAbsolute(base)) return base
  return path.join(process.cwd(), base || '[eval]')
}

exports.resolve = function resolve(base, specifier, type) {
  specifier = `${specifier}`
  const builtin = builtins.find(specifier)
  if (builtin !== undefined) return `node:${builtin}`
  if (specifier.startsWith('node:')) throw new codes.ERR_UNKNOWN_BUILTIN_MODULE(specifier)
  if (texts.has(specifier)) return specifier
  if (specifier.startsWith('data:')) return specifier
  const from = basePath(base)
  if (/^\.{0,2}\//.test(specifier) || specifier === '.' || specifier === '..')
    return finish(new URL(specifier, toUrl(from)), from, type)
  if (specifier[0] === '#') {
    const meant = resolution.packageImports(specifier, from, CONDITIONS)
    if (meant.specifier !== undefined) return exports.resolve(base, meant.specifier, type)
    return finish(new URL(toUrl(meant.file)), from, type)
  }
  let url
  try {
    url = new URL(specifier)
  } catch {
    return finish(new URL(toUrl(bare(specifier, from))), from, type)
  }
  if (url.protocol !== 'file:') throw new codes.ERR_UNSUPPORTED_ESM_URL_SCHEME(url, ['file', 'data', 'node'])
  return finish(url, from, type)
}

function bare(specifier, from) {
  const { name, subpath } = resolution.splitSpecifier(specifier, from)
  const own = resolution.packageOf(from)
  if (own?.name === name && own.exports != null) return resolution.packageExports(own, subpath, from, CONDITIONS)
  for (let dir = path.dirname(from); ; dir = path.dirname(dir)) {
    const root = path.join(dir, 'node_modules', name)
    if (kindOf(root) === 1) {
      const pkg = resolution.readPackage(root)
      if (pkg?.exports != null) return resolution.packageExports(pkg, subpath, from, CONDITIONS)
      if (subpath !== '.') return path.join(root, subpath)
      const main = pkg?.main
      for (const one of main
        ? [main, `${main}.js`, `${main}.json`, `${main}/index.js`, 'index.js']
        : ['index.js', 'index.json']) {
        const file = path.join(root, one)
        if (kindOf(file) === 0) return file
      }
      throw new codes.ERR_MODULE_NOT_FOUND(root, from)
    }
    if (dir === '/') throw new codes.ERR_MODULE_NOT_FOUND(name, from)
  }
}

function finish(url, from, type) {
  if (/%2f|%5c/i.test(url.pathname))
    throw new codes.ERR_INVALID_MODULE_SPECIFIER(url.pathname, 'must not include encoded "/" or "\\" characters', from)
  const file = toPath(url)
  const what = kindOf(file.endsWith('/') ? file.slice(0, -1) || '/' : file)
  if (what === 1) throw new codes.ERR_UNSUPPORTED_DIR_IMPORT(file, from)
  if (what !== 0) throw new codes.ERR_MODULE_NOT_FOUND(file, from, url)
  const real = native.realpath(file, false)
  const href = typeof real === 'string' && real !== file ? toUrl(real) + url.search + url.hash : url.href
  if (file.endsWith('.json') && type !== 'json') throw new codes.ERR_IMPORT_ATTRIBUTE_MISSING(href, 'type', 'json')
  return href
}

// Text, and what becomes of `import.meta`.
exports.load = function load(url, type) {
  if (url.startsWith('node:')) {
    const value = builtins(url.slice(5))
    return synthetic(
      Object.keys(value).filter((name) => name !== 'default'),
      value,
      { url },
    )
  }
  const known = texts.get(url)
  if (known !== undefined) return [known.text, known.meta]
  if (url.startsWith('data:')) return dataUrl(url, type)
  const file = toPath(url)
  const format = resolution.formatOf(file)
  if (format === undefined) throw new codes.ERR_UNKNOWN_FILE_EXTENSION(path.extname(file), file)
  if (format === 'json') return synthetic([], JSON.parse(text(file)), { url })
  if (format === 'commonjs') return fromCommonJs(file, url)
  let source = text(file).replace(/^#!.*/, '')
  if (/\.(m?ts|tsx|jsx)$/.test(file)) source = require('internal/typescript').strip(source, file)
  return [source, meta(url, file)]
}

function text(file) {
  const found = native.readText(file, 0)
  if (typeof found === 'number')
    throw require('internal/errors').uvException({ errno: found, syscall: 'open', path: file })
  return found.charCodeAt(0) === 0xfeff ? found.slice(1) : found
}

function meta(url, file) {
  return {
    url,
    dirname: path.dirname(file),
    filename: file,
    resolve(specifier) {
      try {
        return exports.resolve(url, specifier)
      } catch (error) {
        // Where it would be is an answer, too.
        if (error.code === 'ERR_MODULE_NOT_FOUND' && error.url) return error.url
        throw error
      }
    },
  }
}

function dataUrl(url, type) {
  const match = /^data:([^,;]*)((?:;[^,]*)?),([\s\S]*)$/.exec(url)
  if (!match) throw new codes.ERR_INVALID_URL(url)
  const body = match[2].includes('base64')
    ? Buffer.from(decodeURIComponent(match[3]), 'base64').toString()
    : decodeURIComponent(match[3])
  if (/json/.test(match[1])) {
    if (type !== 'json') throw new codes.ERR_IMPORT_ATTRIBUTE_MISSING(url, 'type', 'json')
    return synthetic([], JSON.parse(body), { url })
  }
  if (!/javascript/.test(match[1])) throw new codes.ERR_UNKNOWN_MODULE_FORMAT(match[1], url)
  return [body, { url }]
}

// A module whose exports are properties of a value that is there already, or comes when the module runs.
function synthetic(names, value, known) {
  const load = typeof value === 'function' && value[lazy] ? value : () => value
  let source = 'const value = import.meta.load(); export default value;\n'
  names.forEach((name, at) => {
    source += `const v${at} = value?.[${JSON.stringify(name)}]; export { v${at} as ${JSON.stringify(name)} };\n`
  })
  return [source, { ...known, load }]
}
const lazy = Symbol('lazy')

function fromCommonJs(file, url) {
  const names = require('internal/cjs_exports').namesOf(file, new Set())
  names.delete('default')
  const load = () => {
    const { Module } = require('internal/cjs')
    const cached = Module._cache[file]
    if (cached !== undefined) return cached.exports
    return Module._load(file, undefined, false)
  }
  load[lazy] = true
  return synthetic([...names], load, { url })
}

function asMain(promise) {
  promise.then(undefined, (error) => {
    require('internal/loop').nextTick(() => {
      throw error
    })
  })
  // A module that waits for something that never comes is an error of its own, as Node has it.
  process.once('exit', () => {
    if (native.promise(promise)[0] === 0 && (process.exitCode === undefined || process.exitCode === 0)) {
      native.print(2, 'Warning: Detected unsettled top-level await\n')
      process.exitCode = 13
    }
  })
}

exports.start = (file) => asMain(native.import(toUrl(file)))
exports.importText = (source, name) => {
  const url = toUrl(path.join(process.cwd(), name))
  texts.set(url, { text: source, meta: meta(url, path.join(process.cwd(), name)) })
  return native.import(url)
}
exports.startText = (source, name) => asMain(exports.importText(source, name))
exports.toUrl = toUrl
exports.looksLikeModule = (source) => {
  if (resolution.hasModuleSyntax(source)) return true
  if (!/\bawait\b/.test(source)) return false
  try {
    native.compile(`(function(){${source}\n})`, '[probe]')
    return false
  } catch {
    return true
  }
}

// A module's namespace, at once; an error if something in it waits.
exports.importNow = (file) => now(native.import(toUrl(file)))
// The same for what is named as in a module of the current directory.
exports.preload = (specifier) => now(native.import(exports.resolve('', specifier)))
function now(promise) {
  let [state, value] = native.promise(promise)
  if (state === 0) {
    native.runJobs()
    ;[state, value] = native.promise(promise)
  }
  promise.catch(() => {})
  if (state === 0) throw new codes.ERR_REQUIRE_ASYNC_MODULE()
  if (state === 2) throw value
  return value
}
exports.import = (specifier) => native.import(specifier)
