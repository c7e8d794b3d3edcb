// Paths: POSIX's and Windows'. What a script's own files are called is POSIX.
'use strict'
const { validateObject, validateString } = require('internal/validators')

const SLASH = 47
const BACKSLASH = 92
const DOT = 46
const COLON = 58
const isPosixSlash = (code) => code === SLASH
const isAnySlash = (code) => code === SLASH || code === BACKSLASH
const isLetter = (code) => (code >= 65 && code <= 90) || (code >= 97 && code <= 122)

// Resolves `.` and `..` of a path without its root; above the root nothing is left unless the path is relative.
function normalizeNames(path, allowAbove, separator, isSlash) {
  const out = []
  let start = 0
  for (let at = 0; at <= path.length; at++) {
    if (at < path.length && !isSlash(path.charCodeAt(at))) continue
    const name = path.slice(start, at)
    start = at + 1
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (out.length > 0 && out.at(-1) !== '..') out.pop()
      else if (allowAbove) out.push('..')
    } else out.push(name)
  }
  return out.join(separator)
}

function format(separator, object) {
  validateObject(object, 'pathObject')
  const dir = object.dir || object.root
  const base =
    object.base || `${object.name || ''}${object.ext ? `${object.ext[0] === '.' ? '' : '.'}${object.ext}` : ''}`
  if (!dir) return base
  return dir === object.root ? `${dir}${base}` : `${dir}${separator}${base}`
}

// Where the last name begins and ends, behind `from`.
function lastName(path, from, isSlash) {
  let end = path.length
  while (end > from && isSlash(path.charCodeAt(end - 1))) end--
  let start = end
  while (start > from && !isSlash(path.charCodeAt(start - 1))) start--
  return [start, end]
}

function baseName(path, suffix, from, isSlash) {
  const [start, end] = lastName(path, from, isSlash)
  const name = path.slice(start, end)
  if (suffix === undefined || suffix === '' || suffix.length > path.length) return name
  if (suffix === path) return ''
  return name.endsWith(suffix) && name !== suffix ? name.slice(0, -suffix.length) : name
}

// Where the extension of a name begins; -1 if it has none.
function dotOf(name) {
  const dot = name.lastIndexOf('.')
  return dot <= 0 || name === '..' ? -1 : dot
}

function parsed(root, path, from, isSlash, dirEnd) {
  const [start, end] = lastName(path, from, isSlash)
  const base = path.slice(start, end)
  const dot = dotOf(base)
  return {
    root,
    dir: dirEnd(start),
    base,
    ext: dot === -1 ? '' : base.slice(dot),
    name: dot === -1 ? base : base.slice(0, dot),
  }
}

const posix = {
  resolve(...args) {
    let whole = ''
    let absolute = false
    for (let at = args.length - 1; at >= -1 && !absolute; at--) {
      const path = at >= 0 ? args[at] : process.cwd()
      if (at >= 0) validateString(path, `paths[${at}]`)
      if (path.length === 0) continue
      whole = `${path}/${whole}`
      absolute = path.charCodeAt(0) === SLASH
    }
    whole = normalizeNames(whole, !absolute, '/', isPosixSlash)
    if (absolute) return `/${whole}`
    return whole.length > 0 ? whole : '.'
  },
  normalize(path) {
    validateString(path, 'path')
    if (path.length === 0) return '.'
    const absolute = path.charCodeAt(0) === SLASH
    const trailing = path.charCodeAt(path.length - 1) === SLASH
    let normal = normalizeNames(path, !absolute, '/', isPosixSlash)
    if (normal.length === 0) {
      if (absolute) return '/'
      return trailing ? './' : '.'
    }
    if (trailing) normal += '/'
    return absolute ? `/${normal}` : normal
  },
  isAbsolute(path) {
    validateString(path, 'path')
    return path.length > 0 && path.charCodeAt(0) === SLASH
  },
  join(...args) {
    let whole
    for (const arg of args) {
      validateString(arg, 'path')
      if (arg.length > 0) whole = whole === undefined ? arg : `${whole}/${arg}`
    }
    return whole === undefined ? '.' : posix.normalize(whole)
  },
  relative(from, to) {
    validateString(from, 'from')
    validateString(to, 'to')
    if (from === to) return ''
    from = posix.resolve(from)
    to = posix.resolve(to)
    return from === to ? '' : relativeNames(from.slice(1), to.slice(1), '/', (name) => name)
  },
  toNamespacedPath: (path) => path,
  dirname(path) {
    validateString(path, 'path')
    if (path.length === 0) return '.'
    let end = -1
    let other = false
    for (let at = path.length - 1; at >= 1; at--) {
      if (path.charCodeAt(at) === SLASH) {
        if (other) {
          end = at
          break
        }
      } else other = true
    }
    if (end === -1) return path.charCodeAt(0) === SLASH ? '/' : '.'
    if (end === 1 && path.charCodeAt(0) === SLASH) return '//'
    return path.slice(0, end)
  },
  basename(path, suffix) {
    if (suffix !== undefined) validateString(suffix, 'suffix')
    validateString(path, 'path')
    return baseName(path, suffix, 0, isPosixSlash)
  },
  extname(path) {
    validateString(path, 'path')
    const [start, end] = lastName(path, 0, isPosixSlash)
    const name = path.slice(start, end)
    const dot = dotOf(name)
    return dot === -1 ? '' : name.slice(dot)
  },
  format: format.bind(null, '/'),
  parse(path) {
    validateString(path, 'path')
    const root = path.startsWith('/') ? '/' : ''
    return parsed(root, path, root.length, isPosixSlash, (start) => {
      if (start > 1) return path.slice(0, start - 1)
      return root
    })
  },
  matchesGlob: (path, pattern) => require('internal/glob').matches(path, pattern),
  sep: '/',
  delimiter: ':',
  win32: null,
  posix: null,
}

function relativeNames(from, to, separator, fold) {
  const a = from === '' ? [] : from.split(separator)
  const b = to === '' ? [] : to.split(separator)
  let same = 0
  while (same < a.length && same < b.length && fold(a[same]) === fold(b[same])) same++
  return [...a.slice(same).map(() => '..'), ...b.slice(same)].join(separator)
}

// The root of a path of Windows: a drive, a share, a slash, several of them.
function windowsRoot(path) {
  const first = path.charCodeAt(0)
  if (isAnySlash(first)) {
    if (path.length > 1 && isAnySlash(path.charCodeAt(1))) {
      let at = 2
      while (at < path.length && !isAnySlash(path.charCodeAt(at))) at++
      if (at < path.length && at !== 2) {
        const host = path.slice(2, at)
        let share = at
        while (share < path.length && isAnySlash(path.charCodeAt(share))) share++
        if (share < path.length && share !== at) {
          let end = share
          while (end < path.length && !isAnySlash(path.charCodeAt(end))) end++
          return {
            device: `\\\\${host}\\${path.slice(share, end)}`,
            end,
            absolute: true,
            share: true,
            more: end < path.length,
            host,
          }
        }
      }
    }
    return { device: '', end: 1, absolute: true }
  }
  if (isLetter(first) && path.charCodeAt(1) === COLON) {
    const absolute = path.length > 2 && isAnySlash(path.charCodeAt(2))
    return { device: path.slice(0, 2), end: absolute ? 3 : 2, absolute }
  }
  return { device: '', end: 0, absolute: false }
}

const win32 = {
  resolve(...args) {
    let device = ''
    let tail = ''
    let absolute = false
    for (let at = args.length - 1; at >= -1; at--) {
      let path
      if (at >= 0) {
        path = args[at]
        validateString(path, `paths[${at}]`)
        if (path.length === 0) continue
      } else if (device.length === 0) path = process.cwd()
      else {
        path = process.env[`=${device}`] || process.cwd()
        if (path.slice(0, 2).toLowerCase() !== device.toLowerCase() && path.charCodeAt(2) === BACKSLASH)
          path = `${device}\\`
      }
      const root = windowsRoot(path)
      if (root.device.length > 0) {
        if (device.length > 0) {
          if (root.device.toLowerCase() !== device.toLowerCase()) continue
        } else device = root.device
      }
      if (absolute) {
        if (device.length > 0) break
      } else {
        tail = `${path.slice(root.end)}\\${tail}`
        absolute = root.absolute
        if (absolute && device.length > 0) break
      }
    }
    tail = normalizeNames(tail, !absolute, '\\', isAnySlash)
    return absolute ? `${device}\\${tail}` : `${device}${tail}` || '.'
  },
  normalize(path) {
    validateString(path, 'path')
    if (path.length === 0) return '.'
    if (path.length === 1) return path === '/' ? '\\' : path
    const root = windowsRoot(path)
    if (root.share && !root.more) return `${root.device}\\`
    let tail = normalizeNames(path.slice(root.end), !root.absolute, '\\', isAnySlash)
    if (tail.length === 0 && !root.absolute) tail = '.'
    if (tail.length > 0 && isAnySlash(path.charCodeAt(path.length - 1))) tail += '\\'
    if (!root.absolute && root.device === '' && path.includes(':')) {
      if (tail.length >= 2 && isLetter(tail.charCodeAt(0)) && tail.charCodeAt(1) === COLON) return `.\\${tail}`
      for (let at = path.indexOf(':'); at !== -1; at = path.indexOf(':', at + 1)) {
        if (at === path.length - 1 || isAnySlash(path.charCodeAt(at + 1))) return `.\\${tail}`
      }
    }
    return root.absolute ? `${root.device}\\${tail}` : `${root.device}${tail}`
  },
  isAbsolute(path) {
    validateString(path, 'path')
    const first = path.charCodeAt(0)
    return (
      isAnySlash(first) ||
      (path.length > 2 && isLetter(first) && path.charCodeAt(1) === COLON && isAnySlash(path.charCodeAt(2)))
    )
  },
  join(...args) {
    let whole
    let first
    for (const arg of args) {
      validateString(arg, 'path')
      if (arg.length === 0) continue
      if (whole === undefined) whole = first = arg
      else whole += `\\${arg}`
    }
    if (whole === undefined) return '.'
    // What was not a share before joining must not become one.
    let replace = true
    let slashes = 0
    if (isAnySlash(first.charCodeAt(0))) {
      slashes++
      if (first.length > 1 && isAnySlash(first.charCodeAt(1))) {
        slashes++
        if (first.length > 2) {
          if (isAnySlash(first.charCodeAt(2))) slashes++
          else replace = false
        }
      }
    }
    if (replace) {
      while (slashes < whole.length && isAnySlash(whole.charCodeAt(slashes))) slashes++
      if (slashes >= 2) whole = `\\${whole.slice(slashes)}`
    }
    return win32.normalize(whole)
  },
  relative(from, to) {
    validateString(from, 'from')
    validateString(to, 'to')
    if (from === to) return ''
    const a = win32.resolve(from)
    const b = win32.resolve(to)
    if (a === b || a.toLowerCase() === b.toLowerCase()) return ''
    const trim = (path) => path.replace(/^\\+|\\+$/g, '')
    const [x, y] = [trim(a), trim(b)]
    const firstOf = (path) => path.split('\\')[0].toLowerCase()
    if (firstOf(x) !== firstOf(y) || a.startsWith('\\\\') !== b.startsWith('\\\\')) return b
    return relativeNames(x, y, '\\', (name) => name.toLowerCase())
  },
  toNamespacedPath(path) {
    if (typeof path !== 'string' || path.length === 0) return path
    const full = win32.resolve(path)
    if (full.length <= 2) return path
    if (full.startsWith('\\\\')) {
      const third = full.charCodeAt(2)
      if (third !== 63 && third !== DOT) return `\\\\?\\UNC\\${full.slice(2)}`
    } else if (isLetter(full.charCodeAt(0)) && full.charCodeAt(1) === COLON && full.charCodeAt(2) === BACKSLASH)
      return `\\\\?\\${full}`
    return full
  },
  dirname(path) {
    validateString(path, 'path')
    if (path.length === 0) return '.'
    if (path.length === 1) return isAnySlash(path.charCodeAt(0)) ? path : '.'
    const root = windowsRoot(path)
    if (root.share && !root.more) return path
    const rootEnd = root.share ? root.end + 1 : root.end
    let end = -1
    let other = false
    for (let at = path.length - 1; at >= rootEnd; at--) {
      if (isAnySlash(path.charCodeAt(at))) {
        if (other) {
          end = at
          break
        }
      } else other = true
    }
    if (end === -1) {
      if (rootEnd === 0) return '.'
      end = rootEnd
    }
    return path.slice(0, end)
  },
  basename(path, suffix) {
    if (suffix !== undefined) validateString(suffix, 'suffix')
    validateString(path, 'path')
    const from = path.length >= 2 && isLetter(path.charCodeAt(0)) && path.charCodeAt(1) === COLON ? 2 : 0
    return baseName(path, suffix, from, isAnySlash)
  },
  extname(path) {
    validateString(path, 'path')
    const from = path.length >= 2 && path.charCodeAt(1) === COLON && isLetter(path.charCodeAt(0)) ? 2 : 0
    const [start, end] = lastName(path, from, isAnySlash)
    const name = path.slice(start, end)
    const dot = dotOf(name)
    return dot === -1 ? '' : name.slice(dot)
  },
  format: format.bind(null, '\\'),
  parse(path) {
    validateString(path, 'path')
    if (path.length === 0) return { root: '', dir: '', base: '', ext: '', name: '' }
    const root = windowsRoot(path)
    let end = root.end
    if (root.share && root.more) end++
    const text = path.slice(0, end)
    if (end >= path.length) return { root: text, dir: text, base: '', ext: '', name: '' }
    return parsed(text, path, end, isAnySlash, (start) => (start > end ? path.slice(0, start - 1) : text))
  },
  matchesGlob: (path, pattern) =>
    require('internal/glob').matches(path.replaceAll('\\', '/'), pattern.replaceAll('\\', '/')),
  sep: '\\',
  delimiter: ';',
  win32: null,
  posix: null,
}

posix.win32 = win32.win32 = win32
posix.posix = win32.posix = posix
posix._makeLong = posix.toNamespacedPath
win32._makeLong = win32.toNamespacedPath
module.exports = posix
