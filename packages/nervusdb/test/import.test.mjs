// Loading files: a bad line is named, and costs nothing but itself.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { fresh } from '../testing/helpers.mjs'
import { load } from '../testing/source.mjs'

const cli = path.join(import.meta.dirname, '../dist/cli.js')
const directory = path.dirname(fresh())
const run = (...args) =>
  spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', cwd: directory, maxBuffer: 1 << 30 })
let count = 0

/** Loads content into a new database: what was said, and what is there then. */
function imported(name, content, ...flags) {
  const db = `${count++}.db`
  fs.writeFileSync(path.join(directory, name), content)
  const { status, stdout, stderr } = run('import', db, name, ...flags)
  const exported = (format) =>
    run('export', db, `--format=${format}`)
      .stdout.split('\n')
      .filter((line) => line !== '')
  return { db, status, stdout, stderr, exported, complaints: stderr.trim().split('\n') }
}

const good = (n) => JSON.stringify({ subject: `s${n}`, predicate: 'p', object: 'o' })

test('a value that cannot be stored costs its line alone', () => {
  const bad = {
    3: '{"subject":"half \\ud800","predicate":"p","object":"o"}',
    5: '{"node":"n","properties":5}',
    7: '{"node":"n","properties":{"a":"\\udc00"}}',
    9: '{"subject":"a","predicate":"p","object":"o","edgeProperties":[]}',
    11: '{"subject":"a","predicate":"p","object":"o","subjectProperties":{"\\ud800":1}}',
    13: '{"subject":"a","predicate":7,"object":"o"}',
    15: '{"subject":"a","predicate":"p"}',
    17: '5',
    19: '{"subject":',
    21: '{"subject":"a","predicate":"p","object":"o","subjectProperties":null}',
    6_001: '{"subject":"a","predicate":"p","object":"half \\udfff"}',
  }
  const content = Array.from({ length: 12_000 }, (_, index) => bad[index + 1] ?? good(index)).join('\n')
  const skipping = imported('a.jsonl', content, '--skip-bad')
  const total = 12_000 - Object.keys(bad).length
  assert.match(
    skipping.stdout,
    new RegExp(`^${total.toLocaleString('en')} facts loaded, ${Object.keys(bad).length} bad lines`),
  )
  assert.deepEqual(
    skipping.complaints.map((line) => /^a\.jsonl:(\d+): ./.exec(line)?.[1]).sort((a, b) => a - b),
    Object.keys(bad),
  )
  assert.equal(skipping.exported('csv').length, total + 1)
  const stopping = imported('a.jsonl', content)
  assert.equal(stopping.status, 1)
  assert.match(stopping.stderr, /^a\.jsonl:3: .*lone surrogate/)
  assert.equal(stopping.exported('csv').length, 2 + 1, 'what came before is there')
})

test('bytes that are no UTF-8 are a bad line, wherever pieces of the file end', () => {
  const line = (n) => `<e:s${n}> <e:p> "ü€😀 ${'x'.repeat(n % 50)}" .\n`
  const parts = []
  // More than two pieces of one mebibyte.
  for (let n = 0; n < 40_000; n++) parts.push(Buffer.from(line(n)))
  for (const at of [10, 20_000, 39_999])
    parts[at] = Buffer.concat([Buffer.from(`<e:s${at}> <e:p> "`), Buffer.from([0xe2, 0x82]), Buffer.from('" .\n')])
  parts.push(Buffer.from('<e:s> <e:p> "cut \xf0'), Buffer.from([0xf0, 0x9f]))
  const { stdout, complaints, exported } = imported('a.nt', Buffer.concat(parts), '--skip-bad')
  assert.match(stdout, /^39,997 facts loaded, 4 bad lines/)
  assert.deepEqual(
    complaints,
    [11, 20_001, 40_000, 40_001].map((at) => `a.nt:${at}: the line has bytes that are not UTF-8`),
  )
  assert.ok(exported('nt').includes(line(20_002).trim()))
  assert.match(
    imported(
      'a.csv',
      Buffer.from([...Buffer.from('subject,predicate,object\na,b,c\nd,'), 0xff, ...Buffer.from(',e\nf,g,h\n')]),
      '--skip-bad',
    ).stderr,
    /^a\.csv:3: .*not UTF-8/,
  )
  assert.match(
    imported(
      'a.jsonl',
      Buffer.from([...Buffer.from('{"subject":"'), 0xc0, 0x80, ...Buffer.from('","predicate":"p","object":"o"}')]),
    ).stderr,
    /^a\.jsonl:1: .*not UTF-8/,
  )
})

test('lines end as the grammar says, and a byte order mark is none of the text', () => {
  const { status, stderr, exported } = imported(
    'a.nt',
    '\ufeff<e:a> <e:p> <e:b> .\r<e:c> <e:p> <e:d> .\r\n\n# note\r\r<e:e> <e:p> "\ufeffx" .# note',
  )
  assert.deepEqual(
    [status, stderr, exported('nt')],
    [0, '', ['<e:a> <e:p> <e:b> .', '<e:c> <e:p> <e:d> .', '<e:e> <e:p> "\ufeffx" .']],
  )
  assert.match(imported('a.nt', '<e:a> <e:p> <e:b> .\r\r\n<e:a> <e:p> <e:b> <e:g> .').stderr, /^a\.nt:3: expected \./)
  assert.equal(imported('a.csv', '\ufeffsubject,predicate,object\r\ufeffa,b,c\r').exported('csv')[1], '\ufeffa,b,c')
})

test('a line end may fall between two pieces', async () => {
  const { LineReader, Utf8Reader } = await load('cli/import/text.ts')
  const text = 'a\r\nb\rc\n\r\n\rü€😀\n'
  const wanted = text.split(/\r\n|\r|\n/).slice(0, -1)
  const bytes = Buffer.from(text)
  for (let size = 1; size <= bytes.length; size++) {
    const [utf8, lines] = [new Utf8Reader(), new LineReader(true)]
    const found = []
    for (let at = 0; at < bytes.length; at += size)
      found.push(...lines.read(utf8.read(bytes.subarray(at, at + size), false), false))
    found.push(...lines.read(utf8.read(Buffer.alloc(0), true), true))
    assert.deepEqual(found, wanted, `pieces of ${size}`)
  }
})

test('named graphs are kept', () => {
  const lines = [
    '<e:a> <e:p> <e:b> .',
    '<e:a> <e:p> <e:b> <e:g> .',
    '<e:a> <e:p> <e:b> _:h .',
    '<e:c> <e:p> <e:d> <e:g> .',
    '<e:e> <e:p> <e:f> .',
  ]
  const { db, exported, stdout } = imported('a.nq', [...lines, ...lines].join('\n'))
  assert.match(stdout, /^10 facts/)
  assert.deepEqual(exported('nq').sort(), [...lines].sort())
  const triples = run('export', db, '--format=nt')
  assert.match(triples.stderr, /^2 facts are in named graphs, which nt cannot express; use --format=nq/)
  assert.deepEqual(triples.stdout.trim().split('\n'), [lines[0], '<e:c> <e:p> <e:d> .', lines[4]])
  fs.writeFileSync(path.join(directory, 'more.nt'), '<e:c> <e:p> <e:d> .\n')
  run('import', db, 'more.nt')
  assert.deepEqual(
    exported('nq').sort(),
    [...lines, '<e:c> <e:p> <e:d> .'].sort(),
    'a statement without a graph is in the default graph too',
  )
  assert.deepEqual(
    imported('b.jsonl', exported('jsonl').join('\n')).exported('nq'),
    exported('nq'),
    'JSON lines keep them',
  )
})

test('JSON lines: numbers stay what they are, and no name is special', () => {
  const record =
    '{"subject":"__proto__","predicate":"constructor","object":"o","edgeProperties":{"__proto__":{"a":1},"constructor":2,"n":9007199254740992,"f":0.1,"deep":{"__proto__":[1e300]}}}'
  assert.deepEqual(imported('a.jsonl', record).exported('jsonl'), [record.replace('1e300', '1e+300')])
  for (const number of ['9007199254740993', '-12345678901234567890', '1e400', '[{"a":100000000000000000001}]']) {
    assert.match(
      imported('a.jsonl', `{"node":"n","properties":{"text":"9007199254740993 \\" 1e400","x":${number}}}`).stderr,
      /^a\.jsonl:1: the number \S+ cannot be stored exactly/,
      number,
    )
  }
})

test('CSV is what RFC 4180 says', () => {
  const records = (content, ...flags) =>
    imported('a.csv', `subject,predicate,object\n${content}`, '--skip-bad', ...flags)
  assert.deepEqual(
    records('"a ""q""",b,"x,\r\ny\rz"\r\n"",,"\u2028"\r"",\'," "\n\n')
      .exported('jsonl')
      .map((line) => Object.values(JSON.parse(line)))
      .sort(),
    [
      ['', '', '\u2028'],
      ['', "'", ' '],
      ['a "q"', 'b', 'x,\r\ny\rz'],
    ].sort(),
  )
  const cases = [
    ['a,b,c\nd,e,"f\ng,h,i\n', /^a\.csv:3: a quote is not closed$/m, ['a,b,c', 'g,h,i']],
    ['"a\nb",c,d\ne"f,g,h\ni,j,k', /^a\.csv:4: field 1 contains a quote but is not quoted/m, ['"a', 'b",c,d', 'i,j,k']],
    ['"a"b,c,d\ne,f,g', /^a\.csv:2: field 1 continues after its closing quote$/m, ['e,f,g']],
    [
      'a,b\nc,d,e,f\ng,h,i',
      /^a\.csv:2: the record has 2 fields, and the first one has 3\na\.csv:3: the record has 4 fields/m,
      ['g,h,i'],
    ],
  ]
  for (const [content, complaint, wanted] of cases) {
    const { stderr, exported } = records(content)
    assert.match(stderr, complaint)
    assert.deepEqual(exported('csv').slice(1), wanted)
  }
  assert.equal(imported('a.csv', 'subject,predicate,object\n"a').status, 1)
  assert.deepEqual(imported('a.tsv', 'x"\t"y\tz"\ta\n', '--columns=1,2,4').status, 1, 'an open quote in TSV too')
  assert.deepEqual(
    imported('a.tsv', 'x"\ty\tz"\ta\n', '--columns=1,2,4')
      .exported('jsonl')
      .map((line) => JSON.parse(line).subject),
    ['x"'],
  )
})

test('records of CSV do not depend on where pieces end', async () => {
  const [{ CsvSource }, { Utf8Reader }] = [await load('cli/import/csv.ts'), await load('cli/import/text.ts')]
  const text = '"a ""q""",b,"x\r\ny"\r\n,"",""""\r"1",2,3\n4,5,"6"'
  const read = (size) => {
    const source = new CsvSource(',', '1,2,3', new Utf8Reader(), (error) => {
      throw error
    })
    const found = []
    for (let at = 0; at < text.length; at += size) found.push(...source.read(text.slice(at, at + size), false))
    return [...found, ...source.read('', true)].map(({ item, line }) => [line, ...Object.values(item.fact)])
  }
  const wanted = [
    [1, 'a "q"', 'b', 'x\r\ny'],
    [3, '', '', '"'],
    [4, '1', '2', '3'],
    [5, '4', '5', '6'],
  ]
  for (let size = 1; size <= text.length; size++) assert.deepEqual(read(size), wanted, `pieces of ${size}`)
})
