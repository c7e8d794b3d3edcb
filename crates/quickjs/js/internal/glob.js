// Patterns of file names: `*`, `?`, `**`, `[a-z]`, `{a,b}`, and what they find.
'use strict'
const path = require('path')
const validators = require('internal/validators')

function braces(pattern) {
  const open = pattern.indexOf('{')
  if (open === -1) return [pattern]
  let depth = 0
  const parts = []
  let start = open + 1
  for (let at = open; at < pattern.length; at++) {
    if (pattern[at] === '{') depth++
    else if (pattern[at] === '}' && --depth === 0) {
      parts.push(pattern.slice(start, at))
      if (parts.length === 1 && !/\.\./.test(parts[0])) return [pattern]
      const [before, after] = [pattern.slice(0, open), pattern.slice(at + 1)]
      const range = parts.length === 1 && /^(-?\d+)\.\.(-?\d+)$/.exec(parts[0])
      const all = range
        ? Array.from({ length: Math.min(10_000, Math.abs(range[2] - range[1]) + 1) }, (_, i) =>
            String(+range[1] + (+range[2] >= +range[1] ? i : -i)),
          )
        : parts
      return all.flatMap((part) => braces(before + part + after))
    } else if (pattern[at] === ',' && depth === 1) {
      parts.push(pattern.slice(start, at))
      start = at + 1
    }
  }
  return [pattern]
}

function nameRegExp(name) {
  let source = ''
  for (let at = 0; at < name.length; at++) {
    const letter = name[at]
    if (letter === '*') source += '[^/]*'
    else if (letter === '?') source += '[^/]'
    else if (letter === '[') {
      const end = name.indexOf(']', at + 2)
      if (end === -1) source += '\\['
      else {
        const set = name
          .slice(at + 1, end)
          .replace(/^!/, '^')
          .replace(/\\/g, '\\\\')
        source += `[${set}]`
        at = end
      }
    } else if (letter === '\\' && at + 1 < name.length) source += name[++at].replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    else source += letter.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  }
  const hidden = name[0] === '.' ? '' : '(?!\\.)'
  return new RegExp(`^${hidden}${source}$`, 's')
}
const isMagic = (name) => /[*?[\\]/.test(name)

function compile(pattern) {
  return braces(pattern).map((one) =>
    one
      .split('/')
      .filter((name, at) => name !== '' || at === 0)
      .map((name) => (name === '**' ? '**' : isMagic(name) ? nameRegExp(name) : name)),
  )
}

function fits(names, parts, n = 0, p = 0) {
  while (p < parts.length) {
    const part = parts[p]
    if (part === '**') {
      for (let skip = n; skip <= names.length; skip++) {
        if (skip > n && names[skip - 1].startsWith('.')) break
        if (fits(names, parts, skip, p + 1)) return true
      }
      return false
    }
    if (n >= names.length || !(typeof part === 'string' ? part === names[n] : part.test(names[n]))) return false
    n++
    p++
  }
  return n === names.length
}
exports.matches = (name, pattern) => {
  validators.validateString(name, 'path')
  validators.validateString(pattern, 'pattern')
  const names = name.split('/').filter((one, at) => one !== '' || at === 0)
  return compile(pattern).some((parts) => fits(names, parts))
}

exports.glob = function* glob(patterns, options = {}) {
  validators.validateObject(options, 'options')
  const fs = require('fs')
  const cwd = options.cwd ? path.resolve(options.cwd) : process.cwd()
  const exclude = options.exclude
  if (exclude !== undefined && !Array.isArray(exclude)) validators.validateFunction(exclude, 'options.exclude')
  const list = Array.isArray(patterns) ? patterns : [patterns]
  for (const one of list) validators.validateString(one, 'patterns')
  const seen = new Set()
  const left = []
  for (const pattern of list)
    for (const parts of compile(path.normalize(pattern)))
      left.push(parts[0] === '' ? ['/', '/', parts, 1] : [cwd, '', parts, 0])
  const visited = new Set()
  while (left.length > 0) {
    const [dir, shown, parts, at] = left.pop()
    const key = `${dir}\0${at}\0${list.length > 1 ? parts.join('\0') : ''}`
    if (visited.has(key)) continue
    visited.add(key)
    if (at === parts.length) {
      const name = shown || '.'
      if (!seen.has(name)) {
        seen.add(name)
        if (options.withFileTypes) {
          const stats = fs.lstatSync(dir)
          const { Dirent, typeOfStats } = require('internal/fs/stats')
          yield new Dirent(path.basename(dir), typeOfStats(stats), path.dirname(dir))
        } else yield name
      }
      continue
    }
    const part = parts[at]
    const below = (name) => (shown === '' || shown === '/' ? shown + name : `${shown}/${name}`)
    if (typeof part === 'string' && part !== '**') {
      const next = path.join(dir, part)
      if (fs.lstatSync(next, { throwIfNoEntry: false })) left.push([next, below(part), parts, at + 1])
      continue
    }
    if (part === '**') left.push([dir, shown, parts, at + 1])
    let entries
    try {
      entries = fs.readdirSync(dir, { withFileTypes: true })
    } catch {
      continue
    }
    for (const entry of entries.reverse()) {
      const excluded = Array.isArray(exclude)
        ? exclude.some((one) => exports.matches(below(entry.name), one))
        : exclude?.(options.withFileTypes ? entry : entry.name)
      if (excluded) continue
      const next = path.join(dir, entry.name)
      if (part === '**') {
        if (entry.name.startsWith('.')) continue
        if (entry.isDirectory()) left.push([next, below(entry.name), parts, at])
        else if (at === parts.length - 1) left.push([next, below(entry.name), parts, parts.length])
      } else if (part.test(entry.name) && (at === parts.length - 1 || entry.isDirectory() || entry.isSymbolicLink()))
        left.push([next, below(entry.name), parts, at + 1])
    }
  }
}
exports.globAsync = async function* (patterns, options) {
  yield* exports.glob(patterns, options)
}
