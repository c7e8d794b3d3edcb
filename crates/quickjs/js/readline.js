// `readline`: lines from a stream, and moving about on a terminal.
'use strict'
const EventEmitter = require('events')
const { codes, AbortError } = require('internal/errors')
const { StringDecoder } = require('string_decoder')
const { promisify } = require('internal/util')
const validators = require('internal/validators')

class Interface extends EventEmitter {
  #decoder = new StringDecoder('utf8')
  #rest = ''
  #question
  #hadReturn = false
  constructor(input, output, completer, terminal) {
    super()
    const options = input?.input ? input : { input, output, completer, terminal }
    if (!options.input || typeof options.input.on !== 'function')
      throw new codes.ERR_INVALID_ARG_TYPE('input', 'Stream', options.input)
    if (options.completer !== undefined && typeof options.completer !== 'function')
      throw new codes.ERR_INVALID_ARG_VALUE('completer', options.completer)
    if (options.historySize !== undefined) validators.validateNumber(options.historySize, 'historySize', 0)
    this.input = options.input
    this.output = options.output
    this.terminal = options.terminal ?? !!options.output?.isTTY
    this.line = ''
    this.cursor = 0
    this.history = options.history ?? []
    this.closed = false
    this.paused = false
    this._prompt = options.prompt ?? '> '
    this.#listen()
    const { signal } = options
    if (signal) {
      validators.validateAbortSignal(signal, 'options.signal')
      const stop = () => this.close()
      if (signal.aborted) process.nextTick(stop)
      else {
        signal.addEventListener('abort', stop, { once: true })
        this.once('close', () => signal.removeEventListener('abort', stop))
      }
    }
  }
  #listen() {
    this.onData = (chunk) => this.#take(typeof chunk === 'string' ? chunk : this.#decoder.write(chunk))
    this.onEnd = () => {
      const rest = this.#rest + this.#decoder.end()
      this.#rest = ''
      if (rest.length > 0) this.#tell(rest)
      this.close()
    }
    this.onError = (error) => this.emit('error', error)
    this.input.on('data', this.onData)
    this.input.on('end', this.onEnd)
    this.input.on('error', this.onError)
    this.input.resume?.()
  }
  #take(text) {
    if (this.#hadReturn && text.startsWith('\n')) text = text.slice(1)
    if (text !== '') this.#hadReturn = text.endsWith('\r')
    const lines = (this.#rest + text).split(/\r\n|\n|\r|\u2028|\u2029/)
    this.#rest = lines.pop()
    for (const line of lines) this.#tell(line)
  }
  #tell(line) {
    if (this.#question) {
      const answer = this.#question
      this.#question = undefined
      answer(line)
    } else this.emit('line', line)
  }
  getPrompt() {
    return this._prompt
  }
  setPrompt(prompt) {
    this._prompt = prompt
  }
  prompt() {
    if (this.closed) throw new codes.ERR_USE_AFTER_CLOSE('readline')
    if (this.paused) this.resume()
    this.output?.write(this._prompt)
  }
  question(query, options, callback) {
    if (this.closed) throw new codes.ERR_USE_AFTER_CLOSE('readline')
    callback = typeof options === 'function' ? options : callback
    const signal = typeof options === 'object' ? options?.signal : undefined
    if (signal) {
      validators.validateAbortSignal(signal, 'options.signal')
      if (signal.aborted) return
      signal.addEventListener('abort', () => (this.#question = undefined), { once: true })
    }
    if (typeof callback !== 'function') return
    if (this.#question) {
      this.prompt()
      return
    }
    this.output?.write(query)
    this.#question = callback
    if (this.paused) this.resume()
  }
  pause() {
    if (this.paused) return this
    this.input.pause()
    this.paused = true
    this.emit('pause')
    return this
  }
  resume() {
    if (!this.paused) return this
    this.input.resume()
    this.paused = false
    this.emit('resume')
    return this
  }
  write(data) {
    if (this.closed) throw new codes.ERR_USE_AFTER_CLOSE('readline')
    if (this.paused) this.resume()
    if (data !== undefined && data !== null) this.#take(`${data}`)
  }
  close() {
    if (this.closed) return
    this.pause()
    this.input.removeListener('data', this.onData)
    this.input.removeListener('end', this.onEnd)
    this.input.removeListener('error', this.onError)
    this.closed = true
    this.emit('close')
  }
  getCursorPos() {
    return { rows: 0, cols: this.cursor }
  }
  [Symbol.asyncIterator]() {
    const iterator = EventEmitter.on(this, 'line', { close: ['close'], highWaterMark: 1024 })
    return (async function* (self) {
      try {
        for await (const [line] of iterator) yield line
      } finally {
        self.close()
      }
    })(this)
  }
  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    this.close()
  }
}
Interface.prototype.question[promisify.custom] = function question(query, options) {
  if (options?.signal?.aborted) return Promise.reject(new AbortError(undefined, { cause: options.signal.reason }))
  return new Promise((resolve) => this.question(query, options ?? {}, resolve))
}

function put(stream, text, callback) {
  if (callback !== undefined) validators.validateFunction(callback, 'callback')
  if (stream == null || text === '') {
    if (typeof callback === 'function') process.nextTick(callback, null)
    return true
  }
  return stream.write(text, callback)
}
module.exports = {
  Interface,
  createInterface: (...args) => new Interface(...args),
  clearLine: (stream, dir, callback) =>
    put(stream, dir < 0 ? '\u001b[1K' : dir > 0 ? '\u001b[0K' : '\u001b[2K', callback),
  clearScreenDown: (stream, callback) => put(stream, '\u001b[0J', callback),
  cursorTo(stream, x, y, callback) {
    if (typeof y === 'function') [y, callback] = [undefined, y]
    if (Number.isNaN(x)) throw new codes.ERR_INVALID_ARG_VALUE('x', x)
    if (Number.isNaN(y)) throw new codes.ERR_INVALID_ARG_VALUE('y', y)
    if (typeof x !== 'number' && typeof y !== 'number') return put(stream, '', callback)
    if (typeof x !== 'number') throw new codes.ERR_INVALID_CURSOR_POS()
    return put(stream, typeof y !== 'number' ? `\u001b[${x + 1}G` : `\u001b[${y + 1};${x + 1}H`, callback)
  },
  moveCursor(stream, dx, dy, callback) {
    const text =
      (dx < 0 ? `\u001b[${-dx}D` : dx > 0 ? `\u001b[${dx}C` : '') +
      (dy < 0 ? `\u001b[${-dy}A` : dy > 0 ? `\u001b[${dy}B` : '')
    return put(stream, text, callback)
  },
  emitKeypressEvents() {},
}
Object.defineProperty(module.exports, 'promises', {
  enumerable: true,
  configurable: true,
  get: () => require('readline/promises'),
})
