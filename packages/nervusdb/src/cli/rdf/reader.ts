import { BLANK, LANGUAGE, SCHEME, fromIri, isIri, type Place } from './terms.js'

/** A statement: terms as the database keeps them, and the graph of a quad. */
export interface Statement {
  subject: string
  predicate: string
  object: string
  graph?: string
}

const PLAIN = '[^\\x00-\\x20<>"{}|^`\\\\]'
const UCHAR = '\\\\u[0-9A-Fa-f]{4}|\\\\U[0-9A-Fa-f]{8}'
const IRIREF = `<(${PLAIN}*(?:(?:${UCHAR})${PLAIN}*)*)>`
const CHARS = '[^"\\\\\\n\\r]'
const IRIS = new RegExp(IRIREF, 'y')
const BLANKS = new RegExp(BLANK, 'uy')
const LITERALS = new RegExp(
  `"(${CHARS}*(?:(?:\\\\[tbnrf"'\\\\]|${UCHAR})${CHARS}*)*)"(?:(${LANGUAGE})|\\^\\^${IRIREF})?`,
  'y',
)
const END = /[ \t]*\.[ \t]*(?:#.*)?$/y
const NOTHING = /^[ \t]*(?:#.*)?$/
/** Most statements: without escapes, blank nodes and graphs. One match takes half the time of a match for each term. */
const ABSOLUTE = `<([A-Za-z][A-Za-z0-9+.-]*:${PLAIN}*)>`
const USUAL = new RegExp(
  `^${ABSOLUTE}[ \\t]*${ABSOLUTE}[ \\t]*(?:${ABSOLUTE}|"(${CHARS}*)"(?:(${LANGUAGE})|\\^\\^${ABSOLUTE})?)[ \\t]*\\.$`,
)
/** A literal of this type is the same as one without. */
const STRING = 'http://www.w3.org/2001/XMLSchema#string'

/** Which statements a format has. */
export type Format = 'triples' | 'quads'

/** Reads a line of N-Triples or N-Quads; undefined for a line without a statement. */
export function readStatement(line: string, format: Format): Statement | undefined {
  const usual = USUAL.exec(line)
  if (usual !== null) {
    const [, subject = '', predicate = '', iri, value, language = '', datatype] = usual
    const object = iri === undefined ? literal(value as string, language, datatype) : fromIri(iri, 'object')
    return { subject: fromIri(subject, 'node'), predicate: fromIri(predicate, 'predicate'), object }
  }
  if (NOTHING.test(line)) return undefined
  const reader = new TermReader(line)
  const subject = reader.iri('node') ?? reader.blank() ?? reader.fail('the subject must be an IRI or a blank node')
  const predicate = reader.iri('predicate') ?? reader.fail('the predicate must be an IRI')
  const object =
    reader.iri('object') ??
    reader.literal() ??
    reader.blank() ??
    reader.fail('the object must be an IRI, a blank node or a literal')
  if (reader.ends()) return { subject, predicate, object }
  if (format === 'triples') reader.fail('expected . after the object, and the end of the line')
  const graph = reader.iri('node') ?? reader.blank() ?? reader.fail('the graph must be an IRI or a blank node')
  if (!reader.ends()) reader.fail('expected . and the end of the line')
  return { subject, predicate, object, graph }
}

function literal(value: string, language: string, datatype: string | undefined): string {
  return datatype === undefined || datatype === STRING ? `"${value}"${language}` : `"${value}"^^<${datatype}>`
}

/** Reads the terms of a line one after another. */
class TermReader {
  #at = 0

  constructor(private readonly line: string) {}

  #skipSpace(): number {
    let code = this.line.charCodeAt(this.#at)
    while (code === 0x20 || code === 0x09) code = this.line.charCodeAt(++this.#at)
    return code
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.line)
    if (match === null) return undefined
    this.#at = pattern.lastIndex
    return match
  }

  iri(place: Place): string | undefined {
    if (this.#skipSpace() !== 0x3c) return undefined
    const match = this.#match(IRIS) ?? this.fail('the IRI has an invalid character or escape, or is not terminated')
    return fromIri(this.#checked(match[1] as string), place)
  }

  #checked(raw: string): string {
    const hasEscapes = raw.includes('\\')
    const iri = hasEscapes ? unescape(raw) : raw
    if (hasEscapes ? !isIri(iri) : !SCHEME.test(iri)) throw new Error(`<${raw}> is not an absolute IRI`)
    return iri
  }

  blank(): string | undefined {
    if (this.#skipSpace() !== 0x5f) return undefined
    return this.#match(BLANKS)?.[0] ?? this.fail('the name of the blank node is malformed')
  }

  literal(): string | undefined {
    if (this.#skipSpace() !== 0x22) return undefined
    const match = this.#match(LITERALS) ?? this.fail('the literal has an invalid escape, or is not terminated')
    const [, raw = '', language = '', datatype] = match
    const value = raw.includes('\\') ? unescape(raw) : raw
    return literal(value, language, datatype === undefined ? undefined : this.#checked(datatype))
  }

  /** Whether nothing but the end of the statement follows. */
  ends(): boolean {
    return this.#match(END) !== undefined
  }

  fail(what: string): never {
    throw new Error(`${what} (column ${this.#at + 1})`)
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  b: '\b',
  n: '\n',
  r: '\r',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
}

function unescape(text: string): string {
  return text.replace(/\\(?:u(.{4})|U(.{8})|(.))/g, (whole, short?: string, long?: string, other?: string) => {
    if (other !== undefined) return ESCAPES[other] as string
    const code = Number.parseInt((short ?? long) as string, 16)
    if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) throw new Error(`${whole} is not a character`)
    return String.fromCodePoint(code)
  })
}
