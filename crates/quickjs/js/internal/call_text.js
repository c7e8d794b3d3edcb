// The text of a call in a source, for messages about what was called.
'use strict'

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

// The engine says where the first argument is. What is called stands before it in the same line: names, points, brackets.
exports.callAt = function callAt(source, row, column) {
  const lines = source.split('\n')
  const text = lines.slice(Math.max(0, row - 3)).join('\n')
  const skipped = lines.slice(Math.max(0, row - 3), row - 1).reduce((all, line) => all + line.length + 1, 0)
  // Columns count bytes.
  const before = Buffer.from(lines[row - 1] ?? '').subarray(0, column - 1).toString()
  const open = text.slice(0, skipped + before.length).search(/\((?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*\n)*$/)
  if (open === -1) return undefined
  const line = text.slice(text.lastIndexOf('\n', open) + 1, open)
  const [callee] = /(?:[\p{ID_Continue}$.?]|\[[^[\]]*\])+$/u.exec(line) ?? []
  const end = closing(text, open)
  if (callee === undefined || end === undefined) return undefined
  const indent = line.length - callee.length
  const called = callee.replace(/^[.?]+/, '') + text.slice(open, end)
  const shown = called.split('\n').map((one, at) => (at === 0 ? one : `  ${one.slice(Math.min(indent, one.search(/\S|$/)))}`))
  return shown.join('\n').replace(/[\0-\b\v\f\x0e-\x1f]/g, (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
