// `child_process`: no program can be found, and that is what callers are told.
'use strict'
const EventEmitter = require('events')
const { uvException } = require('internal/errors')
const { validateString } = require('internal/validators')

function notFound(syscall, file, args = []) {
  const error = uvException({ errno: -2, syscall: `${syscall} ${file}` })
  error.message = `${syscall} ${file} ENOENT`
  return Object.assign(error, { path: file, spawnargs: args })
}
class ChildProcess extends EventEmitter {
  constructor() {
    super()
    Object.assign(this, {
      pid: undefined,
      connected: false,
      exitCode: null,
      signalCode: null,
      killed: false,
      stdin: null,
      stdout: null,
      stderr: null,
      stdio: [null, null, null],
    })
  }
  kill() {
    return false
  }
  ref() {}
  unref() {}
  send() {
    return false
  }
  disconnect() {}
}
function spawn(file, args = []) {
  validateString(file, 'file')
  const { PassThrough } = require('stream')
  const child = new ChildProcess()
  const error = notFound('spawn', file, Array.isArray(args) ? args : [])
  child.stdin = new PassThrough()
  child.stdout = new PassThrough()
  child.stderr = new PassThrough()
  child.stdio = [child.stdin, child.stdout, child.stderr]
  child.spawnfile = file
  child.spawnargs = error.spawnargs
  process.nextTick(() => {
    child.emit('error', error)
    child.stdout.end()
    child.stderr.end()
    child.emit('close', -2, null)
  })
  return child
}
function spawnSync(file, args) {
  validateString(file, 'file')
  return {
    error: notFound('spawnSync', file, Array.isArray(args) ? args : []),
    status: null,
    signal: null,
    output: null,
    pid: 0,
    stdout: null,
    stderr: null,
  }
}
function execFile(file, ...rest) {
  const callback = rest.find((one) => typeof one === 'function')
  const child = spawn(file, rest[0])
  child.on('error', (error) => callback?.(Object.assign(error, { cmd: file }), '', ''))
  return child
}
function execFileSync(file, args) {
  throw notFound('spawnSync', file, Array.isArray(args) ? args : [])
}
const SHELL = '/bin/sh'
module.exports = {
  ChildProcess,
  spawn,
  spawnSync,
  execFile,
  execFileSync,
  exec: (command, ...rest) => execFile(SHELL, ['-c', command], ...rest),
  execSync: () => execFileSync(SHELL),
  fork: (file, args) => spawn(process.execPath, [file, ...(Array.isArray(args) ? args : [])]),
}
