// The script that everything begins with.
'use strict'
const path = require('path')
const cjs = require('internal/cjs')
const esm = require('internal/esm')
const flags = require('internal/flags')
const resolution = require('internal/resolution')

// What is to be loaded before the script.
function preload() {
  cjs.Module._preloadModules(flags.all('require'))
  for (const specifier of flags.all('import')) esm.preload(specifier)
}

exports.startFile = function startFile(file) {
  const wanted = path.resolve(file)
  const found = cjs.findPath(wanted)
  if (found === undefined) {
    const error = new Error(`Cannot find module '${wanted}'`)
    error.code = 'MODULE_NOT_FOUND'
    error.requireStack = []
    throw error
  }
  const real = native.realpath(found, false)
  const main = typeof real === 'string' ? real : found
  process.argv.splice(1, 0, main)
  preload()
  if (resolution.formatOf(main, true) === 'module') esm.start(main)
  else cjs.runMain(main)
}

exports.startCode = function startCode(text, name, print) {
  process.argv.splice(1, 0, ...(name === '[eval]' ? [] : ['-']))
  const { Module } = cjs
  const module = new Module(name)
  module.filename = path.join(process.cwd(), name)
  module.paths = Module._nodeModulePaths(process.cwd())
  preload()
  if (esm.looksLikeModule(text, name)) {
    if (print) throw new (require('internal/errors').codes.ERR_EVAL_ESM_CANNOT_PRINT)()
    esm.startText(text, name)
    return
  }
  const globals = {
    require: cjs.makeRequire(module),
    module,
    exports: module.exports,
    __filename: name,
    __dirname: '.',
  }
  for (const [key, value] of Object.entries(globals))
    Object.defineProperty(globalThis, key, { value, writable: true, configurable: true, enumerable: false })
  for (const id of require('internal/builtins').builtins) {
    if (id.includes('/') || id in globalThis) continue
    require('internal/util').defineLazily(globalThis, [id], () => module.require(id), false)
  }
  const value = native.compile(text, name)
  if (print) console.log(value)
}
