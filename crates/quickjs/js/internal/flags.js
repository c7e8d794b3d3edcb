// Options of Node.js: those of the command line, and before them those in NODE_OPTIONS.
'use strict'
const ALIASES = { __proto__: null, '-r': '--require', '-C': '--conditions' }
// Those that take a value of their own, which may be the next word.
const WITH_VALUE = new Set([
  '--require',
  '--import',
  '--conditions',
  '--input-type',
  '--redirect-warnings',
  '--title',
  '--disable-warning',
  '--unhandled-rejections',
])
exports.takesValue = (word) => WITH_VALUE.has(ALIASES[word] ?? word)

const given = new Map()
function take(words) {
  for (let at = 0; at < words.length; at++) {
    const [, before, value] = /^([^=]*)(?:=([\s\S]*))?$/.exec(words[at])
    const name = ALIASES[before] ?? before.replaceAll('_', '-')
    const all = given.get(name) ?? []
    all.push(value ?? (WITH_VALUE.has(name) ? (words[++at] ?? '') : ''))
    given.set(name, all)
  }
}
// Words of a text; quotes keep spaces together.
function words(text) {
  const found = []
  for (const [, quoted, plain] of text.matchAll(/"((?:[^"\\]|\\.)*)"|([^\s"]+)/g))
    found.push(plain ?? quoted.replace(/\\(.)/g, '$1'))
  return found
}
take(words(native.env.NODE_OPTIONS ?? ''))
take(native.execArgs)

exports.has = (name) => given.has(`--${name}`)
exports.all = (name) => given.get(`--${name}`) ?? []
exports.last = (name) => exports.all(name).at(-1)

// What may stand in NODE_OPTIONS, as far as it means something here.
const ALLOWED = [
  '--conditions',
  '--deprecation',
  '--disable-warning',
  '--expose-gc',
  '--import',
  '--input-type',
  '--max-old-space-size',
  '--no-deprecation',
  '--no-warnings',
  '--pending-deprecation',
  '--perf-basic-prof',
  '--preserve-symlinks',
  '--preserve-symlinks-main',
  '--redirect-warnings',
  '--require',
  '--stack-trace-limit',
  '--throw-deprecation',
  '--title',
  '--trace-deprecation',
  '--trace-uncaught',
  '--trace-warnings',
  '--unhandled-rejections',
  '--warnings',
  '-C',
  '-r',
]
// A set that nobody can change, not even by the functions of all sets.
class AllowedFlags extends Set {
  has(flag) {
    if (typeof flag !== 'string') return false
    const name = flag.replace(/^--[^=]*/, (text) => `--${text.slice(2).replaceAll('_', '-')}`)
    const isKnown = (one) => ALLOWED.includes(one)
    if (name.startsWith('-')) return isKnown(name.replace(/^(--stack-trace-limit)=.*/, '$1'))
    return isKnown(`--${name.replaceAll('_', '-')}`) || isKnown(`-${name}`)
  }
  add() {
    return this
  }
  delete() {
    return false
  }
  clear() {}
  forEach(callback, thisArg) {
    for (const flag of ALLOWED) Reflect.apply(callback, thisArg, [flag, flag, this])
  }
  get size() {
    return ALLOWED.length
  }
  values() {
    return ALLOWED.values()
  }
  keys() {
    return ALLOWED.values()
  }
  entries() {
    return ALLOWED.map((flag) => [flag, flag]).values()
  }
  [Symbol.iterator]() {
    return ALLOWED.values()
  }
}
exports.allowed = () => Object.freeze(new AllowedFlags())
