// The process object.
'use strict'
const EventEmitter = require('events')
const { codes, errnoException, uvException } = require('internal/errors')
const { errnos } = require('internal/errnos')
const validators = require('internal/validators')
const loop = require('internal/loop')
const { deprecate, defineLazily } = require('internal/util')
const flags = require('internal/flags')

function process() {}
Object.defineProperty(process, 'name', { value: 'process' })
process.prototype = Object.create(EventEmitter.prototype, {
  constructor: { value: process, writable: true, configurable: true },
})
Object.defineProperty(process.prototype, Symbol.toStringTag, { value: 'process', configurable: true })
const self = Object.create(process.prototype)
EventEmitter.init.call(self)
module.exports = self
globalThis.process = self

const VERSION = 'v20.19.2'
const [uid, gid] = native.user()

function hrtime(time) {
  const now = native.nanoseconds()
  const seconds = Number(now / 1000000000n)
  const rest = Number(now % 1000000000n)
  if (time === undefined) return [seconds, rest]
  validators.validateArray(time, 'time')
  if (time.length !== 2) throw new codes.ERR_OUT_OF_RANGE('time', 2, time.length)
  const borrow = rest < time[1] ? 1 : 0
  return [seconds - time[0] - borrow, rest - time[1] + borrow * 1e9]
}
hrtime.bigint = () => native.nanoseconds()

let exitCode
Object.defineProperty(self, 'exitCode', {
  enumerable: true,
  configurable: false,
  get: () => exitCode,
  set(code) {
    if (code !== null && code !== undefined) {
      let value = code
      if (typeof code === 'string' && code !== '') value = Number(code)
      if (typeof code === 'string' && !Number.isInteger(value))
        throw new codes.ERR_INVALID_ARG_TYPE('code', 'integer', code)
      validators.validateInteger(value, 'code')
    }
    exitCode = code
  },
})

let pending = flags.has('pending-deprecation') || native.env.NODE_PENDING_DEPRECATION === '1'
const env = new Proxy(Object.assign({}, native.env), {
  set(target, key, value) {
    if (key === '') return true
    if (typeof key === 'symbol' || typeof value === 'symbol')
      throw new TypeError('Cannot convert a Symbol value to a string')
    if (pending && !['string', 'number', 'boolean'].includes(typeof value)) {
      self.emitWarning(
        'Assigning any value other than a string, number, or boolean to a process.env property is deprecated. Please make sure to convert the value to a string before setting process.env with it.',
        'DeprecationWarning',
        'DEP0104',
      )
      pending = false
    }
    target[key] = `${value}`
    return true
  },
  defineProperty(target, key, descriptor) {
    if ('value' in descriptor && descriptor.configurable && descriptor.writable && descriptor.enumerable) {
      return Reflect.defineProperty(target, key, {
        value: `${descriptor.value}`,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
    const why =
      'get' in descriptor || 'set' in descriptor
        ? "'process.env' does not accept an accessor(getter/setter) descriptor"
        : "'process.env' only accepts a configurable, writable, and enumerable data descriptor"
    throw Object.assign(new TypeError(why), { code: 'ERR_INVALID_OBJECT_DEFINE_PROPERTY' })
  },
})

function exit(code) {
  if (arguments.length > 0 && code !== undefined) self.exitCode = code
  if (!self._exiting) {
    self._exiting = true
    self.emit('exit', Number(exitCode ?? 0))
  }
  self.reallyExit(Number(exitCode ?? 0) | 0)
}
self._exiting = false
// The bit tells an end by a signal from one by `exit`.
const BY_SIGNAL = 1 << 30
self.reallyExit = (code) => native.exit(Number(code ?? exitCode ?? 0) & 0xff)
const endBySignal = (number) => native.exit(BY_SIGNAL | (number << 8))

function id(name, value) {
  return { [`get${name}`]: () => value }[`get${name}`]
}
// A number, or a name, of which there are none of that kind.
function validateId(wanted, name, kind) {
  if (typeof wanted === 'number') return validators.validateUint32(wanted, name)
  if (typeof wanted !== 'string') throw new codes.ERR_INVALID_ARG_TYPE(name, ['number', 'string'], wanted)
  if (kind !== undefined) throw new codes.ERR_UNKNOWN_CREDENTIAL(kind, wanted)
}
function setter(name, current) {
  return (wanted) => {
    validateId(wanted, 'id', name)
    if (wanted !== current) throw errnoException(errnos.get('EPERM'), name === 'Group' ? 'setgid' : 'setuid')
  }
}

let cwd
const start = Date.now() - native.now()
Object.assign(self, {
  version: VERSION,
  versions: {
    node: VERSION.slice(1),
    tarbox: '0.1.0',
    quickjs: 'ng-0.16.2',
    v8: '11.3.244.8-node.26',
    uv: '1.49.2',
    zlib: '1.3.0.1',
    modules: '115',
    unicode: '16.0',
  },
  arch: 'x64',
  platform: 'linux',
  release: { name: 'node', lts: 'Iron' },
  features: {
    __proto__: null,
    inspector: false,
    debug: false,
    uv: true,
    ipv6: false,
    tls_alpn: false,
    tls_sni: false,
    tls_ocsp: false,
    tls: false,
    cached_builtins: true,
    require_module: true,
  },
  config: Object.freeze({
    target_defaults: Object.freeze({
      cflags: Object.freeze([]),
      default_configuration: 'Release',
      defines: Object.freeze([]),
      include_dirs: Object.freeze([]),
      libraries: Object.freeze([]),
    }),
    variables: Object.freeze({ napi_build_version: '0', node_module_version: 115, v8_enable_i18n_support: 0 }),
  }),
  argv: ['/usr/local/bin/tarbox', ...native.args],
  argv0: 'tarbox',
  execPath: '/usr/local/bin/tarbox',
  execArgv: native.execArgs,
  env,
  title: flags.last('title') ?? 'tarbox',
  pid: native.ids[0],
  ppid: native.ids[1],
  exit,
  hrtime,
  nextTick: loop.nextTick,
  uptime: () => native.now() / 1000,
  cwd: () => (cwd ??= native.cwd()),
  chdir(directory) {
    validators.validateString(directory, 'directory')
    const result = native.chdir(directory)
    if (result < 0) {
      const error = uvException({ errno: result, syscall: 'chdir', path: self.cwd(), dest: directory })
      throw error
    }
    cwd = undefined
  },
  umask(mask) {
    if (mask === undefined) return native.umask(-1)
    return native.umask(validators.parseFileMode(mask, 'mask') & 0o777)
  },
  getuid: id('uid', uid),
  geteuid: id('euid', uid),
  getgid: id('gid', gid),
  getegid: id('egid', gid),
  getgroups: () => [gid],
  setuid: setter('User', uid),
  seteuid: setter('User', uid),
  setgid: setter('Group', gid),
  setegid: setter('Group', gid),
  setgroups(groups) {
    validators.validateArray(groups, 'groups')
    groups.forEach((group, at) => validateId(group, `groups[${at}]`, 'Group'))
    throw errnoException(errnos.get('EPERM'), 'setgroups')
  },
  initgroups(user, extraGroup) {
    validateId(user, 'user')
    validateId(extraGroup, 'extraGroup', 'Group')
    validateId(user, 'user', 'User')
    throw errnoException(errnos.get('EPERM'), 'initgroups')
  },
  kill(pid, signal) {
    if (pid != (pid | 0)) throw new codes.ERR_INVALID_ARG_TYPE('pid', 'number', pid)
    const { signals } = require('internal/signals')
    if (typeof signal !== 'number' && signal && signals[signal] === undefined)
      throw new codes.ERR_UNKNOWN_SIGNAL(signal)
    const result = self._kill(pid, typeof signal === 'number' ? signal : signals[signal || 'SIGTERM'])
    if (result) throw errnoException(result, 'kill')
    return true
  },
  // There is one process. What nobody listens for ends it.
  _kill(pid, number) {
    const { signals } = require('internal/signals')
    const name = Object.keys(signals).find((one) => signals[one] === number)
    if (name === undefined && number !== 0) return errnos.get('EINVAL')
    if (![self.pid, 0, -1].includes(Number(pid))) return errnos.get('ESRCH')
    if (number === 0 || name === 'SIGCHLD' || name === 'SIGURG' || name === 'SIGWINCH' || name === 'SIGCONT') return 0
    if (self.listenerCount(name) > 0) setImmediate(() => self.listenerCount(name) > 0 && self.emit(name, name, number))
    else endBySignal(number)
    return 0
  },
  abort() {
    endBySignal(6)
  },
  memoryUsage: Object.assign(
    () => ({ rss: 32 << 20, heapTotal: 16 << 20, heapUsed: 8 << 20, external: 1 << 20, arrayBuffers: 1 << 16 }),
    { rss: () => 32 << 20 },
  ),
  constrainedMemory: () => 0,
  availableMemory: () => 1 << 30,
  resourceUsage: () => ({
    userCPUTime: Math.round(native.now() * 1000),
    systemCPUTime: 0,
    maxRSS: 32768,
    sharedMemorySize: 0,
    unsharedDataSize: 0,
    unsharedStackSize: 0,
    minorPageFault: 0,
    majorPageFault: 0,
    swappedOut: 0,
    fsRead: 0,
    fsWrite: 0,
    ipcSent: 0,
    ipcReceived: 0,
    signalsCount: 0,
    voluntaryContextSwitches: 0,
    involuntaryContextSwitches: 0,
  }),
  cpuUsage(before) {
    const user = Math.round(native.now() * 1000)
    if (before !== undefined) {
      validators.validateObject(before, 'prevValue')
      for (const key of ['user', 'system']) {
        validators.validateNumber(before[key], `prevValue.${key}`)
        if (!(before[key] >= 0 && before[key] <= Number.MAX_SAFE_INTEGER))
          throw new codes.ERR_INVALID_ARG_VALUE.RangeError(`prevValue.${key}`, before[key])
      }
      return { user: user - before.user, system: 0 - before.system }
    }
    return { user, system: 0 }
  },
  getActiveResourcesInfo: () => [
    ...Array.from({ length: loop.requests() }, () => 'FSReqCallback'),
    ...require('internal/timer_list').names(),
    ...Array.from({ length: loop.immediates() }, () => 'Immediate'),
  ],
  _getActiveHandles: () => [],
  _getActiveRequests: () => Array.from({ length: loop.requests() }, () => ({})),
  _tickCallback: loop.drain,
  _rawDebug: (...args) => native.print(2, `${require('internal/inspect').format(...args)}\n`),
  binding: (name) => require('internal/bindings').binding(`${name}`),
  dlopen(module, filename) {
    if (module === null || typeof module?.exports !== 'object' || module.exports === null)
      throw new codes.ERR_INVALID_ARG_TYPE('module.exports', 'Object', module?.exports)
    const stats = require('fs').statSync(`${filename}`, { throwIfNoEntry: false })
    let why = 'cannot open shared object file: No such file or directory'
    if (stats) why = stats.size < 64 ? 'file too short' : 'invalid ELF header: native add-ons cannot be loaded'
    throw Object.assign(new Error(`${filename}: ${why}`), { code: 'ERR_DLOPEN_FAILED' })
  },
  getBuiltinModule(name) {
    validators.validateString(name, 'id')
    const builtins = require('internal/builtins')
    const found = builtins.find(name)
    return found === undefined ? undefined : builtins(found)
  },
  emitWarning: (...args) => require('internal/warnings').emitWarning(...args),
  assert: deprecate(
    (value, message) => {
      if (!value) throw new codes.ERR_ASSERTION(message || 'assertion error')
    },
    'process.assert() is deprecated. Please use the `assert` module instead.',
    'DEP0100',
  ),
  setUncaughtExceptionCaptureCallback(fn) {
    if (fn === null) self.uncaughtCapture = null
    else {
      if (typeof fn !== 'function') throw new codes.ERR_INVALID_ARG_TYPE('fn', ['Function', 'null'], fn)
      if (self.uncaughtCapture) throw new codes.ERR_UNCAUGHT_EXCEPTION_CAPTURE_ALREADY_SET()
      self.uncaughtCapture = fn
    }
  },
  hasUncaughtExceptionCaptureCallback: () => self.uncaughtCapture !== null,
  setSourceMapsEnabled(on) {
    validators.validateBoolean(on, 'val')
  },
  loadEnvFile(path = '.env') {
    const text = require('fs').readFileSync(path, 'utf8')
    for (const [key, value] of Object.entries(require('internal/dotenv').parse(text)))
      if (!(key in env)) env[key] = value
  },
  debugPort: 9229,
  report: undefined,
})
defineLazily(self, ['allowedNodeEnvironmentFlags'], flags.allowed)
for (const [flag, name] of [
  ['no-deprecation', 'noDeprecation'],
  ['throw-deprecation', 'throwDeprecation'],
  ['trace-deprecation', 'traceDeprecation'],
  ['trace-warnings', 'traceProcessWarnings'],
])
  if (flags.has(flag)) self[name] = true
Object.defineProperty(self, 'uncaughtCapture', { value: null, writable: true, enumerable: false })
Object.defineProperty(self, 'start', { value: start, enumerable: false })
Object.defineProperty(self, 'debugPort', {
  enumerable: true,
  get: () => 9229,
  set(value) {
    validators.validateNumber(value, 'debugPort')
  },
})
for (const name of ['version', 'versions', 'arch', 'platform', 'release', 'features']) {
  Object.defineProperty(self, name, { value: self[name], writable: false, enumerable: true, configurable: false })
}
Object.freeze(self.versions)

defineLazily(self, ['stdout', 'stderr', 'stdin'], (name) => require('internal/stdio')[name]())
