// `os`: the machine as scripts are shown it.
'use strict'
const { signals } = require('internal/signals')
const { errnames } = require('internal/errnos')
const [uid, gid] = native.user()
const asText = (fn) => Object.defineProperty(fn, Symbol.toPrimitive, { value: () => fn(), configurable: true })

module.exports = {
  arch: asText(() => process.arch),
  availableParallelism: asText(() => 1),
  cpus: () => [{ model: 'Tarbox', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }],
  endianness: asText(() => 'LE'),
  freemem: asText(() => 1 << 30),
  getPriority: () => 0,
  homedir: asText(() => process.env.HOME ?? '/'),
  hostname: asText(() => 'tarbox'),
  loadavg: () => [0, 0, 0],
  networkInterfaces: () => ({}),
  platform: asText(() => process.platform),
  release: asText(() => '6.0.0'),
  setPriority() {},
  tmpdir: asText(() => {
    const { TMPDIR, TMP, TEMP } = process.env
    const path = TMPDIR || TMP || TEMP || '/tmp'
    return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
  }),
  totalmem: asText(() => 2 ** 31),
  type: asText(() => 'Linux'),
  userInfo(options) {
    const encode = (text) => (options?.encoding === 'buffer' ? Buffer.from(text) : text)
    return {
      uid,
      gid,
      username: encode(process.env.USER ?? (uid === 0 ? 'root' : `user${uid}`)),
      homedir: encode(module.exports.homedir()),
      shell: encode('/bin/sh'),
    }
  },
  uptime: asText(() => native.now() / 1000),
  version: asText(() => 'Tarbox'),
  machine: asText(() => 'x86_64'),
  EOL: '\n',
  devNull: '/dev/null',
  constants: Object.freeze({
    __proto__: null,
    UV_UDP_REUSEADDR: 4,
    dlopen: Object.freeze({ __proto__: null, RTLD_LAZY: 1, RTLD_NOW: 2, RTLD_GLOBAL: 256, RTLD_LOCAL: 0 }),
    errno: Object.freeze({
      __proto__: null,
      ...Object.fromEntries([...errnames].map(([number, [name]]) => [name, -number])),
    }),
    signals: Object.freeze({ ...signals, __proto__: null }),
    priority: Object.freeze({
      __proto__: null,
      PRIORITY_LOW: 19,
      PRIORITY_BELOW_NORMAL: 10,
      PRIORITY_NORMAL: 0,
      PRIORITY_ABOVE_NORMAL: -7,
      PRIORITY_HIGH: -14,
      PRIORITY_HIGHEST: -20,
    }),
  }),
}
