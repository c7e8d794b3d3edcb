/**
 * How terms of RDF are kept: an IRI as its text, a blank node as `_:name`, a literal with its quotes and its escapes resolved. So no two
 * different terms become one string. Strings that are no terms have an IRI of ours for RDF.
 */
const OTHER = 'urn:nervusdb:'

export const SCHEME = /^[A-Za-z][A-Za-z0-9+.-]*:/
/** An IRI is absolute, and has no characters that IRIs cannot have. */
const IRI = /^[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20<>"{}|^`\\]*$/

const BASE =
  'A-Za-z\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F\\u2C00-\\u2FEF' +
  '\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}'
const FIRST = `[${BASE}_0-9]`
const INNER = `${BASE}_0-9\\u00B7\\u0300-\\u036F\\u203F\\u2040\\-`
/** `BLANK_NODE_LABEL` of the grammar. */
export const BLANK = `_:${FIRST}(?:[${INNER}.]*[${INNER}])?`
const WHOLE_BLANK = new RegExp(`^${BLANK}$`, 'u')

/** `LANGTAG` of the grammar. */
export const LANGUAGE = '@[A-Za-z]+(?:-[A-Za-z0-9]+)*'
const LITERAL = new RegExp(`^"([^]*)"(${LANGUAGE}|\\^\\^<([^<>"]*)>)?$`)

export const isIri = (text: string): boolean => IRI.test(text)

/** The parts of a string that is a literal: its value, and what follows it. */
export function literalOf(text: string): { value: string; suffix: string } | undefined {
  if (!text.startsWith('"')) return undefined
  const [, value, suffix = '', datatype] = LITERAL.exec(text) ?? []
  return value === undefined || (datatype !== undefined && !isIri(datatype)) ? undefined : { value, suffix }
}

/** What may stand at a place: predicates are IRIs alone, and only objects can be literals. */
export type Place = 'node' | 'predicate' | 'object'

/** An IRI or a blank node for any string. */
export function nodeOf(text: string, place: Place): string {
  if (place !== 'predicate' && WHOLE_BLANK.test(text)) return text
  return isIri(text) && fromIri(text, place) === text ? `<${text}>` : `<${OTHER}${encodeURIComponent(text)}>`
}

/** The string that an IRI stands for: itself, unless {@link nodeOf} gives that IRI for another. */
export function fromIri(iri: string, place: Place): string {
  if (!iri.startsWith(OTHER)) return iri
  let text: string
  try {
    text = decodeURIComponent(iri.slice(OTHER.length))
  } catch {
    return iri
  }
  const isOurs = OTHER + encodeURIComponent(text) === iri && !(place === 'object' && literalOf(text) !== undefined)
  return isOurs && nodeOf(text, place) === `<${iri}>` ? text : iri
}
