/// The blocks of a tar archive (POSIX pax, and what GNU tar writes).
import { TarboxError } from './errors.js'

export const BLOCK = 512
/** The most that a header may take: names are 4 KiB at most. */
export const HEADER_MAX = 1 << 20

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** What an archive says of one thing in it. */
export interface Member {
  name: string
  mode: number
  size: number
  /** Seconds since 1970. */
  mtime: number
  /** The letter of its kind, and where it leads if it is a link. */
  kind: string
  target: string
}

/** Zeros that fill the last block of so many bytes. */
export function padding(size: number): Uint8Array {
  return new Uint8Array(-size & (BLOCK - 1))
}

/** The blocks in front of a thing's content. */
export function headers({ name, mode, size, mtime, kind, target }: Member): Uint8Array[] {
  const records = [`mtime=${mtime.toFixed(9)}`]
  if (encoder.encode(name).length > 100) records.push(`path=${name}`)
  if (encoder.encode(target).length > 100) records.push(`linkpath=${target}`)
  if (size > 0o77777777777) records.push(`size=${size}`)
  const pax = encoder.encode(records.map(record).join(''))
  return [header('PaxHeader', 0o644, pax.length, mtime, 'x', ''), pax, padding(pax.length), header(name, mode & 0o7777, size, mtime, kind, target)]
}

/** A pax record: its own length in front. */
function record(text: string): string {
  const rest = encoder.encode(` ${text}\n`).length
  let length = rest + String(rest).length
  if (String(length).length > String(rest).length) length = rest + String(length).length
  return `${length} ${text}\n`
}

function header(name: string, mode: number, size: number, mtime: number, kind: string, target: string): Uint8Array {
  const block = new Uint8Array(BLOCK)
  const put = (at: number, text: string, room: number) => encoder.encodeInto(text, block.subarray(at, at + room))
  const octal = (at: number, value: number, room: number) => put(at, value.toString(8).padStart(room - 1, '0').slice(-(room - 1)), room)
  put(0, name, 100)
  octal(100, mode, 8)
  octal(108, 0, 8)
  octal(116, 0, 8)
  octal(124, Math.min(size, 0o77777777777), 12)
  octal(136, Math.max(0, Math.floor(mtime)), 12)
  put(148, '        ', 8)
  put(156, kind, 1)
  put(157, target, 100)
  put(257, 'ustar', 6)
  put(263, '00', 2)
  octal(148, sum(block), 7)
  return block
}

function sum(block: Uint8Array): number {
  return block.reduce((total, byte) => total + byte, 0)
}

/** What a header block says. */
export function parse(block: Uint8Array): Member {
  const stored = octal(block, 148, 8)
  const blanked = block.slice()
  blanked.fill(32, 148, 156)
  if (sum(blanked) !== stored) throw damaged('a header with a wrong checksum')
  const prefix = text(block.subarray(257, 262)) === 'ustar' && block[263] === 48 ? text(block.subarray(345, 500)) : ''
  const name = text(block.subarray(0, 100))
  return {
    name: prefix ? `${prefix}/${name}` : name,
    mode: octal(block, 100, 8) & 0o7777,
    size: octal(block, 124, 12),
    mtime: octal(block, 136, 12),
    kind: String.fromCharCode(block[156]!),
    target: text(block.subarray(157, 257)),
  }
}

/** A number in octal, or in binary where the first bit says so. */
function octal(block: Uint8Array, at: number, room: number): number {
  if (block[at]! & 0x80) return block.subarray(at + 1, at + room).reduce((value, byte) => value * 256 + byte, 0)
  const value = Number.parseInt(text(block.subarray(at, at + room)).trim() || '0', 8)
  if (!Number.isSafeInteger(value)) throw damaged('a number that is none')
  return value
}

export function text(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end))
}

/** The records of an extended header. */
export function records(body: Uint8Array): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 0; at < body.length; ) {
    const space = body.indexOf(32, at)
    const length = Number(decoder.decode(body.subarray(at, space)))
    if (space < 0 || !(length > space - at) || at + length > body.length) throw damaged('an extended header that is none')
    const [key, ...value] = decoder.decode(body.subarray(space + 1, at + length - 1)).split('=')
    found.set(key!, value.join('='))
    at += length
  }
  return found
}

export function damaged(what: string): TarboxError {
  return new TarboxError('EINVAL', `EINVAL: this is no tar archive that can be unpacked: ${what}`)
}
