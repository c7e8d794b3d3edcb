// URL and URLSearchParams.
'use strict'
const { codes } = require('internal/errors')
const { customInspect } = require('internal/util')

const HREF = 0,
  PROTOCOL = 1,
  USERNAME = 2,
  PASSWORD = 3,
  HOST = 4,
  HOSTNAME = 5,
  PORT = 6,
  PATHNAME = 7,
  SEARCH = 8,
  HASH = 9,
  ORIGIN = 10
const parts = new WeakMap()
const own = (url) => {
  const found = parts.get(url)
  if (found === undefined) throw new codes.ERR_INVALID_THIS('URL')
  return found
}
const params = new WeakMap()

const text = (value) => {
  if (typeof value === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
  return `${value}`.toWellFormed()
}

class URL {
  constructor(input, base = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('url')
    input = text(input)
    if (base !== undefined) base = text(base)
    const found = native.urlParse(input, base)
    if (found === null) throw new codes.ERR_INVALID_URL(input, base)
    parts.set(this, found)
  }
  static canParse(input, base = undefined) {
    if (arguments.length === 0) throw new codes.ERR_MISSING_ARGS('url')
    return native.urlParse(text(input), base === undefined ? undefined : text(base)) !== null
  }
  static parse(input, base = undefined) {
    try {
      return new URL(input, base)
    } catch {
      return null
    }
  }
  static createObjectURL(object) {
    return require('internal/blob').createObjectURL(object)
  }
  static revokeObjectURL(url) {
    require('internal/blob').revokeObjectURL(`${url}`)
  }
  get href() {
    return own(this)[HREF]
  }
  set href(value) {
    own(this)
    const found = native.urlParse(text(value), undefined)
    if (found === null) throw new codes.ERR_INVALID_URL(`${value}`)
    update(this, found)
  }
  get origin() {
    return own(this)[ORIGIN]
  }
  get searchParams() {
    own(this)
    let found = params.get(this)
    if (found === undefined) {
      found = new URLSearchParams(own(this)[SEARCH])
      owners.set(found, this)
      params.set(this, found)
    }
    return found
  }
  toString() {
    return own(this)[HREF]
  }
  toJSON() {
    return own(this)[HREF]
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    if (typeof depth === 'number' && depth < 0) return this
    const shown = {}
    for (const key of [
      'href',
      'origin',
      'protocol',
      'username',
      'password',
      'host',
      'hostname',
      'port',
      'pathname',
      'search',
      'searchParams',
      'hash',
    ])
      shown[key] = this[key]
    return `${this.constructor.name} ${inspect(shown, options)}`
  }
}
function update(url, found) {
  parts.set(url, found)
  const known = params.get(url)
  if (known) lists.set(known, parse(found[SEARCH].replace(/^\?/, '')))
}
for (const [name, at] of Object.entries({
  protocol: PROTOCOL,
  username: USERNAME,
  password: PASSWORD,
  host: HOST,
  hostname: HOSTNAME,
  port: PORT,
  pathname: PATHNAME,
  search: SEARCH,
  hash: HASH,
})) {
  const getter = {
    get [name]() {
      return own(this)[at]
    },
  }
  const setter = {
    set [name](value) {
      const before = own(this)
      const found = native.urlSet(before[HREF], name, text(value))
      if (found !== null) update(this, found)
    },
  }
  Object.defineProperty(URL.prototype, name, {
    configurable: true,
    enumerable: true,
    get: Object.getOwnPropertyDescriptor(getter, name).get,
    set: Object.getOwnPropertyDescriptor(setter, name).set,
  })
}
for (const name of ['href', 'origin', 'searchParams', 'toString', 'toJSON'])
  Object.defineProperty(URL.prototype, name, { enumerable: true })
for (const name of ['canParse', 'createObjectURL', 'revokeObjectURL'])
  Object.defineProperty(URL, name, { enumerable: true })
Object.defineProperty(URL.prototype, Symbol.toStringTag, { configurable: true, value: 'URL' })

const decode = (part) => {
  const plain = part.replaceAll('+', ' ')
  if (!plain.includes('%')) return plain.toWellFormed()
  return Buffer.from(require('querystring').unescapeBuffer(plain)).toString()
}
function parse(query) {
  const list = []
  for (const piece of query.split('&')) {
    if (piece === '') continue
    const at = piece.indexOf('=')
    list.push(at === -1 ? [decode(piece), ''] : [decode(piece.slice(0, at)), decode(piece.slice(at + 1))])
  }
  return list
}
const encode = (part) =>
  encodeURIComponent(part).replace(/[!'()~]|%20/g, (one) =>
    one === '%20' ? '+' : `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  )

const lists = new WeakMap()
const owners = new WeakMap()
const listOf = (search) => {
  const found = lists.get(search)
  if (found === undefined) throw new codes.ERR_INVALID_THIS('URLSearchParams')
  return found
}
function changed(search) {
  const url = owners.get(search)
  if (url === undefined) return
  const query = search.toString()
  const found = native.urlSet(own(url)[HREF], 'search', query)
  if (found !== null) parts.set(url, found)
}
const need = (count, given, ...names) => {
  if (given < count) throw new codes.ERR_MISSING_ARGS(...names)
}

class URLSearchParams {
  constructor(init = undefined) {
    let list = []
    if (init == null) list = []
    else if (typeof init === 'object' || typeof init === 'function') {
      const method = init[Symbol.iterator]
      if (init instanceof URLSearchParams && method === URLSearchParams.prototype[Symbol.iterator])
        list = listOf(init).map((pair) => [...pair])
      else if (method != null) {
        if (typeof method !== 'function') throw new codes.ERR_ARG_NOT_ITERABLE('Query pairs')
        for (const pair of init) {
          if (
            pair == null ||
            (typeof pair !== 'object' && typeof pair !== 'function') ||
            typeof pair[Symbol.iterator] !== 'function'
          )
            throw new codes.ERR_INVALID_TUPLE('Each query pair', '[name, value]')
          const both = [...pair]
          if (both.length !== 2) throw new codes.ERR_INVALID_TUPLE('Each query pair', '[name, value]')
          list.push([text(both[0]), text(both[1])])
        }
      } else {
        const found = new Map()
        for (const key of Reflect.ownKeys(init)) {
          const descriptor = Reflect.getOwnPropertyDescriptor(init, key)
          if (descriptor?.enumerable) found.set(text(key), text(init[key]))
        }
        list = [...found]
      }
    } else {
      init = text(init)
      list = parse(init[0] === '?' ? init.slice(1) : init)
    }
    lists.set(this, list)
  }
  get size() {
    return listOf(this).length
  }
  append(name, value) {
    const list = listOf(this)
    need(2, arguments.length, 'name', 'value')
    list.push([text(name), text(value)])
    changed(this)
  }
  delete(name, value = undefined) {
    const list = listOf(this)
    need(1, arguments.length, 'name')
    name = text(name)
    if (value !== undefined) value = text(value)
    lists.set(
      this,
      list.filter(([key, one]) => key !== name || (value !== undefined && one !== value)),
    )
    changed(this)
  }
  get(name) {
    const list = listOf(this)
    need(1, arguments.length, 'name')
    name = text(name)
    return list.find(([key]) => key === name)?.[1] ?? null
  }
  getAll(name) {
    const list = listOf(this)
    need(1, arguments.length, 'name')
    name = text(name)
    return list.filter(([key]) => key === name).map(([, value]) => value)
  }
  has(name, value = undefined) {
    const list = listOf(this)
    need(1, arguments.length, 'name')
    name = text(name)
    if (value !== undefined) value = text(value)
    return list.some(([key, one]) => key === name && (value === undefined || one === value))
  }
  set(name, value) {
    const list = listOf(this)
    need(2, arguments.length, 'name', 'value')
    ;[name, value] = [text(name), text(value)]
    let found = false
    const rest = list.filter((pair) => {
      if (pair[0] !== name) return true
      if (found) return false
      found = true
      pair[1] = value
      return true
    })
    if (!found) rest.push([name, value])
    lists.set(this, rest)
    changed(this)
  }
  sort() {
    const list = listOf(this)
    list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
    changed(this)
  }
  forEach(callback, thisArg = undefined) {
    listOf(this)
    require('internal/validators').validateFunction(callback, 'callback')
    for (let at = 0; at < listOf(this).length; at++) {
      const [key, value] = listOf(this)[at]
      callback.call(thisArg, value, key, this)
    }
  }
  entries() {
    return iterate(this, 'entries')
  }
  keys() {
    return iterate(this, 'keys')
  }
  values() {
    return iterate(this, 'values')
  }
  toString() {
    return listOf(this)
      .map(([key, value]) => `${encode(key)}=${encode(value)}`)
      .join('&')
  }
  [customInspect](depth, options, inspect = require('internal/inspect').inspect) {
    const list = listOf(this)
    if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special')
    const shown = list.map(([key, value]) => `${inspect(key, options)} => ${inspect(value, options)}`)
    const length = shown.reduce((sum, one) => sum + one.length, shown.length - 1)
    if (length > options.breakLength) return `${this.constructor.name} {\n  ${shown.join(',\n  ')} }`
    return shown.length > 0 ? `${this.constructor.name} { ${shown.join(', ')} }` : `${this.constructor.name} {}`
  }
}
for (const name of [
  'append',
  'delete',
  'get',
  'getAll',
  'has',
  'set',
  'sort',
  'entries',
  'forEach',
  'keys',
  'values',
  'toString',
  'size',
])
  Object.defineProperty(URLSearchParams.prototype, name, { enumerable: true })
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, {
  configurable: true,
  writable: true,
  value: URLSearchParams.prototype.entries,
})
Object.defineProperty(URLSearchParams.prototype, Symbol.toStringTag, { configurable: true, value: 'URLSearchParams' })

const iterators = new WeakMap()
const IteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))
const SearchIterator = Object.create(IteratorPrototype, {
  next: {
    enumerable: true,
    configurable: true,
    writable: true,
    value: function next() {
      const state = iterators.get(this)
      if (state === undefined) throw new codes.ERR_INVALID_THIS('URLSearchParamsIterator')
      const list = listOf(state.search)
      if (state.at >= list.length) return { value: undefined, done: true }
      const [key, value] = list[state.at++]
      return { value: state.kind === 'keys' ? key : state.kind === 'values' ? value : [key, value], done: false }
    },
  },
  [customInspect]: {
    configurable: true,
    value: function (depth, options, inspect) {
      const { search, kind, at } = iterators.get(this) ?? {}
      if (search === undefined) throw new codes.ERR_INVALID_THIS('URLSearchParamsIterator')
      if (typeof depth === 'number' && depth < 0) return options.stylize('[Object]', 'special')
      const rest = listOf(search)
        .slice(at)
        .map(([key, value]) => (kind === 'keys' ? key : kind === 'values' ? value : [key, value]))
      return `${this[Symbol.toStringTag]} {${rest.length ? ` ${rest.map((one) => inspect(one, options)).join(', ')} ` : ''}}`
    },
  },
  [Symbol.toStringTag]: { configurable: true, value: 'URLSearchParams Iterator' },
})
function iterate(search, kind) {
  listOf(search)
  const iterator = Object.create(SearchIterator)
  iterators.set(iterator, { search, kind, at: 0 })
  return iterator
}

module.exports = { URL, URLSearchParams, isURL: (value) => value instanceof URL }
