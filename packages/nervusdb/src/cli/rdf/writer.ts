import type { Statement } from './reader.js'
import { literalOf, nodeOf } from './terms.js'

/** A line of N-Triples or N-Quads, in the canonical form that RDF Dataset Canonicalization gives it. */
export function writeStatement({ subject, predicate, object, graph }: Statement): string {
  const literal = literalOf(object)
  const last = literal === undefined ? nodeOf(object, 'object') : `"${escape(literal.value)}"${literal.suffix}`
  const end = graph === undefined ? '' : `${nodeOf(graph, 'node')} `
  return `${nodeOf(subject, 'node')} ${nodeOf(predicate, 'predicate')} ${last} ${end}.`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
}

function escape(text: string): string {
  return text.replace(/[\x00-\x1f"\\\x7f\ufffe\uffff]/g, (char) => {
    return ESCAPES[char] ?? `\\u${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`
  })
}
