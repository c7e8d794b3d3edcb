// `fs/promises`.
'use strict'
const { AbortError } = require('internal/errors')
const { promise, open, FileHandle } = require('internal/fs/handle')
const ops = require('internal/fs/operations')
const content = require('internal/fs/content')
const { getOptions, getPath } = require('internal/fs/check')

const fsPromises = module.exports
const NAMES = [
  'access',
  'copyFile',
  'rename',
  'truncate',
  'rm',
  'rmdir',
  'mkdir',
  'readdir',
  'readlink',
  'symlink',
  'lstat',
  'stat',
  'statfs',
  'link',
  'unlink',
  'chmod',
  'lchown',
  'chown',
  'utimes',
  'lutimes',
  'realpath',
  'mkdtemp',
  'opendir',
]
for (const name of NAMES) {
  fsPromises[name] = {
    async [name](...args) {
      return promise(ops[name](...args))
    },
  }[name]
}
fsPromises.open = open
fsPromises.realpath = async function realpath(path, options) {
  return promise(ops.realpathNative(path, options))
}
fsPromises.lchmod = async function lchmod() {
  throw new (require('internal/errors').codes.ERR_METHOD_NOT_IMPLEMENTED)('lchmod()')
}
fsPromises.cp = async function cp(from, to, options) {
  return require('internal/fs/cp').cpAsync(from, to, options)
}
fsPromises.glob = (pattern, options) => require('internal/glob').globAsync(pattern, options)

function aborted(signal) {
  if (signal?.aborted) throw new AbortError(undefined, { cause: signal.reason })
}

fsPromises.readFile = async function readFile(path, options) {
  options = getOptions(options, { flag: 'r' })
  aborted(options.signal)
  if (path instanceof FileHandle) return path.readFile(options)
  const value = await promise(content.readFile(typeof path === 'number' ? getPath(path) : path, options))
  aborted(options.signal)
  return value
}
async function pieces(target, data, options) {
  const { signal } = options
  aborted(signal)
  for await (const piece of data) {
    aborted(signal)
    await target.writeFile(content.toData(piece, options.encoding ?? 'utf8'), { encoding: options.encoding })
    aborted(signal)
  }
}
const isStream = (data) =>
  data !== null &&
  typeof data === 'object' &&
  !ArrayBuffer.isView(data) &&
  (typeof data[Symbol.asyncIterator] === 'function' || typeof data[Symbol.iterator] === 'function')
fsPromises.writeFile = async function writeFile(path, data, options) {
  options = getOptions(options, { encoding: 'utf8', mode: 0o666, flag: 'w', flush: false })
  if (path instanceof FileHandle) return path.writeFile(data, options)
  if (isStream(data)) {
    aborted(options.signal)
    const handle = await open(path, options.flag ?? 'w', options.mode)
    try {
      await pieces(handle, data, options)
      if (options.flush) await handle.sync()
    } finally {
      await handle.close()
    }
    return undefined
  }
  const work = content.writeFile(typeof path === 'number' ? getPath(path) : path, data, options)
  aborted(options.signal)
  return promise(() => {
    aborted(options.signal)
    return work()
  })
}
fsPromises.appendFile = async function appendFile(path, data, options) {
  options = { ...getOptions(options, { encoding: 'utf8', mode: 0o666, flag: 'a' }) }
  options.flag ||= 'a'
  return fsPromises.writeFile(path, data, options)
}
fsPromises.watch = (path, options) => require('internal/fs/watchers').watchAsync(path, options)
fsPromises.constants = require('internal/fs/constants')
