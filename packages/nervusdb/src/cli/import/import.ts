import * as fs from 'node:fs'
import { nodePlatform } from '../../core/node-platform.js'
import { NervusDB } from '../../db.js'
import { codeOf } from '../../errors.js'
import { UsageError, Failure, type Arguments } from '../arguments.js'
import { Progress } from '../progress.js'
import { readStatement, type Format } from '../rdf/reader.js'
import { CsvSource } from './csv.js'
import { jsonLine } from './json-lines.js'
import { Loader } from './loader.js'
import { LineSource, type Item, type Source, type Tolerate } from './source.js'
import { Utf8Reader } from './text.js'

export async function importFacts(args: Arguments): Promise<void> {
  args.allow('format', 'columns', 'delimiter', 'skip-bad', 'quiet')
  const [file = '', input = ''] = args.words
  const format = args.text('format') ?? formatOf(input)
  let bad = 0
  const tolerate = (error: unknown, line: number): void => {
    const message = `${input === '-' ? 'standard input' : input}:${line}: ${(error as Error).message}`
    if (!args.has('skip-bad')) throw new Failure(`${message}\nfix the line, or pass --skip-bad to skip such lines`, 1)
    bad++
    console.error(message)
  }
  const text = new Utf8Reader()
  const source = sourceOf(format, args, text, tolerate)
  const size = input === '-' ? undefined : sizeOf(input)
  const stream = input === '-' ? process.stdin : fs.createReadStream(input, { highWaterMark: 1 << 20 })
  const progress = new Progress(size, args.has('quiet'))
  const db = await NervusDB.openOn(nodePlatform, file, { registerReader: false })
  const loader = new Loader(db, tolerate)
  const load = (piece: Buffer, isLast: boolean): void => {
    for (const { item, line } of source.read(text.read(piece, isLast), isLast)) loader.add(item, line)
  }
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      load(chunk, false)
      progress.advance(chunk.length, loader.count)
    }
    load(Buffer.alloc(0), true)
  } finally {
    progress.end()
    try {
      // Also what came before a line that ends it.
      loader.flush()
      await db.flush()
    } finally {
      await db.close()
    }
  }
  if (!args.has('quiet'))
    console.log(`${loader.count.toLocaleString('en')} facts loaded${bad > 0 ? `, ${bad} bad lines skipped` : ''}`)
}

function formatOf(input: string): string {
  const extension = /\.([^.]+)$/.exec(input)?.[1]?.toLowerCase() ?? ''
  const known: Readonly<Record<string, string>> = {
    nt: 'nt',
    nq: 'nq',
    csv: 'csv',
    tsv: 'tsv',
    jsonl: 'jsonl',
    ndjson: 'jsonl',
  }
  const format = Object.hasOwn(known, extension) ? known[extension] : undefined
  if (format === undefined) throw new UsageError(`unknown format of ${input}; pass --format=nt, nq, csv, tsv or jsonl`)
  return format
}

function sizeOf(input: string): number {
  try {
    return fs.statSync(input).size
  } catch (error) {
    throw new Failure(`cannot read ${input}: ${codeOf(error) ?? (error as Error).message}`, 1)
  }
}

function sourceOf(format: string, args: Arguments, text: Utf8Reader, tolerate: Tolerate): Source {
  switch (format) {
    case 'nt':
      return new LineSource((line) => statement(line, 'triples'), text, tolerate, true)
    case 'nq':
      return new LineSource((line) => statement(line, 'quads'), text, tolerate, true)
    case 'jsonl':
      // To JSON, CR is space.
      return new LineSource(jsonLine, text, tolerate, false)
    case 'csv':
    case 'tsv':
      return new CsvSource(
        args.text('delimiter') ?? (format === 'tsv' ? '\t' : ','),
        args.text('columns'),
        text,
        tolerate,
      )
    default:
      throw new UsageError(`unknown format ${format}; known are nt, nq, csv, tsv and jsonl`)
  }
}

function statement(line: string, format: Format): Item | undefined {
  const found = readStatement(line, format)
  if (found === undefined) return undefined
  const { graph, ...fact } = found
  return graph === undefined ? { fact } : { fact, graph }
}
