/// How Node.js shows a value in a message about an argument.

export function inspect(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quoted(value)
    case 'bigint':
      return `${value}n`
    case 'number':
      return Object.is(value, -0) ? '-0' : String(value)
    case 'symbol':
      return String(value)
    case 'function':
      return `[Function: ${value.name || '(anonymous)'}]`
    case 'object':
      return value === null ? 'null' : inspectObject(value)
    default:
      return String(value)
  }
}

function quoted(text: string): string {
  const quote = !text.includes("'")
    ? "'"
    : !text.includes('"')
      ? '"'
      : !text.includes('`') && !text.includes('${')
        ? '`'
        : "'"
  const named: Record<string, string> = {
    '\b': '\\b',
    '\t': '\\t',
    '\n': '\\n',
    '\f': '\\f',
    '\r': '\\r',
    '\\': '\\\\',
  }
  const shown = text.replace(/[\x00-\x1f\x7f-\x9f\\']/g, (char) => {
    if (char === "'") return quote === "'" ? "\\'" : char
    return named[char] ?? `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
  return `${quote}${shown}${quote}`
}

function inspectObject(value: object): string {
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(inspect).join(', ')} ]`
  const name = value.constructor?.name ?? ''
  if (value instanceof Uint8Array) {
    if (name === 'Buffer') return `<Buffer ${[...value].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}>`
    return value.length === 0 ? `${name}(0) []` : `${name}(${value.length}) [ ${[...value].join(', ')} ]`
  }
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${inspect(item)}`)
  const prefix = name === 'Object' || name === '' ? '' : `${name} `
  return entries.length === 0 ? `${prefix}{}` : `${prefix}{ ${entries.join(', ')} }`
}

/** What was received instead of what was expected. */
export function received(value: unknown): string {
  switch (typeof value) {
    case 'undefined':
      return 'undefined'
    case 'function':
      return `function ${value.name}`
    case 'object':
      if (value === null) return 'null'
      return value.constructor && 'name' in value.constructor
        ? `an instance of ${value.constructor.name}`
        : '[Object: null prototype] {}'
    case 'string': {
      const short = value.length > 28 ? `${value.slice(0, 25)}...` : value
      return `type string (${short.includes("'") ? JSON.stringify(short) : `'${short}'`})`
    }
    default:
      return `type ${typeof value} (${inspect(value)})`
  }
}
