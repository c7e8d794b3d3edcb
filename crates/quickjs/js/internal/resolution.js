// Which file a specifier means: packages, `exports` and `imports`, conditions. Both kinds of modules ask here.
'use strict'
const path = require('path')
const { codes } = require('internal/errors')

const packages = new Map()

// What a `package.json` says; null where there is none. The answer is kept.
function readPackage(dir) {
  const known = packages.get(dir)
  if (known !== undefined) return known
  const file = dir === '/' ? '/package.json' : `${dir}/package.json`
  const text = native.readText(file, 0)
  let found = null
  if (typeof text === 'string') {
    let json
    try {
      json = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text)
    } catch (error) {
      throw new codes.ERR_INVALID_PACKAGE_CONFIG(file, undefined, error.message)
    }
    // What others have put into `Object.prototype` is not what the file says.
    const object = { __proto__: null, ...(json !== null && typeof json === 'object' ? json : {}) }
    found = {
      dir,
      file,
      name: typeof object.name === 'string' ? object.name : undefined,
      main: typeof object.main === 'string' ? object.main : undefined,
      type: object.type === 'module' || object.type === 'commonjs' ? object.type : 'none',
      exports: object.exports,
      imports: object.imports !== null && typeof object.imports === 'object' ? object.imports : undefined,
      json: object,
    }
  }
  packages.set(dir, found)
  return found
}
exports.readPackage = readPackage
exports.forget = () => packages.clear()

// The nearest `package.json` at or above a file.
function packageOf(file) {
  let dir = path.dirname(file)
  for (;;) {
    if (!dir.endsWith('/node_modules')) {
      const found = readPackage(dir)
      if (found !== null) return found
    }
    const parent = path.dirname(dir)
    if (parent === dir) return null
    dir = parent
  }
}
exports.packageOf = packageOf

const MODULE_SYNTAX =
  /^\s*(?:import\s*(?:[\w$*{]|['"])|export\s*(?:[{*]|default\b|interface\b|type\b|enum\b|abstract\b|declare\b|namespace\b|const\b|let\b|var\b|function\b|class\b|async\b))|\bimport\s*\.\s*meta\b/m

// How a file is to be run: module, commonjs, json, wasm, or undefined for an unknown extension.
exports.formatOf = function formatOf(file, lenient = false) {
  const extension = path.extname(file)
  switch (extension) {
    case '.mjs':
    case '.mts':
      return 'module'
    case '.cjs':
    case '.cts':
      return 'commonjs'
    case '.json':
      return 'json'
    case '.js':
    case '.ts':
    case '.tsx':
    case '.jsx':
    case '': {
      const type = packageOf(file)?.type
      if (type === 'module') return 'module'
      if (type === 'commonjs' || extension === '') return 'commonjs'
      return detect(file)
    }
    default:
      return lenient ? 'commonjs' : undefined
  }
}

// Without a `type`, syntax decides.
function detect(file) {
  const text = native.readText(file, 0)
  return typeof text === 'string' && exports.hasModuleSyntax(text) ? 'module' : 'commonjs'
}
// What looks like a module is one if it cannot be compiled as anything else.
exports.hasModuleSyntax = (text) => {
  if (!MODULE_SYNTAX.test(text)) return false
  try {
    native.compile(
      `(function (exports, require, module, __filename, __dirname) { ${text.replace(/^#!.*/, '')}\n})`,
      '[probe]',
    )
    return false
  } catch {
    return true
  }
}

const isIndex = (key) => String(+key) === key && +key >= 0 && +key < 0xffff_ffff

// The target of an entry of `exports` or `imports`: a path, null (excluded) or undefined (no condition holds).
function target(pkg, value, subpath, match, base, internal, conditions) {
  if (typeof value === 'string') {
    const invalid = () => new codes.ERR_INVALID_PACKAGE_TARGET(`${pkg.dir}/`, subpath, value, internal, base)
    if (!value.startsWith('./')) {
      if (internal && !value.startsWith('../') && !value.startsWith('/')) {
        let url = true
        try {
          new URL(value)
        } catch {
          url = false
        }
        if (!url) return { specifier: match === undefined ? value : value.replaceAll('*', match) }
        if (value.startsWith('node:')) return { specifier: value }
      }
      throw invalid()
    }
    if (
      /(^|\\|\/)((\.|%2e)(\.|%2e)?|(n|%6e|%4e)(o|%6f|%4f)(d|%64|%44)(e|%65|%45)(_|%5f)(m|%6d|%4d)(o|%6f|%4f)(d|%64|%44)(u|%75|%55)(l|%6c|%4c)(e|%65|%45)(s|%73|%53))(\\|\/|$)/i.test(
        value.slice(2),
      )
    )
      throw invalid()
    if (match !== undefined && /(^|\/)(\.\.?|node_modules)(\/|$)/i.test(match)) {
      throw new codes.ERR_INVALID_MODULE_SPECIFIER(
        match,
        `request is not a valid match in pattern "${subpath}" for the "${internal ? 'imports' : 'exports'}" resolution of ${pkg.file}`,
        base,
      )
    }
    return { file: path.join(pkg.dir, match === undefined ? value : value.replaceAll('*', match)) }
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return null
    let last
    for (const one of value) {
      let found
      try {
        found = target(pkg, one, subpath, match, base, internal, conditions)
      } catch (error) {
        last = error
        if (error.code !== 'ERR_INVALID_PACKAGE_TARGET') throw error
        continue
      }
      if (found === undefined) continue
      if (found === null) {
        last = null
        continue
      }
      return found
    }
    if (last == null) return last
    throw last
  }
  if (typeof value === 'object' && value !== null) {
    for (const key of Object.keys(value))
      if (isIndex(key))
        throw new codes.ERR_INVALID_PACKAGE_CONFIG(pkg.file, base, '"exports" cannot contain numeric property keys.')
    for (const key of Object.keys(value)) {
      if (key !== 'default' && !conditions.has(key)) continue
      const found = target(pkg, value[key], subpath, match, base, internal, conditions)
      if (found !== undefined) return found
    }
    return undefined
  }
  if (value === null) return null
  throw new codes.ERR_INVALID_PACKAGE_TARGET(`${pkg.dir}/`, subpath, value, internal, base)
}

// The entry of a map with patterns that fits best.
function bestEntry(map, name) {
  if (Object.hasOwn(map, name) && !name.includes('*') && !name.endsWith('/')) return { key: name }
  let best = ''
  let match
  for (const key of Object.keys(map)) {
    const star = key.indexOf('*')
    if (star === -1 || !name.startsWith(key.slice(0, star)) || key.lastIndexOf('*') !== star) continue
    const trailer = key.slice(star + 1)
    if (name.length < key.length || !name.endsWith(trailer)) continue
    const bestStar = best.indexOf('*')
    const longer = best === '' || star > bestStar || (star === bestStar && key.length > best.length)
    if (longer) {
      best = key
      match = name.slice(star, name.length - trailer.length)
    }
  }
  return best === '' ? undefined : { key: best, match }
}

exports.packageExports = function packageExports(pkg, subpath, base, conditions) {
  let map = pkg.exports
  const keys = typeof map === 'object' && map !== null && !Array.isArray(map) ? Object.keys(map) : []
  const dotted = keys.filter((key) => key.startsWith('.')).length
  if (dotted !== 0 && dotted !== keys.length) {
    throw new codes.ERR_INVALID_PACKAGE_CONFIG(
      pkg.file,
      base,
      '"exports" cannot contain some keys starting with \'.\' and some not. The exports object must either be an object of package subpath keys or an object of main entry condition name keys only.',
    )
  }
  if (dotted === 0) map = { '.': map }
  const entry = bestEntry(map, subpath)
  if (entry) {
    const found = target(pkg, map[entry.key], entry.key, entry.match, base, false, conditions)
    if (found != null) return found.file
  }
  throw new codes.ERR_PACKAGE_PATH_NOT_EXPORTED(`${pkg.dir}/`, subpath, base)
}

// `#name`: a file, or another specifier.
exports.packageImports = function packageImports(name, file, conditions) {
  if (name === '#' || name.startsWith('#/') || name.endsWith('/')) {
    throw new codes.ERR_INVALID_MODULE_SPECIFIER(name, 'is not a valid internal imports specifier name', file)
  }
  const pkg = packageOf(file)
  if (pkg?.imports) {
    const entry = bestEntry(pkg.imports, name)
    if (entry) {
      const found = target(pkg, pkg.imports[entry.key], entry.key, entry.match, file, true, conditions)
      if (found != null) return found
    }
  }
  throw new codes.ERR_PACKAGE_IMPORT_NOT_DEFINED(name, pkg ? `${pkg.dir}/` : undefined, file)
}

// The name of a package and what is meant in it.
exports.splitSpecifier = function splitSpecifier(specifier, base) {
  let slash = specifier.indexOf('/')
  let valid = specifier.length > 0
  if (specifier[0] === '@') {
    if (slash === -1) valid = false
    else slash = specifier.indexOf('/', slash + 1)
  }
  const name = slash === -1 ? specifier : specifier.slice(0, slash)
  if (!valid || /^\.|%|\\/.test(name))
    throw new codes.ERR_INVALID_MODULE_SPECIFIER(specifier, 'is not a valid package name', base)
  return { name, subpath: `.${slash === -1 ? '' : specifier.slice(slash)}` }
}
