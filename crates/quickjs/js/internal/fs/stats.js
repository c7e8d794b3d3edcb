// Stats, StatFs and Dirent.
'use strict'
const IFMT = 0o170000
const KINDS = {
  isDirectory: 0o040000,
  isFile: 0o100000,
  isBlockDevice: 0o060000,
  isCharacterDevice: 0o020000,
  isSymbolicLink: 0o120000,
  isFIFO: 0o010000,
  isSocket: 0o140000,
}

function StatsBase(dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks) {
  this.dev = dev
  this.mode = mode
  this.nlink = nlink
  this.uid = uid
  this.gid = gid
  this.rdev = rdev
  this.blksize = blksize
  this.ino = ino
  this.size = size
  this.blocks = blocks
}
for (const [name, bits] of Object.entries(KINDS)) {
  StatsBase.prototype[name] = function () {
    return (Number(this.mode) & IFMT) === bits
  }
}

// Moments become dates when somebody asks.
function dates(prototype) {
  for (const name of ['atime', 'mtime', 'ctime', 'birthtime']) {
    const set = function (value) {
      Object.defineProperty(this, name, { value, writable: true, enumerable: true, configurable: true })
    }
    Object.defineProperty(prototype, name, {
      enumerable: true,
      configurable: true,
      get() {
        const value = new Date(Math.round(Number(this[`${name}Ms`])))
        set.call(this, value)
        return value
      },
      set,
    })
  }
}

// Dates are no properties of their own until then; JSON has them all the same.
function withDates() {
  const { atime, mtime, ctime, birthtime } = this
  return { ...this, atime, mtime, ctime, birthtime }
}
Object.defineProperty(StatsBase.prototype, 'toJSON', {
  value: withDates,
  writable: true,
  configurable: true,
  enumerable: false,
})

function Stats(dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks, atimeMs, mtimeMs, ctimeMs, birthtimeMs) {
  this.dev = dev
  this.mode = mode
  this.nlink = nlink
  this.uid = uid
  this.gid = gid
  this.rdev = rdev
  this.blksize = blksize
  this.ino = ino
  this.size = size
  this.blocks = blocks
  this.atimeMs = atimeMs
  this.mtimeMs = mtimeMs
  this.ctimeMs = ctimeMs
  this.birthtimeMs = birthtimeMs
}
Object.setPrototypeOf(Stats.prototype, StatsBase.prototype)
Object.setPrototypeOf(Stats, StatsBase)
dates(Stats.prototype)

const MILLION = 1000000n
function BigIntStats(
  dev,
  mode,
  nlink,
  uid,
  gid,
  rdev,
  blksize,
  ino,
  size,
  blocks,
  atimeNs,
  mtimeNs,
  ctimeNs,
  birthtimeNs,
) {
  StatsBase.call(this, dev, mode, nlink, uid, gid, rdev, blksize, ino, size, blocks)
  this.atimeMs = atimeNs / MILLION
  this.mtimeMs = mtimeNs / MILLION
  this.ctimeMs = ctimeNs / MILLION
  this.birthtimeMs = birthtimeNs / MILLION
  this.atimeNs = atimeNs
  this.mtimeNs = mtimeNs
  this.ctimeNs = ctimeNs
  this.birthtimeNs = birthtimeNs
}
Object.setPrototypeOf(BigIntStats.prototype, StatsBase.prototype)
Object.setPrototypeOf(BigIntStats, StatsBase)
dates(BigIntStats.prototype)

exports.Stats = Stats
exports.BigIntStats = BigIntStats
exports.makeStats = (a, b, c, d, e, f, g, h, i, j, k, l, m, n) => new Stats(a, b, c, d, e, f, g, h, i, j, k, l, m, n)
exports.makeBigIntStats = (...all) => new BigIntStats(...all)
// What a file that is not there looks like to those who watch it.
exports.noStats = (big) => (big ? new BigIntStats(...new Array(14).fill(0n)) : new Stats(...new Array(14).fill(0)))

// A terminal, or a pipe.
exports.ofStream = (isTerminal, big) => {
  const numbers = [0, isTerminal ? 0o020620 : 0o010600, 1, 0, 0, 0, 4096, 0, 0, 0, 0, 0, 0, 0]
  return big ? new BigIntStats(...numbers.map(BigInt)) : new Stats(...numbers)
}

function StatFs(bsize, blocks, bfree, files, ffree) {
  Object.assign(this, { type: 0x54415242, bsize, blocks, bfree, bavail: bfree, files, ffree })
}
exports.makeStatFs = (...all) => new StatFs(...all)
exports.makeBigIntStatFs = (...all) => {
  const stats = new StatFs(...all)
  for (const key of Object.keys(stats)) stats[key] = BigInt(stats[key])
  return stats
}

const TYPES = {
  isFile: 1,
  isDirectory: 2,
  isSymbolicLink: 3,
  isFIFO: 4,
  isSocket: 5,
  isCharacterDevice: 6,
  isBlockDevice: 7,
}
const kType = Symbol('type')
class Dirent {
  constructor(name, type, path) {
    this.name = name
    this.parentPath = path
    this.path = path
    this[kType] = type
  }
}
for (const [name, type] of Object.entries(TYPES)) {
  Dirent.prototype[name] = function () {
    return this[kType] === type
  }
}
exports.Dirent = Dirent
exports.typeOfStats = (stats) => Object.entries(TYPES).find(([name]) => stats[name]())?.[1] ?? 0
