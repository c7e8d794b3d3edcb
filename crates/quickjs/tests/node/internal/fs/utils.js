// Checks of `fs` under the names that tests of Node.js know.
'use strict'
const check = require('internal/fs/check')
const { BigIntStats, Dirent } = require('internal/fs/stats')
const rm = require('internal/fs/rm')

module.exports = {
  BigIntStats,
  Dirent,
  stringToFlags: check.toFlags,
  validateOffsetLengthRead: (offset, length, byteLength) => check.range({ byteLength }, offset, length),
  validateOffsetLengthWrite: (offset, length, byteLength) => check.range({ byteLength }, offset, length),
  validateRmdirOptions: rm.rmdirOptions,
  validateRmOptionsSync: (path, options) => rm.rmOptions(options),
}
