// MIMEType and MIMEParams.
'use strict'
const { codes } = require('internal/errors')
const NOT_TOKEN = /[^!#$%&'*+\-.^_`|~A-Za-z0-9]/
const NOT_VALUE = /[^\t\u0020-~\u0080-\u00FF]/
const quote = (value) => (value === '' || NOT_TOKEN.test(value) ? `"${value.replace(/["\\]/g, '\\$&')}"` : value)

class MIMEParams {
  #data = new Map()
  delete(name) {
    this.#data.delete(`${name}`)
  }
  get(name) {
    return this.#data.get(`${name}`) ?? null
  }
  has(name) {
    return this.#data.has(`${name}`)
  }
  set(name, value) {
    ;[name, value] = [`${name}`, `${value}`]
    const bad = name.search(NOT_TOKEN)
    if (name === '' || bad !== -1) throw new codes.ERR_INVALID_MIME_SYNTAX('parameter name', name, bad)
    const wrong = value.search(NOT_VALUE)
    if (wrong !== -1) throw new codes.ERR_INVALID_MIME_SYNTAX('parameter value', value, wrong)
    this.#data.set(name, value)
  }
  *entries() {
    yield* this.#data.entries()
  }
  *keys() {
    yield* this.#data.keys()
  }
  *values() {
    yield* this.#data.values()
  }
  toString() {
    return [...this.#data].map(([name, value]) => `${name}=${quote(value)}`).join(';')
  }
  toJSON() {
    return this.toString()
  }
  add(name, value) {
    if (!this.#data.has(name)) this.#data.set(name, value)
  }
}
Object.defineProperty(MIMEParams.prototype, Symbol.iterator, {
  configurable: true,
  writable: true,
  value: MIMEParams.prototype.entries,
})
Object.defineProperty(MIMEParams.prototype, 'add', { enumerable: false })

function parseParams(text, params) {
  let at = 0
  while (at < text.length) {
    at++
    while (/[\r\n\t ]/.test(text[at] ?? '')) at++
    const start = at
    while (at < text.length && text[at] !== ';' && text[at] !== '=') at++
    const name = text.slice(start, at).toLowerCase()
    if (at >= text.length || text[at] === ';') continue
    at++
    let value = ''
    if (text[at] === '"') {
      for (at++; at < text.length && text[at] !== '"'; at++) {
        if (text[at] === '\\' && at + 1 < text.length) at++
        value += text[at]
      }
      while (at < text.length && text[at] !== ';') at++
    } else {
      const from = at
      while (at < text.length && text[at] !== ';') at++
      value = text.slice(from, at).replace(/[\r\n\t ]*$/, '')
      if (value === '') continue
    }
    if (name !== '' && !NOT_TOKEN.test(name) && !NOT_VALUE.test(value)) params.add(name, value)
  }
}

class MIMEType {
  #type
  #subtype
  #params = new MIMEParams()
  constructor(input) {
    input = `${input}`
    const text = input.replace(/^[\r\n\t ]+/, '')
    const slash = text.indexOf('/')
    const type = slash === -1 ? text : text.slice(0, slash)
    const bad = type.search(NOT_TOKEN)
    if (type === '' || slash === -1 || bad !== -1) throw new codes.ERR_INVALID_MIME_SYNTAX('type', input, bad)
    const end = text.indexOf(';', slash)
    const subtype = (end === -1 ? text.slice(slash + 1) : text.slice(slash + 1, end)).replace(/[\r\n\t ]+$/, '')
    const wrong = subtype.search(NOT_TOKEN)
    if (subtype === '' || wrong !== -1) throw new codes.ERR_INVALID_MIME_SYNTAX('subtype', input, wrong)
    this.#type = type.toLowerCase()
    this.#subtype = subtype.toLowerCase()
    if (end !== -1) parseParams(text.slice(end), this.#params)
  }
  get type() {
    return this.#type
  }
  set type(value) {
    this.#type = this.#token(value, 'type')
  }
  get subtype() {
    return this.#subtype
  }
  set subtype(value) {
    this.#subtype = this.#token(value, 'subtype')
  }
  #token(value, what) {
    value = `${value}`
    const bad = value.search(NOT_TOKEN)
    if (value === '' || bad !== -1) throw new codes.ERR_INVALID_MIME_SYNTAX(what, value, bad)
    return value.toLowerCase()
  }
  get essence() {
    return `${this.#type}/${this.#subtype}`
  }
  get params() {
    return this.#params
  }
  toString() {
    const params = this.#params.toString()
    return `${this.essence}${params ? `;${params}` : ''}`
  }
  toJSON() {
    return this.toString()
  }
}
module.exports = { MIMEType, MIMEParams }
