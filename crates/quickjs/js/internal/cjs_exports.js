// The names that a CommonJS module exports, as far as its text tells: what Node's own lexer looks for.
'use strict'
const path = require('path')

const NAME = /\b(?:module\s*\.\s*)?exports\s*\.\s*([A-Za-z_$][\w$]*)\s*=(?!=)/g
const QUOTED = /\b(?:module\s*\.\s*)?exports\s*\[\s*(['"])([^'"\n]+)\1\s*\]\s*=(?!=)/g
const DEFINED = /\bObject\s*\.\s*defineProperty\s*\(\s*(?:module\s*\.\s*)?exports\s*,\s*(['"])([^'"\n]+)\1/g
const WHOLE = /\bmodule\s*\.\s*exports\s*=\s*(?:exports\s*=\s*)?\{/g
const AGAIN = /\bmodule\s*\.\s*exports\s*=\s*require\s*\(\s*(['"])([^'"\n]+)\1\s*\)/g
const STAR =
  /\b(?:__exportStar|tslib\.__exportStar|__export|tslib_\d+\.__exportStar)\s*\(\s*require\s*\(\s*(['"])([^'"\n]+)\1\s*\)/g
const SPREAD = /\.\.\.require\s*\(\s*(['"])([^'"\n]+)\1\s*\)/y
const ESBUILD = /\b0\s*&&\s*\(\s*module\s*\.\s*exports\s*=\s*\{([^}]*)\}/

const kept = new Map()

exports.namesOf = function namesOf(file, seen) {
  const known = kept.get(file)
  if (known !== undefined) return known
  const names = new Set()
  if (seen.has(file)) return names
  seen.add(file)
  const text = native.readText(file, 0)
  if (typeof text !== 'string') return names
  if (file.endsWith('.json')) return names
  const add = (pattern, group) => {
    for (const match of text.matchAll(pattern)) names.add(match[group])
  }
  add(NAME, 1)
  add(QUOTED, 2)
  add(DEFINED, 2)
  const esbuild = ESBUILD.exec(text)
  if (esbuild) for (const name of esbuild[1].split(',')) if (/^[\w$]+$/.test(name.trim())) names.add(name.trim())
  const others = []
  for (const match of text.matchAll(WHOLE)) literal(text, match.index + match[0].length, names, others)
  for (const pattern of [AGAIN, STAR]) for (const match of text.matchAll(pattern)) others.push(match[2])
  for (const specifier of others) {
    const { Module } = require('internal/cjs')
    try {
      const fake = new Module(file)
      fake.filename = file
      fake.paths = Module._nodeModulePaths(path.dirname(file))
      const target = Module._resolveFilename(specifier, fake, false)
      const builtin = require('internal/builtins').find(target)
      for (const name of builtin !== undefined
        ? Object.keys(require('internal/builtins')(builtin))
        : namesOf(target, seen))
        names.add(name)
    } catch {
      // What cannot be found has no names; running the module tells of it.
    }
  }
  kept.set(file, names)
  return names
}

// The keys of an object literal, up to the first thing that is not simple.
function literal(text, at, names, others) {
  const KEY = /\s*(?:(['"])([^'"\n]+)\1|([A-Za-z_$][\w$]*))\s*/y
  const SKIP = /(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*)*/y
  for (;;) {
    SKIP.lastIndex = at
    SKIP.exec(text)
    at = SKIP.lastIndex
    SPREAD.lastIndex = at
    const spread = SPREAD.exec(text)
    if (spread) {
      others.push(spread[2])
      at = SPREAD.lastIndex
    } else {
      KEY.lastIndex = at
      const key = KEY.exec(text)
      if (!key) return
      at = KEY.lastIndex
      if (text[at] === ':') {
        const value = /\s*(?:[\w$.]+|'[^'\n]*'|"[^"\n]*")\s*/y
        value.lastIndex = at + 1
        const simple = value.exec(text)
        names.add(key[2] ?? key[3])
        if (!simple) return
        at = value.lastIndex
      } else names.add(key[2] ?? key[3])
    }
    SKIP.lastIndex = at
    SKIP.exec(text)
    at = SKIP.lastIndex
    if (text[at] !== ',') return
    at++
  }
}
