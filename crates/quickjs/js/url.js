// `url`: the old parser, and the standard's.
'use strict'
const { codes } = require('internal/errors')
const { URL, URLSearchParams, isURL } = require('internal/url')
const querystring = require('querystring')
const path = require('path')
const { validateString, validateObject } = require('internal/validators')

function Url() {
  this.protocol = null
  this.slashes = null
  this.auth = null
  this.host = null
  this.port = null
  this.hostname = null
  this.hash = null
  this.search = null
  this.query = null
  this.pathname = null
  this.path = null
  this.href = null
}

const SLASHED = new Set(['http:', 'https:', 'ftp:', 'gopher:', 'file:', 'ws:', 'wss:'])
const HOSTLESS = new Set(['javascript:'])
const ESCAPED = {
  '\t': '%09',
  '\n': '%0A',
  '\r': '%0D',
  ' ': '%20',
  '"': '%22',
  "'": '%27',
  '<': '%3C',
  '>': '%3E',
  '\\': '%5C',
  '^': '%5E',
  '`': '%60',
  '{': '%7B',
  '|': '%7C',
  '}': '%7D',
}
const FORBIDDEN_HOST = /[\0\t\n\r #%/:<>?@[\\\]^|]/

function urlParse(url, parseQuery, slashesDenoteHost) {
  if (url instanceof Url) return url
  const object = new Url()
  object.parse(url, parseQuery, slashesDenoteHost)
  return object
}

Url.prototype.parse = function parse(url, parseQuery, slashesDenoteHost) {
  validateString(url, 'url')
  let rest = url.trim().replace(/^[\ufeff\u00a0\s]+|[\ufeff\u00a0\s]+$/g, '')
  // Backslashes before the query are slashes.
  const query = rest.search(/[?#]/)
  if (query === -1) rest = rest.replaceAll('\\', '/')
  else rest = rest.slice(0, query).replaceAll('\\', '/') + rest.slice(query)
  const simple = /^(\/\/?(?!\/)[^?\s]*)(\?[^\s]*)?$/.exec(rest)
  if (!slashesDenoteHost && !rest.includes('#') && !rest.includes('@') && simple && !rest.startsWith('//')) {
    this.path = this.href = rest
    this.pathname = simple[1]
    if (simple[2]) {
      this.search = simple[2]
      this.query = parseQuery ? querystring.parse(this.search.slice(1)) : this.search.slice(1)
    } else if (parseQuery) {
      this.search = null
      this.query = { __proto__: null }
    }
    return this
  }
  const proto = /^[a-z0-9.+-]+:/i.exec(rest)?.[0]
  const lower = proto?.toLowerCase()
  if (proto) {
    this.protocol = lower
    rest = rest.slice(proto.length)
  }
  let slashes = false
  if (slashesDenoteHost || proto || /^\/\/[^@/]+@[^@/]+/.test(rest)) {
    slashes = rest.startsWith('//')
    if (slashes && !(lower && HOSTLESS.has(lower))) {
      rest = rest.slice(2)
      this.slashes = true
    }
  }
  if (!HOSTLESS.has(lower) && slashes) {
    let end = -1
    let at = -1
    let close = -1
    for (let index = 0; index < rest.length; index++) {
      const letter = rest[index]
      if ('\t\n\r "%\';<>\\^`{|}'.includes(letter)) {
        if (close === -1) close = index
      } else if ('#/?'.includes(letter)) {
        if (close === -1) close = index
        end = index
      } else if (letter === '@') {
        at = index
        close = -1
      }
      if (end !== -1) break
    }
    let start = 0
    if (at !== -1) {
      this.auth = decodeURIComponent(rest.slice(0, at))
      start = at + 1
    }
    if (close === -1) {
      this.host = rest.slice(start)
      rest = ''
    } else {
      this.host = rest.slice(start, close)
      rest = rest.slice(close)
    }
    this.parseHost()
    if (typeof this.hostname !== 'string') this.hostname = ''
    const { hostname } = this
    const ipv6 = hostname.startsWith('[') && hostname.endsWith(']')
    if (!ipv6) {
      for (let index = 0; index < hostname.length; index++) {
        if (/[a-z0-9.\-+_\u0080-\uffff]/i.test(hostname[index])) continue
        this.hostname = hostname.slice(0, index)
        rest = `/${hostname.slice(index)}${rest}`
        break
      }
    }
    if (this.hostname.length > 255) this.hostname = ''
    else this.hostname = this.hostname.toLowerCase()
    if (!ipv6) {
      if (this.hostname !== '') {
        const ascii = native.domainToASCII(this.hostname)
        if (ascii === '' && /[^\x00-\x7f]/.test(this.hostname)) throw new codes.ERR_INVALID_URL(url)
        if (ascii !== '' && /[^\x00-\x7f]/.test(this.hostname)) this.hostname = ascii
        if (FORBIDDEN_HOST.test(this.hostname)) throw new codes.ERR_INVALID_URL(url)
      }
    }
    const port = this.port ? `:${this.port}` : ''
    this.host = this.hostname + port
    if (ipv6) {
      this.hostname = this.hostname.slice(1, -1)
      if (rest[0] !== '/') rest = `/${rest}`
    }
  }
  if (lower !== 'javascript:') rest = rest.replace(/[\t\n\r "'<>\\^`{|}]/g, (one) => ESCAPED[one])
  const hash = rest.indexOf('#')
  if (hash !== -1) {
    this.hash = rest.slice(hash)
    rest = rest.slice(0, hash)
  }
  const mark = rest.indexOf('?')
  if (mark !== -1) {
    this.search = rest.slice(mark)
    this.query = rest.slice(mark + 1)
    if (parseQuery) this.query = querystring.parse(this.query)
    rest = rest.slice(0, mark)
  } else if (parseQuery) {
    this.search = null
    this.query = { __proto__: null }
  }
  if (rest) this.pathname = rest
  if (SLASHED.has(lower) && this.hostname && !this.pathname) this.pathname = '/'
  if (this.pathname || this.search) this.path = (this.pathname || '') + (this.search || '')
  this.href = this.format()
  return this
}
Url.prototype.parseHost = function parseHost() {
  let { host } = this
  const port = /:([0-9]*)$/.exec(host)
  if (port) {
    if (port[0] !== ':') this.port = port[1]
    host = host.slice(0, -port[0].length)
  }
  if (host) this.hostname = host
}

Url.prototype.format = function format() {
  let auth = this.auth || ''
  if (auth) auth = `${encodeURIComponent(auth).replace(/%3A/i, ':')}@`
  let protocol = this.protocol || ''
  let pathname = this.pathname || ''
  let hash = this.hash || ''
  let host = ''
  let query = ''
  if (this.host) host = auth + this.host
  else if (this.hostname) {
    host =
      auth + (this.hostname.includes(':') && !/^\[.*\]$/.test(this.hostname) ? `[${this.hostname}]` : this.hostname)
    if (this.port) host += `:${this.port}`
  }
  if (this.query !== null && typeof this.query === 'object') query = querystring.stringify(this.query)
  let search = this.search || (query && `?${query}`) || ''
  if (protocol && !protocol.endsWith(':')) protocol += ':'
  pathname = pathname.replace(/[?#]/g, (one) => (one === '?' ? '%3F' : '%23'))
  if (this.slashes || SLASHED.has(protocol)) {
    if (this.slashes || host) {
      if (pathname && pathname[0] !== '/') pathname = `/${pathname}`
      host = `//${host}`
    } else if (protocol === 'file:') host = '//'
  }
  search = search.replaceAll('#', '%23')
  if (hash && hash[0] !== '#') hash = `#${hash}`
  if (search && search[0] !== '?') search = `?${search}`
  return protocol + host + pathname + search + hash
}

function urlFormat(object, options) {
  if (typeof object === 'string') object = urlParse(object)
  else if (typeof object !== 'object' || object === null)
    throw new codes.ERR_INVALID_ARG_TYPE('urlObject', ['Object', 'string'], object)
  else if (isURL(object)) {
    let { fragment = true, unicode = false, search = true, auth = true } = {}
    if (options) {
      validateObject(options, 'options')
      if (options.fragment != null) fragment = Boolean(options.fragment)
      if (options.unicode != null) unicode = Boolean(options.unicode)
      if (options.search != null) search = Boolean(options.search)
      if (options.auth != null) auth = Boolean(options.auth)
    }
    let text = object.protocol
    if (object.host !== '' || object.protocol === 'file:') {
      text += '//'
      if (auth && (object.username || object.password))
        text += `${object.username}${object.password ? `:${object.password}` : ''}@`
      text += unicode ? native.domainToUnicode(object.hostname) : object.hostname
      if (object.port) text += `:${object.port}`
    }
    text += object.pathname
    if (search) text += object.search
    if (fragment) text += object.hash
    return text
  }
  return Reflect.apply(Url.prototype.format, object, [])
}

Url.prototype.resolve = function resolve(relative) {
  return this.resolveObject(urlParse(relative, false, true)).format()
}
Url.prototype.resolveObject = function resolveObject(relative) {
  if (typeof relative === 'string') {
    const parsed = new Url()
    parsed.parse(relative, false, true)
    relative = parsed
  }
  const result = Object.assign(new Url(), this)
  result.hash = relative.hash
  if (relative.href === '') {
    result.href = result.format()
    return result
  }
  if (relative.slashes && !relative.protocol) {
    for (const key of Object.keys(relative)) if (key !== 'protocol') result[key] = relative[key]
    if (SLASHED.has(result.protocol) && result.hostname && !result.pathname) result.path = result.pathname = '/'
    result.href = result.format()
    return result
  }
  if (relative.protocol && relative.protocol !== result.protocol) {
    if (!SLASHED.has(relative.protocol)) {
      Object.assign(result, relative)
      result.href = result.format()
      return result
    }
    result.protocol = relative.protocol
    if (!relative.host && !/^file:?$/.test(relative.protocol) && !HOSTLESS.has(relative.protocol)) {
      const names = (relative.pathname || '').split('/')
      while (names.length > 0 && !(relative.host = names.shift()));
      relative.host ||= ''
      relative.hostname ||= ''
      if (names[0] !== '') names.unshift('')
      if (names.length < 2) names.unshift('')
      result.pathname = names.join('/')
    } else result.pathname = relative.pathname
    result.search = relative.search
    result.query = relative.query
    result.host = relative.host || ''
    result.auth = relative.auth
    result.hostname = relative.hostname || relative.host
    result.port = relative.port
    if (result.pathname || result.search) result.path = (result.pathname || '') + (result.search || '')
    result.slashes ||= relative.slashes
    result.href = result.format()
    return result
  }
  const sourceAbsolute = result.pathname?.[0] === '/'
  const relativeAbsolute = relative.host || relative.pathname?.[0] === '/'
  let mustEndAbsolute = relativeAbsolute || sourceAbsolute || (result.host && relative.pathname)
  const removeAll = mustEndAbsolute
  let source = (result.pathname && result.pathname.split('/')) || []
  const names = (relative.pathname && relative.pathname.split('/')) || []
  const noLeading = result.protocol && !SLASHED.has(result.protocol)
  if (noLeading) {
    result.hostname = ''
    result.port = null
    if (result.host) {
      if (source[0] === '') source[0] = result.host
      else source.unshift(result.host)
    }
    result.host = ''
    if (relative.protocol) {
      relative.hostname = null
      relative.port = null
      result.auth = null
      if (relative.host) {
        if (names[0] === '') names[0] = relative.host
        else names.unshift(relative.host)
      }
      relative.host = null
    }
    mustEndAbsolute = mustEndAbsolute && (names[0] === '' || source[0] === '')
  }
  if (relativeAbsolute) {
    if (relative.host || relative.host === '') {
      if (result.host !== relative.host) result.auth = null
      result.host = relative.host
      result.port = relative.port
    }
    if (relative.hostname || relative.hostname === '') {
      if (result.hostname !== relative.hostname) result.auth = null
      result.hostname = relative.hostname
    }
    result.search = relative.search
    result.query = relative.query
    source = names
  } else if (names.length > 0) {
    source.pop()
    source = source.concat(names)
    result.search = relative.search
    result.query = relative.query
  } else if (relative.search !== null && relative.search !== undefined) {
    if (noLeading) {
      result.hostname = result.host = source.shift()
      const auth = result.host?.indexOf('@') > 0 && result.host.split('@')
      if (auth) {
        result.auth = auth.shift()
        result.host = result.hostname = auth.shift()
      }
    }
    result.search = relative.search
    result.query = relative.query
    if (result.pathname !== null || result.search !== null)
      result.path = (result.pathname || '') + (result.search || '')
    result.href = result.format()
    return result
  }
  if (source.length === 0) {
    result.pathname = null
    result.path = result.search ? `/${result.search}` : null
    result.href = result.format()
    return result
  }
  let last = source.at(-1)
  const trailing =
    ((result.host || relative.host || source.length > 1) && (last === '.' || last === '..')) || last === ''
  let up = 0
  for (let at = source.length - 1; at >= 0; at--) {
    last = source[at]
    if (last === '.') source.splice(at, 1)
    else if (last === '..') {
      source.splice(at, 1)
      up++
    } else if (up) {
      source.splice(at, 1)
      up--
    }
  }
  if (!mustEndAbsolute && !removeAll) while (up--) source.unshift('..')
  if (mustEndAbsolute && source[0] !== '' && (!source[0] || source[0][0] !== '/')) source.unshift('')
  if (trailing && !source.join('/').endsWith('/')) source.push('')
  const absolute = source[0] === '' || source[0]?.[0] === '/'
  if (noLeading) {
    result.hostname = result.host = absolute ? '' : source.length ? source.shift() : ''
    const auth = result.host?.indexOf('@') > 0 ? result.host.split('@') : false
    if (auth) {
      result.auth = auth.shift()
      result.host = result.hostname = auth.shift()
    }
  }
  mustEndAbsolute ||= result.host && source.length
  if (mustEndAbsolute && !absolute) source.unshift('')
  if (source.length === 0) {
    result.pathname = null
    result.path = null
  } else result.pathname = source.join('/')
  if (result.pathname !== null || result.search !== null) result.path = (result.pathname || '') + (result.search || '')
  result.auth = relative.auth || result.auth
  result.slashes ||= relative.slashes
  result.href = result.format()
  return result
}

function fileURLToPath(url, options) {
  if (typeof url === 'string') url = new URL(url)
  else if (!isURL(url) && !(url?.href && url.protocol && url.auth === undefined && url.path === undefined))
    throw new codes.ERR_INVALID_ARG_TYPE('path', ['string', 'URL'], url)
  if (url.protocol !== 'file:') throw new codes.ERR_INVALID_URL_SCHEME('file')
  const { pathname, hostname } = url
  if (options?.windows) {
    if (/%2f|%5c/i.test(pathname))
      throw new codes.ERR_INVALID_FILE_URL_PATH('must not include encoded \\ or / characters')
    const plain = decodeURIComponent(pathname.replaceAll('/', '\\'))
    if (hostname !== '') return `\\\\${native.domainToUnicode(hostname)}${plain}`
    if (!/^\\[a-z]:/i.test(plain)) throw new codes.ERR_INVALID_FILE_URL_PATH('must be absolute')
    return plain.slice(1)
  }
  if (hostname !== '') throw new codes.ERR_INVALID_FILE_URL_HOST(process.platform)
  if (/%2f/i.test(pathname)) throw new codes.ERR_INVALID_FILE_URL_PATH('must not include encoded / characters')
  return decodeURIComponent(pathname)
}

function pathToFileURL(file, options) {
  validateString(file, 'path')
  const windows = options?.windows
  const flavour = windows ? path.win32 : path
  let full = flavour.resolve(file)
  if (windows && file.startsWith('\\\\')) {
    const [, , host, ...names] = full.split('\\')
    if (!host) throw new codes.ERR_INVALID_ARG_VALUE('path', full, 'Empty UNC servername')
    if (names.length === 0) throw new codes.ERR_INVALID_ARG_VALUE('path', full, 'Missing UNC resource path')
    const url = new URL('file://')
    url.hostname = native.domainToASCII(host)
    url.pathname = escapePath(names.join('/'))
    return url
  }
  const last = file.charCodeAt(file.length - 1)
  if ((last === 47 || (windows && last === 92)) && !full.endsWith(flavour.sep)) full += '/'
  if (windows) full = `/${full.replaceAll('\\', '/')}`
  return new URL(`file://${escapePath(full)}`)
}
const escapePath = (text) =>
  text.replace(/[%\\\n\r\t?#^]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`)

module.exports = {
  Url,
  parse: urlParse,
  resolve: (source, relative) => urlParse(source, false, true).resolve(relative),
  resolveObject: (source, relative) => (source ? urlParse(source, false, true).resolveObject(relative) : relative),
  format: urlFormat,
  URL,
  URLSearchParams,
  domainToASCII(domain) {
    if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('domain')
    return native.domainToASCII(`${domain}`)
  },
  domainToUnicode(domain) {
    if (arguments.length < 1) throw new codes.ERR_MISSING_ARGS('domain')
    return native.domainToUnicode(`${domain}`)
  },
  pathToFileURL,
  fileURLToPath,
  urlToHttpOptions(url) {
    const { hostname, port } = url
    return {
      __proto__: null,
      ...url,
      protocol: url.protocol,
      hostname: hostname?.startsWith('[') ? hostname.slice(1, -1) : hostname,
      hash: url.hash,
      search: url.search,
      pathname: url.pathname,
      path: `${url.pathname || ''}${url.search || ''}`,
      href: url.href,
      ...(port !== '' ? { port: Number(port) } : {}),
      ...(url.username || url.password
        ? { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` }
        : {}),
    }
  },
}
