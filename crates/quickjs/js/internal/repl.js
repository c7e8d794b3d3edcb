// One input of an interactive session.
'use strict'
const loop = require('internal/loop')
const cjs = require('internal/cjs')
const { inspect } = require('internal/inspect')

let ready = false
function prepare() {
  if (ready) return
  ready = true
  const module = new cjs.Module('<repl>')
  module.filename = require('path').join(process.cwd(), '<repl>')
  module.paths = cjs.Module._nodeModulePaths(process.cwd())
  const hidden = (key, value) =>
    Object.defineProperty(globalThis, key, { value, writable: true, configurable: true, enumerable: false })
  hidden('require', cjs.makeRequire(module))
  hidden('module', module)
  hidden('exports', module.exports)
  for (const id of require('internal/builtins').builtins) {
    if (!id.includes('/') && !(id in globalThis))
      require('internal/util').defineLazily(globalThis, [id], () => module.require(id), false)
  }
  loop.setFatal((error) => native.print(1, `Uncaught ${inspect(error, { colors: native.terminals[1] })}\n`))
}

exports.prepare = prepare

const asExpression = (text) => (/^\s*\{/.test(text) && !/;\s*$/.test(text) ? `(${text.trim()}\n)` : text)
function compiles(text) {
  try {
    native.compile(`(async function () {${text}\n})`, '[probe]')
    return true
  } catch (error) {
    return error
  }
}
exports.isComplete = (text) => {
  const result = compiles(text)
  if (result === true) return true
  return (
    !/end of|unexpected token in expression: ''|expecting '[)}\]]'|unterminated|missing|EOF|template/i.test(
      result.message,
    ) || text.endsWith('\n\n')
  )
}

exports.line = function line(text) {
  prepare()
  if (text.trim() === '') return 0
  loop.enter(() => {
    const wrapped = asExpression(text)
    if (!/\bawait\b/.test(text)) {
      show(native.compile(compiles(wrapped) === true ? wrapped : text, 'REPL'))
      return
    }
    // With `await`: declarations become global ones, and the last expression is the value.
    const lines = text.replace(/^(\s*)(?:const|let|var)\s+(?=[\w$]+\s*=)/gm, '$1globalThis.')
    const run = compiles(`return (${lines}\n)`) === true ? `return (${lines}\n)` : lines
    native
      .compile(`(async function () {${run}\n})`, 'REPL')()
      .then(show, (error) => native.print(1, `Uncaught ${inspect(error)}\n`))
  }, [])
  loop.runAll()
  native.flush()
  return 0
}
function show(value) {
  Object.defineProperty(globalThis, '_', { value, writable: true, configurable: true, enumerable: false })
  native.print(1, `${inspect(value, { colors: native.terminals[1], showProxy: true })}\n`)
}

// The word at the end, and what it could become.
exports.complete = function complete(text) {
  prepare()
  const match = /((?:[A-Za-z_$][\w$]*\.)*)([A-Za-z_$][\w$]*)?$/.exec(text)
  if (!match || match[0] === '') return []
  const [, path, start = ''] = match
  let object = globalThis
  for (const name of path.split('.').filter(Boolean)) {
    const descriptor = findDescriptor(object, name)
    // A getter of the user's is not run by pressing a key.
    if (descriptor === undefined || (descriptor.get && object !== globalThis)) return []
    object = object[name]
    if (object == null) return []
  }
  const names = new Set()
  for (let at = Object(object); at !== null; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at))
      if (/^[A-Za-z_$][\w$]*$/.test(name) && name.startsWith(start)) names.add(name)
  return [start, ...[...names].sort()]
}
function findDescriptor(object, name) {
  for (let at = Object(object); at !== null; at = Object.getPrototypeOf(at)) {
    const found = Object.getOwnPropertyDescriptor(at, name)
    if (found) return found
  }
  return undefined
}
