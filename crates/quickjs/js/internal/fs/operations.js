// The operations of `fs`, each written once: a function that checks its arguments and answers what is to be done.
// They are run at once (`statSync`), in a later turn with a callback (`stat`), or as a promise.
'use strict'
const { codes, uvException } = require('internal/errors')
const validators = require('internal/validators')
const stats = require('internal/fs/stats')
const c = require('internal/fs/constants')
const {
  check,
  getPath,
  getFd,
  getOptions,
  toFlags,
  mode,
  accessMode,
  copyMode,
  toUnixTimestamp,
  encoded,
  wantsBytes,
  vectors,
  position,
  range,
  bytes,
} = require('internal/fs/check')

const warnOnce = (message, code) => {
  let told = false
  return () => {
    if (!told) process.emitWarning(message, 'DeprecationWarning', code)
    told = true
  }
}
let hasWarned = false
function warnOfTemplate() {
  if (hasWarned) return
  hasWarned = true
  process.emitWarning(
    'mkdtemp() templates ending with X are not portable. For details see: https://nodejs.org/api/fs.html',
  )
}
const warnRecursive = warnOnce(
  'In future versions of Node.js, fs.rmdir(path, { recursive: true }) will be removed. Use fs.rm(path, { recursive: true }) instead',
  'DEP0147',
)
const warnTruncate = warnOnce(
  'Using fs.truncate with a file descriptor is deprecated. Please use fs.ftruncate with a file descriptor instead.',
  'DEP0081',
)
const [ENOENT, EBADF, EEXIST, ENOTDIR] = [-2, -9, -17, -20]
const maker = (big) => (big ? stats.makeBigIntStats : stats.makeStats)
const ops = module.exports

ops.access = (path, wanted) => {
  path = getPath(path)
  wanted = accessMode(wanted)
  return () => void check(native.access(path, wanted), 'access', path)
}
ops.stat = (path, options = {}) => {
  path = getPath(path)
  const big = !!options?.bigint
  return () => check(native.stat(path, true, big, maker(big)), 'stat', path)
}
ops.lstat = (path, options = {}) => {
  path = getPath(path)
  const big = !!options?.bigint
  return () => check(native.stat(path, false, big, maker(big)), 'lstat', path)
}
ops.fstat = (fd, options = {}) => {
  fd = getFd(fd)
  const big = !!options?.bigint
  return () => {
    const found = native.fstat(fd, big, maker(big))
    // The standard streams are no files.
    if (found === EBADF && fd <= 2) return stats.ofStream(native.terminals[fd], big)
    return check(found, 'fstat')
  }
}
ops.statfs = (path, options = {}) => {
  path = getPath(path)
  return () => check(native.statfs(path, options?.bigint ? stats.makeBigIntStatFs : stats.makeStatFs), 'statfs', path)
}

ops.open = (path, flags, wanted) => {
  path = getPath(path)
  const bits = toFlags(flags)
  const permissions = mode(wanted, 0o666)
  return () => check(native.open(path, bits, permissions), 'open', path)
}
ops.close = (fd) => {
  fd = getFd(fd)
  return () => void check(native.close(fd), 'close')
}
ops.fsync = (fd) => {
  fd = getFd(fd)
  return () => void check(native.fsync(fd, false), 'fsync')
}
ops.fdatasync = (fd) => {
  fd = getFd(fd)
  return () => void check(native.fsync(fd, true), 'fdatasync')
}
ops.ftruncate = (fd, length = 0) => {
  fd = getFd(fd)
  validators.validateInteger(length, 'len')
  length = Math.max(0, length)
  return () => void check(native.ftruncate(fd, length), 'ftruncate')
}
ops.truncate = (path, length) => {
  if (typeof path === 'number') {
    warnTruncate()
    return ops.ftruncate(path, length)
  }
  path = getPath(path)
  if (length === undefined) length = 0
  validators.validateInteger(length, 'len')
  length = Math.max(0, length)
  return () => {
    const fd = check(native.open(path, c.O_RDWR, 0), 'open', path)
    try {
      check(native.ftruncate(fd, length), 'ftruncate')
    } finally {
      native.close(fd)
    }
  }
}

ops.mkdir = (path, options) => {
  let permissions = 0o777
  let recursive = false
  if (typeof options === 'number' || typeof options === 'string') permissions = mode(options, 0o777)
  else if (options) {
    if (options.recursive !== undefined) {
      recursive = options.recursive
      validators.validateBoolean(recursive, 'options.recursive')
    }
    if (options.mode !== undefined) permissions = mode(options.mode, 0o777, 'options.mode')
  }
  path = getPath(path)
  if (!recursive) return () => void check(native.mkdir(path, permissions), 'mkdir', path)
  return () => makeAll(path, permissions)
}
// From the whole path up to what is there, and down again; the path as it was given, so that links and `..` in it count.
function makeAll(path, permissions) {
  const text = typeof path === 'string' ? path : Buffer.from(path).toString()
  const fail = (errno) => uvException({ errno, syscall: 'mkdir', path: text })
  const isDirectory = (at) => native.stat(at, true, false, (_, bits) => ((bits & c.S_IFMT) === c.S_IFDIR ? 1 : 0))
  const left = [text]
  let first
  while (left.length > 0) {
    const next = left.pop()
    const result = native.mkdir(next, permissions)
    if (result >= 0) first ??= next
    else if (result === ENOENT) {
      const above = next.slice(0, next.replace(/\/+$/, '').lastIndexOf('/'))
      if (above === '' || first === above) throw fail(result)
      left.push(next, above)
      if (left.length > 4096) throw fail(result)
    } else {
      if (result !== EEXIST) throw fail(result)
      const what = isDirectory(next)
      if (what < 0) throw fail(what)
      if (what === 0) throw fail(left.length > 0 ? ENOTDIR : EEXIST)
    }
  }
  return first
}
ops.mkdtemp = (prefix, options) => {
  const { encoding } = getOptions(options)
  prefix = getPath(prefix, 'prefix')
  if (typeof prefix === 'string' ? prefix.endsWith('X') : prefix.at(-1) === 0x58) warnOfTemplate()
  return () => {
    const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
    const text = typeof prefix === 'string' ? prefix : Buffer.from(prefix).toString()
    for (let tries = 0; ; tries++) {
      const random = new Uint8Array(6)
      native.random(random, 0, 6)
      const path = text + [...random].map((byte) => letters[byte % letters.length]).join('')
      const result = native.mkdir(path, 0o700)
      if (result === -17 && tries < 100) continue
      check(result, 'mkdtemp', `${text}XXXXXX`)
      return wantsBytes(encoding) ? encoded(Buffer.from(path), encoding) : path
    }
  }
}
ops.rmdir = (path, options) => {
  path = getPath(path)
  if (options?.recursive) warnRecursive()
  if (options?.recursive)
    return require('internal/fs/rm').remove(path, require('internal/fs/rm').rmdirOptions(options), true)
  if (options !== undefined && options !== null) require('internal/fs/rm').rmdirOptions(options)
  return () => void check(native.rmdir(path), 'rmdir', path)
}
ops.rm = (path, options) => {
  path = getPath(path)
  const rm = require('internal/fs/rm')
  return rm.remove(path, rm.rmOptions(options))
}
ops.unlink = (path) => {
  path = getPath(path)
  return () => void check(native.unlink(path), 'unlink', path)
}
ops.rename = (from, to) => {
  from = getPath(from, 'oldPath')
  to = getPath(to, 'newPath')
  return () => void check(native.rename(from, to), 'rename', from, to)
}
ops.link = (from, to) => {
  from = getPath(from, 'existingPath')
  to = getPath(to, 'newPath')
  return () => void check(native.link(from, to), 'link', from, to)
}
ops.symlink = (target, path, type) => {
  if (type != null && !['dir', 'file', 'junction'].includes(type)) throw new codes.ERR_FS_INVALID_SYMLINK_TYPE(type)
  target = getPath(target, 'target')
  path = getPath(path)
  return () => void check(native.symlink(path, target), 'symlink', target, path)
}
ops.readlink = (path, options) => {
  const { encoding } = getOptions(options)
  path = getPath(path, 'oldPath')
  return () => encoded(check(native.readlink(path, wantsBytes(encoding)), 'readlink', path), encoding)
}
const realpath = (syscall) => (path, options) => {
  const { encoding } = getOptions(options)
  path = getPath(path)
  return () => encoded(check(native.realpath(path, wantsBytes(encoding)), syscall(path), path), encoding)
}
ops.realpath = realpath(() => 'lstat')
ops.realpathNative = realpath(() => 'realpath')

ops.chmod = (path, wanted) => {
  path = getPath(path)
  wanted = mode(wanted)
  return () => void check(native.chmod(path, wanted, true), 'chmod', path)
}
ops.fchmod = (fd, wanted) => {
  fd = getFd(fd)
  wanted = mode(wanted)
  return () => void check(native.fsetattr(fd, 0, wanted, 0), 'fchmod')
}
const ids = (uid, gid) => {
  validators.validateInteger(uid, 'uid', -1, 4294967295)
  validators.validateInteger(gid, 'gid', -1, 4294967295)
}
ops.chown = (path, uid, gid) => {
  path = getPath(path)
  ids(uid, gid)
  return () => void check(native.chown(path, uid, gid, true), 'chown', path)
}
ops.lchown = (path, uid, gid) => {
  path = getPath(path)
  ids(uid, gid)
  return () => void check(native.chown(path, uid, gid, false), 'lchown', path)
}
ops.fchown = (fd, uid, gid) => {
  fd = getFd(fd)
  ids(uid, gid)
  return () => void check(native.fsetattr(fd, 1, uid, gid), 'fchown')
}
const times = (follow, syscall) => (path, atime, mtime) => {
  path = getPath(path)
  atime = toUnixTimestamp(atime)
  mtime = toUnixTimestamp(mtime)
  return () => void check(native.utimes(path, atime, mtime, follow), syscall, path)
}
ops.utimes = times(true, 'utime')
ops.lutimes = times(false, 'lutime')
ops.futimes = (fd, atime, mtime) => {
  fd = getFd(fd)
  atime = toUnixTimestamp(atime, 'atime')
  mtime = toUnixTimestamp(mtime, 'mtime')
  return () => void check(native.fsetattr(fd, 2, atime, mtime), 'futime')
}

ops.copyFile = (from, to, wanted) => {
  from = getPath(from, 'src')
  to = getPath(to, 'dest')
  wanted = copyMode(wanted)
  return () => {
    if (wanted & c.COPYFILE_FICLONE_FORCE) throw uvException({ errno: -95, syscall: 'copyfile', path: from, dest: to })
    check(native.copyFile(from, to, !!(wanted & c.COPYFILE_EXCL)), 'copyfile', from, to)
  }
}
ops.cp = (from, to, options) => require('internal/fs/cp').cp(from, to, options)

ops.readdir = (path, options) => {
  options = getOptions(options)
  path = getPath(path)
  if (options.recursive != null) validators.validateBoolean(options.recursive, 'options.recursive')
  const { encoding, withFileTypes, recursive } = options
  const raw = wantsBytes(encoding)
  const { Dirent } = stats
  return () => {
    if (!recursive) {
      const all = check(native.readdir(path, raw), 'scandir', path)
      const found = []
      for (let at = 0; at < all.length; at += 2) {
        const name = encoded(all[at], encoding)
        found.push(withFileTypes ? new Dirent(name, all[at + 1], path) : name)
      }
      return found
    }
    const found = []
    const { join } = require('path')
    const text = typeof path === 'string' ? path : Buffer.from(path).toString()
    const left = [['', text]]
    for (let next = 0; next < left.length; next++) {
      const [prefix, dir] = left[next]
      const all = check(native.readdir(dir, false), 'scandir', dir)
      for (let at = 0; at < all.length; at += 2) {
        const below = prefix === '' ? all[at] : `${prefix}/${all[at]}`
        const shown = raw
          ? encoded(Buffer.from(withFileTypes ? all[at] : below), encoding)
          : withFileTypes
            ? all[at]
            : below
        found.push(withFileTypes ? new Dirent(shown, all[at + 1], dir) : shown)
        if (all[at + 1] === 2) left.push([below, join(dir, all[at])])
      }
    }
    return found
  }
}

ops.read = (fd, buffer, offset, length, at) => {
  fd = getFd(fd)
  const view = bytes(buffer)
  return () => check(native.read(fd, view, offset, length, at), 'read')
}
ops.write = (fd, buffer, offset, length, at) => {
  fd = getFd(fd)
  const view = bytes(buffer)
  if (fd === 1 || fd === 2)
    return () => check(native.print(fd, view.subarray(offset, offset + length)), 'write') ?? length
  return () => check(native.write(fd, view, offset, length, at), 'write')
}
const moved = (call, name) => (fd, buffers, at) => {
  fd = getFd(fd)
  buffers = vectors(buffers).map(bytes)
  const begin = typeof at === 'number' ? at : -1
  return () => {
    let total = 0
    for (const view of buffers) {
      const count = check(call(fd, view, 0, view.byteLength, begin < 0 ? -1 : begin + total), name)
      total += count
      if (count < view.byteLength) break
    }
    return total
  }
}
ops.readv = moved((...args) => native.read(...args), 'read')
ops.writev = moved((...args) => native.write(...args), 'write')
ops.glob = (pattern, options) => {
  const walk = require('internal/glob').glob(pattern, options)
  return () => [...walk]
}
ops.opendir = (path, options) => require('internal/fs/dir').opendir(path, options)
Object.defineProperty(ops, 'helpers', { value: { position, range, codes }, enumerable: false })
