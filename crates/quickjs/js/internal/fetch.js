// `fetch`, and what it takes and answers: bodies and what is said of them.
'use strict'

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

class Headers {
  #list = new Map()
  constructor(init) {
    if (init === undefined || init === null) return
    if (typeof init !== 'object') throw new TypeError('Headers constructor: init is not iterable')
    for (const [name, value] of typeof init[Symbol.iterator] === 'function' ? init : Object.entries(init))
      this.append(name, value)
  }
  static #checked(name, value) {
    const [key, text] = [`${name}`.toLowerCase(), `${value}`.replace(/^[\t\r\n ]+|[\t\r\n ]+$/g, '')]
    if (!NAME.test(key)) throw new TypeError(`Headers.append: ${name} is an invalid header name.`)
    if (/[\0\r\n]/.test(text)) throw new TypeError(`Headers.append: ${text} is an invalid header value.`)
    return [key, text]
  }
  append(name, value) {
    const [key, text] = Headers.#checked(name, value)
    this.#list.set(key, [...(this.#list.get(key) ?? []), text])
  }
  set(name, value) {
    const [key, text] = Headers.#checked(name, value)
    this.#list.set(key, [text])
  }
  delete(name) {
    this.#list.delete(`${name}`.toLowerCase())
  }
  get(name) {
    return this.#list.get(`${name}`.toLowerCase())?.join(', ') ?? null
  }
  has(name) {
    return this.#list.has(`${name}`.toLowerCase())
  }
  getSetCookie() {
    return [...(this.#list.get('set-cookie') ?? [])]
  }
  forEach(callback, self) {
    for (const [name, value] of this) callback.call(self, value, name, this)
  }
  *entries() {
    for (const name of [...this.#list.keys()].sort()) {
      if (name === 'set-cookie') for (const one of this.#list.get(name)) yield [name, one]
      else yield [name, this.get(name)]
    }
  }
  *keys() {
    for (const [name] of this) yield name
  }
  *values() {
    for (const [, value] of this) yield value
  }
  [Symbol.iterator]() {
    return this.entries()
  }
  get [Symbol.toStringTag]() {
    return 'Headers'
  }
}

// Bytes or a stream of them, and the type that they say by themselves.
function bodyOf(init) {
  if (init === undefined || init === null) return [null, undefined]
  if (init instanceof ReadableStream) return [init, undefined]
  if (init instanceof Blob) return [init.stream(), init.type || undefined]
  const stream = (bytes) => new Blob([bytes]).stream()
  if (init instanceof URLSearchParams) return [stream(`${init}`), 'application/x-www-form-urlencoded;charset=UTF-8']
  if (init instanceof ArrayBuffer || ArrayBuffer.isView(init)) return [stream(init), undefined]
  if (typeof init[Symbol.asyncIterator] === 'function')
    return [require('stream/web').ReadableStream.from(init), undefined]
  return [stream(`${init}`), 'text/plain;charset=UTF-8']
}

class Body {
  #body
  #used = false
  constructor(body) {
    this.#body = body
  }
  get body() {
    return this.#body
  }
  get bodyUsed() {
    return this.#used || (this.#body?.locked ?? false)
  }
  async bytes() {
    if (this.bodyUsed) throw new TypeError('Body is unusable: Body has already been read')
    this.#used = this.#body !== null
    const pieces = []
    if (this.#body !== null) {
      const reader = this.#body.getReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        if (!(value instanceof Uint8Array)) throw new TypeError('Received non-Uint8Array chunk')
        pieces.push(value)
      }
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer())
  }
  async arrayBuffer() {
    return (await this.bytes()).buffer
  }
  async text() {
    return new TextDecoder().decode(await this.bytes())
  }
  async json() {
    return JSON.parse(await this.text())
  }
  async blob() {
    return new Blob([await this.bytes()], { type: this.headers.get('content-type') ?? '' })
  }
  // Both have what comes from here on.
  _tee() {
    if (this.bodyUsed) throw new TypeError('Response.clone: Body has already been consumed.')
    if (this.#body === null) return null
    const [ours, theirs] = this.#body.tee()
    this.#body = ours
    return theirs
  }
}

class Response extends Body {
  constructor(init, { status = 200, statusText = '', headers } = {}) {
    if (!Number.isInteger(status) || status < 200 || status > 599)
      throw new RangeError('init["status"] must be in the range of 200 to 599, inclusive.')
    const [body, type] = bodyOf(init)
    if (body !== null && [204, 205, 304].includes(status))
      throw new TypeError(`Response constructor: Invalid response status code ${status}`)
    super(body)
    Object.assign(this, { status, statusText: `${statusText}`, headers: new Headers(headers) })
    Object.assign(this, { ok: status <= 299, type: 'default', url: '', redirected: false })
    if (type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', type)
  }
  static json(value, init) {
    const response = new Response(JSON.stringify(value), init)
    if (!new Headers(init?.headers).has('content-type')) response.headers.set('content-type', 'application/json')
    return response
  }
  static error() {
    return Object.assign(new Response(), { status: 0, ok: false, type: 'error' })
  }
  static redirect(url, status = 302) {
    if (![301, 302, 303, 307, 308].includes(status)) throw new RangeError(`Invalid status code ${status}`)
    return new Response(null, { status, headers: { location: new URL(url).href } })
  }
  clone() {
    return new Response(this._tee(), this)
  }
  get [Symbol.toStringTag]() {
    return 'Response'
  }
}

class Request extends Body {
  constructor(input, init = {}) {
    const from = input instanceof Request ? input : undefined
    const method = `${init.method ?? from?.method ?? 'GET'}`
    const known = ['delete', 'get', 'head', 'options', 'post', 'put'].includes(method.toLowerCase())
    const [body, type] = init.body === undefined && from ? [from._tee(), undefined] : bodyOf(init.body)
    if (body !== null && /^(get|head)$/i.test(method))
      throw new TypeError('Request with GET/HEAD method cannot have body.')
    super(body)
    const url = from === undefined ? new URL(`${input}`) : undefined
    if (url?.username || url?.password)
      throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${input}`)
    if (!NAME.test(method)) throw new TypeError(`'${method}' is not a valid HTTP method.`)
    if (/^(connect|trace|track)$/i.test(method)) throw new TypeError(`'${method}' HTTP method is unsupported.`)
    Object.assign(this, { url: from?.url ?? url.href, method: known ? method.toUpperCase() : method })
    Object.assign(this, {
      headers: new Headers(init.headers ?? from?.headers),
      redirect: init.redirect ?? from?.redirect ?? 'follow',
    })
    this.signal = init.signal ?? from?.signal ?? new AbortController().signal
    if (type !== undefined && !this.headers.has('content-type')) this.headers.set('content-type', type)
  }
  clone() {
    return new Request(this)
  }
  get [Symbol.toStringTag]() {
    return 'Request'
  }
}

async function fetch(input, init) {
  const request = new Request(input, init)
  request.signal.throwIfAborted()
  if (request.url.startsWith('data:')) return dataOf(request.url)
  return require('internal/requests').follow(request, Response, Headers)
}

function dataOf(url) {
  const data = /^data:([^,;]*)((?:;[^,]*)?),([\s\S]*)$/.exec(url)
  if (data === null) throw new TypeError('fetch failed', { cause: new Error('invalid data URL') })
  const text = decodeURIComponent(data[3])
  const body = /;base64$/i.test(data[2]) ? Buffer.from(text, 'base64') : Buffer.from(text)
  return Object.assign(new Response(body, { headers: { 'content-type': data[1] || 'text/plain;charset=US-ASCII' } }), {
    url,
  })
}

module.exports = { Headers, Request, Response, fetch }
