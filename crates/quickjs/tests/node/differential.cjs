// Random calls of `fs` below a directory; what each answers is printed: ROOT SEED COUNT.
'use strict'
const fs = require('fs')
const [root, seed, count] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]

let state = seed >>> 0
const random = (n) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return Math.floor((state / 2 ** 32) * n)
}
const pick = (list) => list[random(list.length)]
const NAMES = ['a', 'b', 'c', 'd']
const path = () =>
  `${root}${Array.from({ length: 1 + random(3) }, () => `/${random(12) === 0 ? '..' : pick(NAMES)}`).join('')}${random(15) === 0 ? '/' : ''}`
let used = []
// Nothing outside the directory.
const inside = () => {
  for (;;) {
    const made = path()
    const normal = require('path').normalize(made)
    if (!normal.startsWith(`${root}/`) || normal === `${root}/`) continue
    used.push(made.slice(root.length))
    return made
  }
}
const open = []
const fd = () => (open.length > 0 && random(8) > 0 ? pick(open) : 9999)
const told = (value) => {
  if (value instanceof fs.Stats)
    return `${value.isFile() ? 'file' : value.isDirectory() ? 'dir' : 'link'} ${value.isDirectory() ? '' : value.size} ${value.isDirectory() ? '' : value.nlink} ${(value.mode & 0o777).toString(8)}`
  if (Buffer.isBuffer(value)) return value.toString('hex')
  if (Array.isArray(value)) return JSON.stringify(value.map(told).sort())
  if (value instanceof fs.Dirent) return `${value.name}:${value.isDirectory()}:${value.isFile()}`
  return typeof value === 'string' ? value.split(root).join('ROOT') : String(value)
}
const isDirectory = (path) => {
  try {
    return fs.statSync(path).isDirectory()
  } catch {
    return false
  }
}
const CALLS = {
  writeFile: () =>
    fs.writeFileSync(inside(), 'x'.repeat(random(200)), {
      flag: pick(['w', 'a', 'wx', 'r+']),
      mode: pick([0o644, 0o600]),
    }),
  readFile: () => fs.readFileSync(inside(), pick([undefined, 'utf8', 'base64'])),
  appendFile: () => fs.appendFileSync(inside(), 'yz'),
  mkdir: () => fs.mkdirSync(inside(), pick([undefined, { recursive: true }, 0o700])),
  rmdir: () => fs.rmdirSync(inside()),
  unlink: () => fs.unlinkSync(inside()),
  rm: () => fs.rmSync(inside(), pick([undefined, { recursive: true }, { force: true }])),
  rename: () => fs.renameSync(inside(), inside()),
  link: () => fs.linkSync(inside(), inside()),
  symlink: () => fs.symlinkSync(pick(['a', 'b/c', '../a', 'nowhere', '.']), inside()),
  readlink: () => fs.readlinkSync(inside()),
  stat: () => fs.statSync(inside(), { throwIfNoEntry: random(3) > 0 }),
  lstat: () => fs.lstatSync(inside()),
  readdir: () => fs.readdirSync(inside(), pick([undefined, { withFileTypes: true }])),
  exists: () => fs.existsSync(inside()),
  access: () => fs.accessSync(inside()),
  truncate: () => fs.truncateSync(inside(), random(300)),
  copyFile: () => {
    const [from, to, flags] = [inside(), inside(), pick([0, fs.constants.COPYFILE_EXCL])]
    // Node.js removes the target then.
    return isDirectory(from) ? 'a directory' : fs.copyFileSync(from, to, flags)
  },
  chmod: () => fs.chmodSync(inside(), pick([0o644, 0o755, 0o700])),
  realpath: () => fs.realpathSync.native(inside()),
  utimes: () => fs.utimesSync(inside(), 1e9, 1.5e9),
  mtime: () => fs.statSync(inside()).mtimeMs > 0,
  open: () => {
    const made = fs.openSync(inside(), pick(['r', 'r+', 'w', 'w+', 'a', 'a+', 'wx']))
    open.push(made)
    return 'open'
  },
  close: () => {
    const which = fd()
    const at = open.indexOf(which)
    fs.closeSync(which)
    if (at !== -1) open.splice(at, 1)
  },
  write: () => fs.writeSync(fd(), pick(['hello', Buffer.from('world')]), ...pick([[], [random(50)], [null]])),
  read: () => {
    const buffer = Buffer.alloc(20)
    return [fs.readSync(fd(), buffer, 0, 1 + random(20), pick([null, 0, random(100)])), buffer]
  },
  fstat: () => fs.fstatSync(fd()),
  ftruncate: () => fs.ftruncateSync(fd(), random(100)),
  cp: () => fs.cpSync(inside(), inside(), pick([undefined, { recursive: true }, { recursive: true, force: false }])),
  bad: () =>
    pick([
      () => fs.readFileSync({}),
      () => fs.mkdirSync('a\0b'),
      () => fs.statSync(''),
      () => fs.openSync(inside(), 'zz'),
      () => fs.truncateSync(inside(), 'x'),
    ])(),
}
const names = Object.keys(CALLS)
const lines = []
for (let at = 0; at < count; at++) {
  const name = pick(names)
  used = []
  let answer
  try {
    answer = told(CALLS[name]())
  } catch (error) {
    // Some messages of `cp` name paths in ways of their own.
    answer = name === 'cp' ? error.code : `${error.name} ${error.code} ${error.syscall} ${told(error.message)}`
  }
  lines.push(`${at} ${name}(${used}) ${answer}`)
}
console.log(lines.join('\n'))
