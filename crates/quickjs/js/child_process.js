// `child_process`: the only program is the engine itself, called as Node.js is. It runs to its end before anything is told of it.
'use strict'
const EventEmitter = require('events')
const { uvException } = require('internal/errors')
const { codes } = require('internal/errors')
const { errnos } = require('internal/errnos')
const { validateString, validateFunction } = require('internal/validators')
const { scriptOf, wordsOf, run } = require('internal/scripts')
const { signals } = require('internal/signals')

const ENOENT = -2
const SHELL = '/bin/sh'
let lastPid = process.pid

function failure(errno, syscall, file, args) {
  const error = uvException({ errno, syscall: `${syscall} ${file}` })
  error.message = `${syscall} ${file} ${error.code}`
  return Object.assign(error, { path: file, spawnargs: args })
}

// File, arguments and options, of which the arguments may be missing.
function normal(file, args, options) {
  validateString(file, 'file')
  if (file === '') throw new codes.ERR_INVALID_ARG_VALUE('file', file, 'cannot be empty')
  if (args !== undefined && args !== null && !Array.isArray(args)) {
    if (typeof args !== 'object') throw new codes.ERR_INVALID_ARG_TYPE('args', 'object', args)
    ;[args, options] = [[], args]
  }
  if (options !== undefined && options !== null && typeof options !== 'object')
    throw new codes.ERR_INVALID_ARG_TYPE('options', 'object', options)
  return { file, args: (args ?? []).map((arg) => `${arg}`), options: { ...options } }
}

// What a call is to run; undefined if that is no program that there is.
function programOf({ file, args, options }) {
  if (!options.shell) return scriptOf(file, args)
  const words = wordsOf([file, ...args].join(' '), options.env ?? process.env)
  return words?.length > 0 ? scriptOf(words[0], words.slice(1)) : undefined
}

function stdioOf(options, fallback = 'pipe') {
  const given = options.stdio ?? fallback
  const all = Array.isArray(given) ? [...given] : [given, given, given]
  const isOwn = (one, fd) => one === 'inherit' || one === fd || one === (fd === 1 ? process.stdout : process.stderr)
  const isFile = (one) => typeof one === 'number' && one > 2
  const kinds = [0, 1, 2].map((fd) => {
    if (isOwn(all[fd], fd)) return 'inherit'
    return all[fd] === 'ignore' || isFile(all[fd]) ? all[fd] : 'pipe'
  })
  // One into the other: `2>&1`.
  if (all[2] === 1) kinds[2] = 'pipe'
  return kinds
}

// Passes on what goes where ours goes; answers what is left for the caller.
function pass(kinds, result) {
  return [1, 2].map((fd) => {
    const bytes = fd === 1 ? result.stdout : result.stderr
    if (kinds[fd] === 'pipe') return bytes
    if (typeof kinds[fd] === 'number') native.write(kinds[fd], bytes, 0, bytes.length, -1)
    if (kinds[fd] === 'inherit' && bytes.length > 0) native.print(fd, bytes)
    return null
  })
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
  kill(signal = 'SIGTERM') {
    const name = typeof signal === 'number' ? Object.keys(signals).find((one) => signals[one] === signal) : signal
    if (signal !== 0 && signals[name] === undefined) throw new codes.ERR_UNKNOWN_SIGNAL(signal)
    if (this.pid === undefined || this.exitCode !== null || this.signalCode !== null) return false
    if (signal !== 0) {
      this.killed = true
      this._killedBy = name
    }
    return true
  }
  [Symbol.dispose]() {
    if (!this.killed) this.kill()
  }
  ref() {}
  unref() {}
  send() {
    return false
  }
  disconnect() {}
}

// Begins once nothing more can be written to its input by those who only begin it: in a turn of its own.
function spawn(...call) {
  const wanted = normal(...call)
  const { file, args, options } = wanted
  const { PassThrough } = require('stream')
  const child = new ChildProcess()
  child.spawnfile = options.shell ? SHELL : file
  child.spawnargs = options.shell ? [SHELL, '-c', [file, ...args].join(' ')] : [file, ...args]
  const kinds = stdioOf(options)
  const streams = kinds.map((kind) => (kind === 'pipe' ? new PassThrough() : null))
  ;[child.stdin, child.stdout, child.stderr] = streams
  child.stdio = [...streams]
  const end = (code, signal) => {
    child.exitCode = code
    child.signalCode = signal
    child.emit('exit', code, signal)
    let open = 1
    const closed = () => {
      if (--open === 0) child.emit('close', code, signal)
    }
    for (const stream of streams.slice(1)) {
      if (stream === null || stream.closed) continue
      open++
      stream.once('close', closed)
      stream.end()
      // What nobody reads is thrown away.
      process.nextTick(() => stream.readable && stream.resume())
    }
    closed()
  }
  const script = programOf(wanted)
  if (script === undefined) {
    const error = failure(ENOENT, 'spawn', child.spawnfile, args)
    process.nextTick(() => {
      child.emit('error', error)
      for (const stream of streams.slice(1)) stream?.end()
      child.emit('close', ENOENT, null)
    })
    return child
  }
  child.pid = ++lastPid
  process.nextTick(() => child.emit('spawn'))
  const pieces = []
  const begin = () => {
    if (child._killedBy) return end(null, child._killedBy)
    const result = run(script, { ...options, input: Buffer.concat(pieces), pid: child.pid })
    if (result.errno !== undefined) {
      child.emit('error', failure(result.errno, 'spawn', file, args))
      return end(result.errno, null)
    }
    const [stdout, stderr] = pass(kinds, result)
    if (stdout?.length > 0) child.stdout.write(stdout)
    if (stderr?.length > 0) child.stderr.write(stderr)
    end(result.code, result.signal)
  }
  const { stdin } = child
  if (stdin === null) {
    setImmediate(begin)
    return child
  }
  stdin.on('data', (piece) => pieces.push(piece))
  let begun = false
  const once = () => {
    if (!begun) begin()
    begun = true
  }
  stdin.once('end', () => setImmediate(once))
  // Who writes, also ends; who does neither, wants to be told something first.
  setImmediate(() => setImmediate(() => pieces.length === 0 && stdin.writableLength === 0 && once()))
  const { signal } = options
  signal?.addEventListener?.('abort', () => {
    if (!begun) child.emit('error', new (require('internal/errors').AbortError)(undefined, { cause: signal.reason }))
    child.kill(options.killSignal)
  })
  return child
}

function decoded(bytes, encoding) {
  return bytes === null || !encoding || encoding === 'buffer' ? bytes : bytes.toString(encoding)
}

function spawnSync(...call) {
  const wanted = normal(...call)
  const { file, args, options } = wanted
  const script = programOf(wanted)
  const input = typeof options.input === 'string' ? Buffer.from(options.input) : options.input
  const bytes =
    input === undefined || input === null
      ? undefined
      : new Uint8Array(input.buffer ?? input, input.byteOffset, input.byteLength)
  const pid = ++lastPid
  const result = script === undefined ? { errno: ENOENT } : run(script, { ...options, input: bytes, pid })
  if (result.errno !== undefined) {
    const error = failure(result.errno, 'spawnSync', options.shell ? SHELL : file, args)
    return { error, status: null, signal: null, output: null, pid: 0, stdout: null, stderr: null }
  }
  const [stdout, stderr] = pass(stdioOf(options), result).map((bytes) => decoded(bytes, options.encoding))
  const answer = {
    pid,
    output: [null, stdout, stderr],
    stdout,
    stderr,
    status: result.code,
    signal: result.signal,
  }
  if (result.signal === 'SIGTERM' && options.timeout > 0) {
    answer.error = failure(errnos.get('ETIMEDOUT'), 'spawnSync', file, args)
  }
  return answer
}

function checked(result, command) {
  if (result.error) throw Object.assign(result.error, result)
  if (result.status === 0) return result.stdout
  const told = result.stderr === null ? '' : `\n${result.stderr}`
  throw Object.assign(new Error(`Command failed: ${command}${told}`), result)
}

// Where nobody says otherwise, what goes to standard error is shown.
function execFileSync(...call) {
  const { file, args, options } = normal(...call)
  const result = spawnSync(file, args, { ...options, stdio: options.stdio ?? 'pipe' })
  if (options.stdio === undefined && result.stderr?.length > 0) process.stderr.write(result.stderr)
  return checked(result, [file, ...args].join(' '))
}
function execSync(command, options) {
  validateString(command, 'command')
  const result = spawnSync(command, [], { ...options, shell: true, stdio: options?.stdio ?? 'pipe' })
  if (options?.stdio === undefined && result.stderr?.length > 0) process.stderr.write(result.stderr)
  return checked(result, command)
}

function execFile(...call) {
  const at = call.findIndex((one) => typeof one === 'function')
  const callback = at === -1 ? call.find((one, place) => place > 0 && typeof one === 'string') : call[at]
  if (callback !== undefined) validateFunction(callback, 'callback')
  const { file, args, options } = normal(...call.slice(0, at === -1 ? call.length : at))
  return collected(spawn(file, args, options), [file, ...args].join(' '), options, callback)
}
function exec(command, options, callback) {
  validateString(command, 'command')
  if (typeof options === 'function') [options, callback] = [undefined, options]
  return collected(spawn(command, [], { ...options, shell: true }), command, options ?? {}, callback)
}

// What comes of a child as one answer.
function collected(child, command, options, callback) {
  const pieces = [[], []]
  let failed
  child.stdout?.on('data', (piece) => pieces[0].push(piece))
  child.stderr?.on('data', (piece) => pieces[1].push(piece))
  child.on('error', (error) => {
    failed = Object.assign(error, { cmd: command })
  })
  child.on('close', (code, signal) => {
    const encoding = options.encoding === undefined ? 'utf8' : options.encoding
    const [stdout, stderr] = pieces.map((all) =>
      decoded(Buffer.concat(all), Buffer.isEncoding(encoding) ? encoding : null),
    )
    if (failed === undefined && (code !== 0 || signal !== null)) {
      failed = Object.assign(new Error(`Command failed: ${command}\n${stderr}`), {
        code,
        killed: child.killed,
        signal,
        cmd: command,
      })
    }
    callback?.(failed ?? null, stdout, stderr)
  })
  return child
}
for (const call of [exec, execFile]) {
  Object.defineProperty(call, require('util').promisify.custom, {
    enumerable: false,
    value: (...args) => {
      const { promise, resolve, reject } = Promise.withResolvers()
      promise.child = call(...args, (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr })
        else reject(Object.assign(error, { stdout, stderr }))
      })
      return promise
    },
  })
}

module.exports = {
  ChildProcess,
  spawn,
  spawnSync,
  execFile,
  execFileSync,
  exec,
  execSync,
  fork(file, args, options) {
    const { args: given, options: wanted } = normal(file, args, options)
    const stdio = wanted.stdio ?? (wanted.silent ? 'pipe' : ['pipe', 'inherit', 'inherit'])
    return spawn(wanted.execPath ?? process.execPath, [...(wanted.execArgv ?? process.execArgv), file, ...given], {
      ...wanted,
      stdio,
    })
  },
}
