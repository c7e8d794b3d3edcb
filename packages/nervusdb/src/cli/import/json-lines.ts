import type { Properties } from '../../core/properties.js'
import type { Item } from './source.js'

const STRINGS_AND_NUMBERS = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g

/** A line of JSON: a fact with its properties, or `{ node, properties }`. */
export function jsonLine(line: string): Item | undefined {
  if (line.trim() === '') return undefined
  const value: unknown = JSON.parse(line)
  // Most numbers are short, and those are exact.
  if (/\d{16}|\d[eE]/.test(line)) checkNumbers(line)
  const record = objectOf(value, 'the line')
  if (Object.hasOwn(record, 'node')) {
    return { node: textOf(record, 'node'), properties: propertiesOf(record, 'properties') ?? {} }
  }
  const fact = {
    subject: textOf(record, 'subject'),
    predicate: textOf(record, 'predicate'),
    object: textOf(record, 'object'),
  }
  const options = {
    subjectProperties: propertiesOf(record, 'subjectProperties'),
    objectProperties: propertiesOf(record, 'objectProperties'),
    edgeProperties: propertiesOf(record, 'edgeProperties'),
  }
  return Object.values(options).some((properties) => properties !== undefined) ? { fact, options } : { fact }
}

function objectOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what} must be an object, not ${nameOf(value)}`)
  return value as Record<string, unknown>
}

function textOf(record: Record<string, unknown>, name: string): string {
  const value = Object.hasOwn(record, name) ? record[name] : undefined
  if (typeof value !== 'string')
    throw new Error(value === undefined ? `${name} is missing` : `${name} must be a string, not ${nameOf(value)}`)
  return value
}

function propertiesOf(record: Record<string, unknown>, name: string): Properties | undefined {
  return Object.hasOwn(record, name) ? objectOf(record[name], name) : undefined
}

function nameOf(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 40 ? `${text.slice(0, 40)}…` : text
}

/** Refuses numbers that would be others afterwards: whole ones are kept exactly, and all others as closely as 64 bits can. */
function checkNumbers(line: string): void {
  for (const [token] of line.matchAll(STRINGS_AND_NUMBERS)) {
    if (token.startsWith('"')) continue
    const value = Number(token)
    const isWhole = /^-?\d+$/.test(token)
    if (!Number.isFinite(value) || (isWhole && BigInt(token) !== BigInt(value))) {
      throw new Error(`the number ${token} cannot be stored exactly; write it as a string`)
    }
  }
}
