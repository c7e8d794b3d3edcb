// Copying trees, with the checks and errors of Node's `cp`.
'use strict'
const { codes } = require('internal/errors')
const validators = require('internal/validators')
const { getPath, copyMode } = require('internal/fs/check')

function checked(options) {
  if (options !== undefined && options !== null) validators.validateObject(options, 'options')
  const all = {
    dereference: false,
    errorOnExist: false,
    filter: undefined,
    force: true,
    preserveTimestamps: false,
    recursive: false,
    verbatimSymlinks: false,
    mode: 0,
    ...options,
  }
  for (const name of ['dereference', 'errorOnExist', 'force', 'preserveTimestamps', 'recursive', 'verbatimSymlinks'])
    validators.validateBoolean(all[name], `options.${name}`)
  all.mode = copyMode(all.mode)
  if (all.dereference && all.verbatimSymlinks)
    throw new codes.ERR_INCOMPATIBLE_OPTION_PAIR('dereference', 'verbatimSymlinks')
  if (all.filter !== undefined) validators.validateFunction(all.filter, 'options.filter')
  return all
}

function systemError(code, { message, path, syscall, errno, code: system }) {
  const error = new codes[code]()
  const text = `${error.message}: ${syscall} returned ${system} (${message}) ${path}`
  Object.defineProperty(error, 'message', { value: text, writable: true, configurable: true, enumerable: false })
  error.stack = `SystemError [${code}]: ${text}\n${String(error.stack).split('\n').slice(1).join('\n')}`
  return Object.assign(error, {
    name: 'SystemError',
    code,
    info: { message, path, syscall, errno, code: system },
    errno,
    syscall,
    path,
  })
}
const fail = (code, message, path, errno, system) =>
  systemError(code, { message, path, syscall: 'cp', errno, code: system })

exports.cp = (from, to, options) => {
  options = checked(options)
  from = require('path').toNamespacedPath(getPath(from, 'src').toString())
  to = require('path').toNamespacedPath(getPath(to, 'dest').toString())
  return () => copy(from, to, options, options.filter)
}
exports.cpAsync = async (from, to, options) => {
  options = checked(options)
  from = getPath(from, 'src').toString()
  to = getPath(to, 'dest').toString()
  await new Promise((done) => require('internal/loop').later(done))
  await copyAsync(from, to, options)
}

// The same with a filter that may answer a promise.
async function copyAsync(from, to, options) {
  const allowed = new Map()
  if (options.filter) {
    const fs = require('fs')
    const left = [[from, to]]
    for (let at = 0; at < left.length; at++) {
      const [source, target] = left[at]
      const yes = await options.filter(source, target)
      allowed.set(source, yes)
      if (!yes) continue
      const stat = (options.dereference ? fs.statSync : fs.lstatSync)(source, { throwIfNoEntry: false })
      if (stat?.isDirectory() && options.recursive)
        for (const name of fs.readdirSync(source))
          left.push([require('path').join(source, name), require('path').join(target, name)])
    }
  }
  copy(from, to, options, options.filter && ((source) => allowed.get(source)))
}

function copy(from, to, options, filter) {
  const fs = require('fs')
  const path = require('path')
  const stat = options.dereference ? fs.statSync : fs.lstatSync
  if (filter) {
    const yes = filter(from, to)
    if (yes !== null && typeof yes === 'object' && typeof yes.then === 'function')
      throw new codes.ERR_INVALID_RETURN_VALUE('boolean', 'filter', yes)
    if (!yes) return
  }
  const source = stat(from, { bigint: true })
  const target = stat(to, { bigint: true, throwIfNoEntry: false })
  if (target) {
    if (target.ino === source.ino && target.dev === source.dev)
      throw fail('ERR_FS_CP_EINVAL', 'src and dest cannot be the same', to, 22, 'EINVAL')
    if (source.isDirectory() && !target.isDirectory())
      throw fail(
        'ERR_FS_CP_DIR_TO_NON_DIR',
        `cannot overwrite non-directory ${to} with directory ${from}`,
        to,
        20,
        'EISDIR',
      )
    if (!source.isDirectory() && target.isDirectory())
      throw fail(
        'ERR_FS_CP_NON_DIR_TO_DIR',
        `cannot overwrite directory ${to} with non-directory ${from}`,
        to,
        21,
        'ENOTDIR',
      )
  }
  const inside = (a, b) => {
    const [x, y] = [path.resolve(a).split('/').filter(Boolean), path.resolve(b).split('/').filter(Boolean)]
    return x.every((name, index) => y[index] === name)
  }
  if (source.isDirectory()) {
    if (inside(from, to))
      throw fail('ERR_FS_CP_EINVAL', `cannot copy ${from} to a subdirectory of self ${to}`, to, 22, 'EINVAL')
    for (let dir = path.dirname(path.resolve(to)); dir !== '/'; dir = path.dirname(dir)) {
      const above = fs.statSync(dir, { bigint: true, throwIfNoEntry: false })
      if (above && above.ino === source.ino && above.dev === source.dev)
        throw fail('ERR_FS_CP_EINVAL', `cannot copy ${from} to a subdirectory of self ${to}`, to, 22, 'EINVAL')
    }
  }
  const parent = path.dirname(to)
  if (!fs.existsSync(parent)) fs.mkdirSync(parent, { recursive: true })
  if (source.isDirectory() && !options.recursive)
    throw fail('ERR_FS_EISDIR', `Recursive option not enabled, cannot copy a directory: ${from}`, from, 21, 'EISDIR')
  entry(from, to, source, target, options, filter)
}

function entry(from, to, source, target, options, filter) {
  const fs = require('fs')
  const path = require('path')
  if (source.isDirectory()) {
    if (!target) fs.mkdirSync(to)
    for (const name of fs.readdirSync(from)) {
      const [a, b] = [path.join(from, name), path.join(to, name)]
      copy(a, b, options, filter)
    }
    if (!target) fs.chmodSync(to, Number(source.mode & 0o7777n))
    return
  }
  if (source.isSymbolicLink()) {
    link(from, to, target, options)
    return
  }
  if (source.isSocket()) throw fail('ERR_FS_CP_SOCKET', `cannot copy a socket file: ${to}`, to, 22, 'EINVAL')
  if (source.isFIFO()) throw fail('ERR_FS_CP_FIFO_PIPE', `cannot copy a FIFO pipe: ${to}`, to, 22, 'EINVAL')
  if (target) {
    if (options.force) fs.unlinkSync(to)
    else if (options.errorOnExist) throw fail('ERR_FS_CP_EEXIST', `${to} already exists`, to, 17, 'EEXIST')
    else return
  }
  fs.copyFileSync(from, to, options.mode)
  if (options.preserveTimestamps) {
    if (!(Number(source.mode) & 0o200)) fs.chmodSync(to, Number(source.mode) | 0o200)
    const now = fs.statSync(from)
    fs.utimesSync(to, now.atime, now.mtime)
  }
  fs.chmodSync(to, Number(source.mode & 0o7777n))
}

function link(from, to, target, options) {
  const fs = require('fs')
  const path = require('path')
  let says = fs.readlinkSync(from)
  if (!options.verbatimSymlinks && !path.isAbsolute(says)) says = path.resolve(path.dirname(from), says)
  if (!target) {
    fs.symlinkSync(says, to)
    return
  }
  let there
  try {
    there = fs.readlinkSync(to)
  } catch (error) {
    if (error.code !== 'EINVAL' && error.code !== 'UNKNOWN') throw error
    fs.symlinkSync(says, to)
    return
  }
  if (!path.isAbsolute(there)) there = path.resolve(path.dirname(to), there)
  const inside = (a, b) => path.resolve(b).startsWith(`${path.resolve(a)}/`) || path.resolve(a) === path.resolve(b)
  if (fs.statSync(from, { throwIfNoEntry: false })?.isDirectory()) {
    if (inside(says, there))
      throw fail('ERR_FS_CP_EINVAL', `cannot copy ${says} to a subdirectory of self ${there}`, to, 22, 'EINVAL')
    if (inside(there, says) && path.resolve(there) !== path.resolve(says))
      throw fail('ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY', `cannot overwrite ${there} with ${says}`, to, 22, 'EINVAL')
  }
  fs.unlinkSync(to)
  fs.symlinkSync(says, to)
}
