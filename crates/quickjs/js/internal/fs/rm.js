// Removing trees.
'use strict'
const { codes, uvException } = require('internal/errors')
const validators = require('internal/validators')
const { check } = require('internal/fs/check')

exports.rmdirOptions = (options) => {
  if (options === undefined) return { retryDelay: 100, maxRetries: 0, recursive: false }
  validators.validateObject(options, 'options')
  const all = { recursive: false, maxRetries: 0, retryDelay: 100, ...options }
  validators.validateBoolean(all.recursive, 'options.recursive')
  validators.validateInt32(all.retryDelay, 'options.retryDelay', 0)
  validators.validateUint32(all.maxRetries, 'options.maxRetries')
  return all
}
exports.rmOptions = (options) => {
  const all = { force: false, ...exports.rmdirOptions(options) }
  validators.validateBoolean(all.force, 'options.force')
  return all
}

const kind = (path) => native.stat(path, false, false, (_, mode) => ((mode & 0o170000) === 0o040000 ? 1 : 0))

exports.remove =
  (path, { recursive, force }, rmdir = false) =>
  () => {
    const what = kind(path)
    if (what < 0) {
      if (what === -2 && force) return
      throw uvException({ errno: what, syscall: rmdir ? 'rmdir' : 'lstat', path })
    }
    if (what === 0) {
      if (rmdir) throw uvException({ errno: -20, syscall: 'rmdir', path })
      check(native.unlink(path), 'unlink', path)
      return
    }
    if (!recursive) {
      const error = new codes.ERR_FS_EISDIR()
      const shown = typeof path === 'string' ? path : Buffer.from(path).toString()
      error.message = `Path is a directory: rm returned EISDIR (is a directory) ${shown}`
      error.stack = error.stack.replace('Path is a directory', error.message)
      Object.assign(error, {
        name: 'SystemError',
        info: { code: 'EISDIR', message: 'is a directory', path: shown, syscall: 'rm', errno: 21 },
        errno: 21,
        syscall: 'rm',
        path: shown,
      })
      throw error
    }
    tree(Buffer.from(path))
  }

const SLASH = Buffer.from('/')

// Names are bytes: not every one is text. Without recursion, so that no depth is too deep.
function tree(top) {
  // An empty one goes at once; what looks like one, such as a link with a slash behind it, is told of before anything is lost.
  const gone = native.rmdir(top)
  if (gone === -2) return
  if (gone !== -39) return void check(gone, 'rmdir', top)
  const stack = [{ path: top, names: undefined }]
  while (stack.length > 0) {
    const dir = stack.at(-1)
    dir.names ??= check(native.readdir(dir.path, true), 'scandir', dir.path)
    const [type, name] = [dir.names.pop(), dir.names.pop()]
    if (name === undefined) {
      stack.pop()
      const result = native.rmdir(dir.path)
      if (result !== -2) check(result, 'rmdir', dir.path)
    } else {
      const path = Buffer.concat([dir.path, SLASH, name])
      if (type === 2) {
        stack.push({ path, names: undefined })
        continue
      }
      const result = native.unlink(path)
      if (result !== -2) check(result, 'unlink', path)
    }
  }
}
