// The text of a call in a source, for messages about what was called.
'use strict'

const CLOSING = new Set([')', ']', '}'])
const OPENING = { __proto__: null, '(': ')', '[': ']', '{': '}' }
// A string, a template without parts of its own, a comment.
const OPAQUE = /(['"`])(?:\\[\s\S]|(?!\1)[^\\])*\1|\/\*[\s\S]*?\*\/|\/\/[^\n]*/y

// Where the bracket that opens at `at` is closed; undefined if it is not.
function closing(text, at) {
  const open = []
  for (; at < text.length; at++) {
    OPAQUE.lastIndex = at
    const opaque = OPAQUE.exec(text)
    if (opaque) at += opaque[0].length - 1
    else if (OPENING[text[at]]) open.push(OPENING[text[at]])
    else if (text[at] === open.at(-1)) {
      open.pop()
      if (open.length === 0) return at + 1
    }
  }
  return undefined
}

// How far a call may begin before what the engine points at.
const LINES = 10
const CALLEE = /(?:[\p{ID_Continue}$.?]|\[[^[\]]*\])+$/u
const ASSERTS = /(?:^|[.'"])(?:assert|ok|strict)(?:['"]\])?$/
const lineBefore = (text, at) => text.slice(text.lastIndexOf('\n', at) + 1, at)

// The bracket of the call that is meant: the next one around, or one further out that is an assertion as far as names tell.
function around(text, innermost) {
  const isAssertion = (at) => ASSERTS.test(CALLEE.exec(lineBefore(text, at))?.[0] ?? '')
  let inner = 0
  for (let at = innermost; at >= 0; at--) {
    if (at < innermost && CLOSING.has(text[at])) inner++
    else if (OPENING[text[at]] && inner > 0) inner--
    else if (text[at] === '(' && isAssertion(at)) return at
  }
  return innermost
}

// The engine says where something among the arguments is. What is called stands before them in the same line: names, points,
// brackets.
exports.callAt = function callAt(source, row, column) {
  const lines = source.split('\n')
  const first = Math.max(0, row - LINES)
  const text = lines.slice(first).join('\n')
  const skipped = lines.slice(first, row - 1).reduce((all, line) => all + line.length + 1, 0)
  const before = text.slice(0, skipped + column - 1)
  const exact = before.search(/\((?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*\n)*$/)
  // Behind letters that are no ASCII, columns are not exact.
  const open = around(text, exact === -1 ? before.lastIndexOf('(') : exact)
  if (open === -1) return undefined
  const line = lineBefore(text, open)
  const [callee] = CALLEE.exec(line) ?? []
  const end = closing(text, open)
  if (callee === undefined || end === undefined) return undefined
  const indent = line.length - callee.length
  const called = callee.replace(/^[.?]+/, '') + text.slice(open, end)
  const shown = called
    .split('\n')
    .map((one, at) => (at === 0 ? one : `  ${one.slice(Math.min(indent, one.search(/\S|$/)))}`))
  return shown
    .join('\n')
    .replace(/[\0-\b\v\f\x0e-\x1f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
