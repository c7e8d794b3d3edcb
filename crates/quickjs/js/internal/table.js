// console.table.
'use strict'
const { inspect } = require('internal/inspect')

const width = (text) => [...text.replace(/\u001b\[\d+m/g, '')].length

function draw(head, columns) {
  const rows = columns.map((column) => column.map(String))
  const widths = head.map((name, index) => Math.max(width(name), ...rows[index].map(width)) + 2)
  const line = (left, middle, right) => left + widths.map((count) => '─'.repeat(count)).join(middle) + right
  const row = (cells) =>
    `│${cells.map((cell, index) => ` ${cell}${' '.repeat(widths[index] - width(cell) - 1)}`).join('│')}│`
  const count = Math.max(0, ...rows.map((column) => column.length))
  let text = `${line('┌', '┬', '┐')}\n${row(head)}\n${line('├', '┼', '┤')}\n`
  for (let at = 0; at < count; at++) text += `${row(rows.map((column) => column[at] ?? ''))}\n`
  return text + line('└', '┴', '┘')
}

const shown = (value) =>
  inspect(value, {
    maxArrayLength: 3,
    breakLength: Infinity,
    depth:
      value !== null && typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 2 ? -1 : 0,
  })

exports.table = function table(data, properties) {
  if (data instanceof Map) {
    const entries = [...data]
    return draw(
      ['(iteration index)', 'Key', 'Values'],
      [entries.map((_, at) => at), entries.map(([key]) => shown(key)), entries.map(([, value]) => shown(value))],
    )
  }
  if (data instanceof Set) {
    const values = [...data]
    return draw(['(iteration index)', 'Values'], [values.map((_, at) => at), values.map(shown)])
  }
  const columns = new Map()
  const values = []
  let anyPrimitive = false
  const keys = Object.keys(data)
  keys.forEach((key, at) => {
    const item = data[key]
    const primitive = item === null || (typeof item !== 'function' && typeof item !== 'object')
    if (primitive && properties === undefined) {
      anyPrimitive = true
      values[at] = shown(item)
      return
    }
    for (const name of properties ?? Object.keys(item)) {
      if (!columns.has(name)) columns.set(name, [])
      columns.get(name)[at] = !primitive && Object.hasOwn(item, name) ? shown(item[name]) : ''
    }
  })
  const head = ['(index)', ...columns.keys()]
  const all = [keys, ...[...columns.values()].map((column) => keys.map((_, at) => column[at] ?? ''))]
  if (anyPrimitive) {
    head.push('Values')
    all.push(keys.map((_, at) => values[at] ?? ''))
  }
  return draw(head, all)
}
