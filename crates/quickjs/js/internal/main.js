// What the Rust side calls: running a script, one line of a session, loading of ES modules.
'use strict'
const loop = require('internal/loop')
const esm = require('internal/esm')
const flags = require('internal/flags')
const process = require('internal/process')

if (!flags.has('no-warnings') && process.env.NODE_NO_WARNINGS !== '1')
  process.on('warning', (warning) => require('internal/warnings').show(warning))

// An exception that nobody caught.
function fatal(error, origin = 'uncaughtException') {
  if (typeof process._fatalException !== 'function') {
    native.print(2, describe(error))
    native.exit(6)
  }
  if (process._fatalException(error, origin)) return
  native.print(2, describe(error))
  native.exit(Number(process.exitCode ?? 1) & 0xff)
}
loop.setFatal(fatal)

// Whether somebody has taken it. Else scripts are told of the end.
Object.defineProperty(process, '_fatalException', {
  value(error, origin) {
    try {
      process.emit('uncaughtExceptionMonitor', error, origin)
      if (process.uncaughtCapture !== null) {
        process.uncaughtCapture(error)
        return true
      }
      if (process.emit('uncaughtException', error, origin)) return true
    } catch (again) {
      native.print(2, describe(again))
      native.exit(7)
    }
    try {
      if (!process._exiting) {
        process._exiting = true
        process.exitCode = 1
        process.emit('exit', 1)
      }
    } catch {
      // There is nothing more to be done.
    }
    return false
  },
  writable: true,
  configurable: true,
  enumerable: true,
})

function describe(error) {
  let shown
  try {
    const { inspect } = require('internal/inspect')
    if (error instanceof Error || (typeof error === 'object' && error !== null && typeof error.stack === 'string'))
      shown = inspect(error)
    else
      return `Uncaught:\n${typeof error === 'string' ? inspect(error) : inspect(error)}\n(Use \`tarbox --trace-uncaught ...\` to show where the exception was thrown)\n\nNode.js ${process.version}\n`
  } catch {
    shown = String(error?.stack ?? 'an error that cannot be shown')
  }
  return `${shown}\n\nNode.js ${process.version}\n`
}

function end() {
  for (;;) {
    loop.runAll()
    const ended = process.exitCode
    process.emit('beforeExit', Number(ended ?? 0))
    loop.drain()
    if (!loop.anythingLeft()) break
  }
  process._exiting = true
  process.emit('exit', Number(process.exitCode ?? 0))
  native.flush()
  return Number(process.exitCode ?? 0) | 0
}

function run(kind, text) {
  try {
    const { startFile, startCode } = require('internal/start')
    loop.enter(() => {
      if (kind === 'file') startFile(text)
      else if (kind === 'input') startCode(readAll(), '[stdin]', false)
      else startCode(text, '[eval]', kind === 'print')
    }, [])
    return end()
  } catch (error) {
    fatal(error)
    return 1
  }
}

function readAll() {
  const pieces = []
  let piece
  while ((piece = native.stdin(true)) != null) pieces.push(Buffer.from(piece.buffer))
  return Buffer.concat(pieces).toString()
}

module.exports = {
  run,
  rejected: loop.rejected,
  resolve: esm.resolve,
  load: esm.load,
  begin: (kind, text) => require('internal/session').begin(kind, text),
  turn: () => require('internal/session').turn(),
  line: (text) => require('internal/repl').line(text),
  isComplete: (text) => require('internal/repl').isComplete(text),
  complete: (text) => require('internal/repl').complete(text),
}
