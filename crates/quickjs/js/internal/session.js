// Scripts for a host with an event loop of its own, such as a page: each call does what can be done at once, and says when it is to be
// called again. Errors that nobody caught are told and end nothing.
'use strict'
const loop = require('internal/loop')
const esm = require('internal/esm')
const { prepare } = require('internal/repl')

let settled = new Map()
let last = 0

// The value as JSON has it, so that the host need not know the engine's.
function shown(value) {
  const text = JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? `${part}` : part))
  return text === undefined ? '{}' : `{"value":${text}}`
}
function failure(error) {
  const isError = typeof error === 'object' && error !== null && typeof error.message === 'string'
  const { name = 'Error', message, stack, code } = isError ? error : { message: String(error) }
  return JSON.stringify({ error: { name: `${name}`, message, stack, code } })
}

// Begins to run a text or a file; answers a number, by which `turn` tells what became of it.
exports.begin = function begin(kind, text) {
  prepare()
  const number = ++last
  const done = (answer) => settled.set(number, answer)
  const settle = (value) => {
    try {
      done(shown(value))
    } catch (error) {
      done(failure(error))
    }
  }
  loop.enter(() => {
    try {
      const value = start(kind, text)
      Promise.resolve(value).then(settle, (error) => done(failure(error)))
    } catch (error) {
      done(failure(error))
    }
  }, [])
  return number
}

function start(kind, text) {
  if (kind === 'file') return native.import(esm.toUrl(require('path').resolve(text))).then(() => undefined)
  if (esm.looksLikeModule(text)) return esm.importText(text, `[eval${last}].mjs`).then(() => undefined)
  return native.compile(text, '[eval]')
}

// One turn of the loop: numbers and answers of what has been settled, after the milliseconds until the next turn (-1 if nothing is left).
exports.turn = function turn() {
  loop.drain()
  const wait = loop.anythingLeft() ? loop.turn() : undefined
  native.flush()
  const answers = [...settled].flat()
  settled = new Map()
  return [wait ?? (loop.anythingLeft() ? 0 : -1), ...answers].map(String)
}
