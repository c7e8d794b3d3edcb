import { checkText } from '../engine/memory.js'
import { NervusDBError } from '../errors.js'

/** Properties of a node or an edge. */
export type Properties = Record<string, unknown>

/** The index entry of each label of a node. No property a user names can have it; see {@link storedName}. */
export const LABEL = '\0l'

const Tag = { null: 0, bool: 1, number: 2, text: 3, json: 4 } as const
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A name as it is stored: those that begin with NUL are told from ours by a second one. */
export function storedName(name: string): string {
  return name.startsWith('\0') ? `\0${name}` : name
}

/** The name a stored one stands for; undefined for ours. */
export function userName(stored: string): string | undefined {
  if (!stored.startsWith('\0')) return stored
  return stored.startsWith('\0\0') ? stored.slice(1) : undefined
}

/** The labels among the properties of a node. */
export function labelsOf(properties: Properties | null | undefined): string[] {
  const labels = properties?.['labels']
  return Array.isArray(labels) ? [...new Set(labels.filter((label): label is string => typeof label === 'string'))] : []
}

/** The stored form of a set, after a way through JSON. `labels` are indexed one by one if it belongs to a node. */
export function encodeProperties(properties: Properties, ofNode: boolean): Uint8Array {
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties)) {
    throw new TypeError('properties must be an object of names and values')
  }
  const plain = JSON.parse(JSON.stringify(properties)) as Properties
  const labels = ofNode ? labelsOf(plain) : []
  const names = Object.keys(plain)
  const writer = new Writer()
  writer.varint(names.length + labels.length)
  for (const name of names) {
    writer.text(storedName(name))
    writer.value(plain[name])
  }
  for (const label of labels) {
    writer.text(LABEL)
    writer.value(label)
  }
  return writer.take()
}

/** The stored form of one value. */
export function encodeValue(value: unknown): Uint8Array {
  const writer = new Writer()
  writer.value(value)
  return writer.take()
}

/** The set of a stored form. */
export function decodeProperties(bytes: Uint8Array): Properties {
  const reader = new Reader(bytes)
  const properties: Properties = {}
  for (let left = reader.varint(); left > 0; left--) {
    const name = userName(reader.text())
    const value = reader.value()
    if (name === undefined) continue
    // An assignment would set the prototype instead.
    if (name === '__proto__')
      Object.defineProperty(properties, name, { value, enumerable: true, writable: true, configurable: true })
    else properties[name] = value
  }
  return properties
}

/** So many values in their stored form. */
export function decodeValues(bytes: Uint8Array, count: number): unknown[] {
  const reader = new Reader(bytes)
  return Array.from({ length: count }, () => reader.value())
}

class Writer {
  #bytes = new Uint8Array(256)
  #view = new DataView(this.#bytes.buffer)
  #at = 0

  take(): Uint8Array {
    return this.#bytes.subarray(0, this.#at)
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.length) return
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + more))
    grown.set(this.#bytes)
    this.#bytes = grown
    this.#view = new DataView(grown.buffer)
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#bytes[this.#at++] = value
  }

  varint(value: number): void {
    let rest = value
    while (rest >= 0x80) {
      this.byte((rest & 0x7f) | 0x80)
      rest >>>= 7
    }
    this.byte(rest)
  }

  text(text: string): void {
    checkText(text)
    const bytes = encoder.encode(text)
    this.varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  value(value: unknown): void {
    switch (typeof value) {
      case 'boolean':
        this.byte(Tag.bool)
        this.byte(value ? 1 : 0)
        return
      case 'number':
        this.byte(Tag.number)
        this.#reserve(8)
        this.#view.setFloat64(this.#at, value, true)
        this.#at += 8
        return
      case 'string':
        this.byte(Tag.text)
        this.text(value)
        return
      default:
        if (value === null || value === undefined) {
          this.byte(Tag.null)
          return
        }
        this.byte(Tag.json)
        this.text(JSON.stringify(value))
    }
  }
}

class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw malformed()
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  byte(): number {
    return this.#take(1)[0] as number
  }

  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw malformed()
  }

  text(): string {
    return decoder.decode(this.#take(this.varint()))
  }

  value(): unknown {
    switch (this.byte()) {
      case Tag.null:
        return null
      case Tag.bool:
        return this.byte() !== 0
      case Tag.number: {
        const bytes = this.#take(8)
        return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true)
      }
      case Tag.text:
        return this.text()
      case Tag.json:
        return JSON.parse(this.text()) as unknown
      default:
        throw malformed()
    }
  }
}

function malformed(): NervusDBError {
  return new NervusDBError('CORRUPT', 'a set of properties does not decode; run `nervusdb repair` on the database')
}
