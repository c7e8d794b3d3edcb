/// Text in bytes and bytes in text, as a `Buffer` has them.
import { invalidValue, plainError } from './errors.js'

export type Encoding =
  | 'utf8'
  | 'utf-8'
  | 'utf16le'
  | 'utf-16le'
  | 'ucs2'
  | 'ucs-2'
  | 'latin1'
  | 'binary'
  | 'ascii'
  | 'hex'
  | 'base64'
  | 'base64url'

/** Bytes: a `Buffer` where the program has those. */
export type Bytes = Uint8Array<ArrayBuffer>

interface Codec {
  encode(text: string): Bytes
  decode(bytes: Uint8Array): string
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Arguments that a call takes at once. */
const CHUNK = 1 << 13

function fromCodes(codes: Uint8Array | Uint16Array): string {
  let text = ''
  for (let at = 0; at < codes.length; at += CHUNK) text += String.fromCharCode(...codes.subarray(at, at + CHUNK))
  return text
}

const utf8: Codec = { encode: (text) => encoder.encode(text), decode: (bytes) => decoder.decode(bytes) }

const utf16: Codec = {
  encode(text) {
    const view = new DataView(new ArrayBuffer(text.length * 2))
    for (let at = 0; at < text.length; at++) view.setUint16(at * 2, text.charCodeAt(at), true)
    return new Uint8Array(view.buffer)
  },
  // Half a surrogate is a character here, so this is not TextDecoder's.
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    return fromCodes(Uint16Array.from({ length: bytes.length >> 1 }, (_, at) => view.getUint16(at * 2, true)))
  },
}

const latin1: Codec = {
  encode: (text) => Uint8Array.from({ length: text.length }, (_, at) => text.charCodeAt(at)),
  decode: fromCodes,
}

const ascii: Codec = { encode: latin1.encode, decode: (bytes) => fromCodes(bytes.map((byte) => byte & 0x7f)) }

const hex: Codec = {
  /** As far as it is hexadecimal. */
  encode(text) {
    const digits = /^(?:[0-9a-f]{2})*/i.exec(text)![0]
    return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
      Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16),
    )
  },
  decode: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
}

const base64: Codec = {
  /** Of either alphabet, up to the padding; what is of neither is passed over. */
  encode(text) {
    const digits = text
      .replace(/=[^]*/, '')
      .replaceAll('-', '+')
      .replaceAll('_', '/')
      .replace(/[^A-Za-z0-9+/]/g, '')
    return latin1.encode(atob(digits.length % 4 === 1 ? digits.slice(0, -1) : digits))
  },
  decode: (bytes) => btoa(fromCodes(bytes)),
}

const base64url: Codec = {
  encode: base64.encode,
  decode: (bytes) => base64.decode(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, ''),
}

const CODECS: Record<Encoding, Codec> = {
  utf8,
  'utf-8': utf8,
  utf16le: utf16,
  'utf-16le': utf16,
  ucs2: utf16,
  'ucs-2': utf16,
  latin1,
  binary: latin1,
  ascii,
  hex,
  base64,
  base64url,
}

function codec(encoding: string): Codec | undefined {
  const name = encoding.toLowerCase()
  return Object.hasOwn(CODECS, name) ? CODECS[name as Encoding] : undefined
}

export function isEncoding(encoding: unknown): encoding is string {
  return typeof encoding === 'string' && codec(encoding) !== undefined
}

/** Refuses what is no encoding. `buffer` is one where bytes are asked for. */
export function checkEncoding(encoding: unknown): void {
  if (!encoding || encoding === 'buffer') return
  if (!isEncoding(encoding)) throw invalidValue('encoding', encoding, 'is invalid encoding')
}

export function encode(text: string, encoding: string): Bytes {
  const found = codec(encoding)
  if (!found) throw plainError('ERR_UNKNOWN_ENCODING', `Unknown encoding: ${encoding}`, TypeError)
  return found.encode(text)
}

export function decode(bytes: Uint8Array, encoding: string): string {
  return codec(encoding)!.decode(bytes)
}

interface BufferLike {
  from(buffer: ArrayBuffer, offset: number, length: number): Bytes
}

/** Bytes as programs for Node.js expect them. */
export function bytes(of: Bytes): Bytes {
  const { Buffer } = globalThis as { Buffer?: BufferLike }
  return Buffer ? Buffer.from(of.buffer, of.byteOffset, of.byteLength) : of
}

/** Bytes, or text if an encoding is set. */
export function decoded(of: Bytes, encoding: string | null | undefined): Bytes | string {
  return encoding && encoding !== 'buffer' ? decode(of, encoding) : bytes(of)
}

/** A name or a path: text unless bytes are asked for. */
export function named(text: string, encoding: string | null | undefined): Bytes | string {
  if (!encoding || encoding === 'utf8' || encoding === 'utf-8') return text
  return decoded(encoder.encode(text), encoding)
}
