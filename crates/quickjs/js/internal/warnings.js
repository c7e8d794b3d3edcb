// process.emitWarning, and where warnings go.
'use strict'
const { codes } = require('internal/errors')
const flags = require('internal/flags')
const { validateString } = require('internal/validators')

let hinted = false
function show(warning) {
  if (!(warning instanceof Error)) return
  const deprecation = warning.name === 'DeprecationWarning'
  if (deprecation && process.noDeprecation) return
  const trace = process.traceProcessWarnings || (deprecation && process.traceDeprecation)
  if (flags.all('disable-warning').some((one) => one === warning.code || one === warning.name)) return
  let message = `(${process.release.name}:${process.pid}) `
  if (warning.code) message += `[${warning.code}] `
  message += trace && warning.stack ? warning.stack : `${warning.name}: ${warning.message}`
  if (typeof warning.detail === 'string') message += `\n${warning.detail}`
  if (!trace && !hinted) {
    hinted = true
    message += `\n(Use \`tarbox --trace-${deprecation ? 'deprecation' : 'warnings'} ...\` to show where the warning was created)`
  }
  const file = flags.last('redirect-warnings') || process.env.NODE_REDIRECT_WARNINGS
  if (file) {
    try {
      require('fs').appendFileSync(file, `${message}\n`)
      return
    } catch {
      // Then it goes where warnings go.
    }
  }
  native.print(2, `${message}\n`)
}
exports.show = show

exports.emitWarning = function emitWarning(warning, type, code, where) {
  let detail
  if (type !== null && typeof type === 'object' && !Array.isArray(type)) {
    where = type.ctor
    code = type.code
    if (typeof type.detail === 'string') detail = type.detail
    type = type.type || 'Warning'
  } else if (typeof type === 'function') {
    where = type
    code = undefined
    type = 'Warning'
  }
  if (type !== undefined) validateString(type, 'type')
  if (typeof code === 'function') {
    where = code
    code = undefined
  } else if (code !== undefined) validateString(code, 'code')
  if (typeof warning === 'string') {
    const error = new Error(warning)
    error.name = String(type || 'Warning')
    if (code) error.code = code
    if (detail !== undefined) error.detail = detail
    if (Error.captureStackTrace) Error.captureStackTrace(error, where || process.emitWarning)
    warning = error
  } else if (!(warning instanceof Error)) throw new codes.ERR_INVALID_ARG_TYPE('warning', ['Error', 'string'], warning)
  if (warning.name === 'DeprecationWarning') {
    if (process.noDeprecation) return
    if (process.throwDeprecation) {
      process.nextTick(() => {
        throw warning
      })
      return
    }
  }
  process.nextTick(() => process.emit('warning', warning))
}
