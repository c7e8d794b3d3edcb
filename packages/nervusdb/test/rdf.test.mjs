// N-Triples and N-Quads, by the W3C's own tests and beside another reader.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { Parser } from 'n3'
import { load } from '../testing/source.mjs'

const { readStatement } = await load('cli/rdf/reader.ts')
const { writeStatement } = await load('cli/rdf/writer.ts')

/** The tests of a manifest: a file, and whether it must be refused. */
function casesOf(name, format) {
  const directory = path.join(import.meta.dirname, 'rdf-tests', name)
  const manifest = fs.readFileSync(path.join(directory, 'manifest.ttl'), 'utf8')
  return [...manifest.matchAll(/rdft:Test\w+?(Positive|Negative)Syntax[^]*?mf:action\s+<([^>]+)>/g)].map(
    ([, kind, file]) => ({
      file,
      format,
      isBad: kind === 'Negative',
      text: fs.readFileSync(path.join(directory, file), 'utf8'),
    }),
  )
}
const cases = [...casesOf('n-triples', 'triples'), ...casesOf('n-quads', 'quads')]
const statements = (text, format) =>
  text
    .split(/\r\n|\r|\n/)
    .map((line) => readStatement(line, format))
    .filter((found) => found !== undefined)

/** Quads as another reader sees them, each as one text. */
const judged = (text, format) =>
  new Parser({ format: format === 'triples' ? 'N-Triples' : 'N-Quads', blankNodePrefix: '' })
    .parse(text)
    .map((quad) =>
      JSON.stringify(
        [quad.subject, quad.predicate, quad.object, quad.graph].map((term) => [
          term.termType,
          term.value,
          term.language,
          term.datatype?.value,
        ]),
      ),
    )
    .sort()

test("each of W3C's 157 files is read or refused as it must be, and written as it was meant", () => {
  assert.equal(cases.length, 157)
  for (const { file, format, isBad, text } of cases) {
    if (isBad) assert.throws(() => statements(text, format), Error, file)
    else {
      const written = statements(text, format)
        .map((statement) => `${writeStatement(statement)}\n`)
        .join('')
      assert.deepEqual([...new Set(judged(written, format))], [...new Set(judged(text, format))], file)
      assert.equal(
        statements(written, format)
          .map((statement) => `${writeStatement(statement)}\n`)
          .join(''),
        written,
        file,
      )
    }
  }
})

/** Where n3 is more lenient than the grammar: `^^` before an IRI that is no datatype, and space before a language. */
const isLenient = (line) => /(^|[^"])\^\^|\^\^[ \t]|"[ \t]+(@|\^\^)/.test(line)

test('lines that are nearly right are judged as n3 judges them', () => {
  const lines = cases
    .flatMap(({ text }) => text.split(/\r\n|\r|\n/))
    .filter((line) => line.trim() !== '' && line.length < 300)
  const pieces = [
    '<',
    '>',
    '"',
    '\\',
    '_',
    ':',
    '.',
    ' ',
    '\t',
    '#',
    '@',
    '^^',
    'a',
    'é',
    '-',
    '\\u00e9',
    '\\uD800',
    '\\U0001F600',
    '\\n',
    '%',
    '0',
    '\0',
    '\x7f',
    '😀',
    '·',
    'http://x/',
  ]
  let seed = 20_011
  const random = (below) => (seed = (seed * 48_271) % 2_147_483_647) % below
  const accepts = (read) => {
    try {
      return read().length === 1 ? 'a statement' : 'nothing'
    } catch {
      return 'an error'
    }
  }
  for (let round = 0; round < 10_000; round++) {
    let line = lines[random(lines.length)]
    for (let change = random(3); change >= 0; change--) {
      const at = random(line.length + 1)
      const piece = random(3) === 0 ? '' : pieces[random(pieces.length)]
      line = line.slice(0, at) + piece + line.slice(at + random(2))
    }
    if (!line.isWellFormed() || isLenient(line)) continue
    for (const format of ['triples', 'quads']) {
      const ours = accepts(() => statements(line, format))
      assert.equal(
        ours,
        accepts(() => judged(line, format)),
        JSON.stringify(line),
      )
      if (ours === 'a statement')
        assert.deepEqual(
          judged(writeStatement(statements(line, format)[0]), format),
          judged(line, format),
          JSON.stringify(line),
        )
    }
  }
})

test('what is written is canonical', () => {
  const canonical = (line) => writeStatement(readStatement(line, 'quads'))
  assert.equal(
    canonical(
      '<http:\\u002f/e/\\u00E9>\t_:not .'.replace(
        '_:not',
        '<e:p> "\\u0000\\u0008\\t\\n\\u000b\\f\\r\\u001f\\u007f\\uFFFE\\"\\\\\\\'\\U0001F600"@en-GB _:g.1',
      ),
    ),
    '<http://e/é> <e:p> "\\u0000\\b\\t\\n\\u000B\\f\\r\\u001F\\u007F\\uFFFE\\"\\\\\'😀"@en-GB _:g.1 .',
  )
  assert.equal(canonical('_:a<e:p>"x"^^<http://www.w3.org/2001/XMLSchema#string>.#c'), '_:a <e:p> "x" .')
  assert.equal(canonical('_:a <e:p> "x"^^<e:\\u0074> .'), '_:a <e:p> "x"^^<e:t> .')
})

test('any string is written as a term, and no two as one', () => {
  const strings = [
    '',
    'a b',
    '_:b',
    '_:',
    '_:b.',
    'e:x',
    '"x"',
    '"x"@en',
    '"x"@',
    '"x"^^<e:t>',
    '"x"^^<t>',
    '"',
    'urn:nervusdb:',
    'urn:nervusdb:a',
    'urn:nervusdb:e%3Ax',
    'urn:nervusdb:a%20b',
    'urn:nervusdb:%',
    'urn:nervusdb:%22x%22',
    'urn:nervusdb:_%3Ab',
    '\ufeffx',
    '%',
    '😀',
  ]
  for (const place of ['subject', 'predicate', 'object', 'graph']) {
    const written = strings.map((text) =>
      writeStatement({ subject: 'e:s', predicate: 'e:p', object: 'e:o', graph: 'e:g', [place]: text }),
    )
    assert.equal(new Set(written).size, strings.length)
    assert.deepEqual(
      written.map((line) => readStatement(line, 'quads')[place]),
      strings,
      place,
    )
    for (const line of written) assert.equal(judged(line, 'quads').length, 1, line)
  }
  for (const iri of [
    'urn:nervusdb:a%62c',
    'urn:nervusdb:%',
    'urn:nervusdb:%22x%22',
    'urn:nervusdb:http%3A%2F%2Fe',
    'urn:nervusdb:a',
  ]) {
    const line = `<${iri}> <${iri}> <${iri}> <${iri}> .`
    assert.equal(writeStatement(readStatement(line, 'quads')), line, 'and IRIs like ours stay as they are')
  }
})
