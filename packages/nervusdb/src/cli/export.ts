import * as fs from 'node:fs'
import { once } from 'node:events'
import type { FactRecord } from '../types.js'
import { UsageError, type Arguments } from './arguments.js'
import { graphsOf } from './graphs.js'
import { csvField } from './import/csv.js'
import { withStore } from './open.js'
import { writeStatement } from './rdf/writer.js'

/** The lines of a fact. */
type Format = (record: FactRecord) => string

const FORMATS: Readonly<Record<string, Format>> = {
  nt: ({ subject, predicate, object }) => writeStatement({ subject, predicate, object }),
  nq: ({ subject, predicate, object, edgeProperties }) =>
    graphsOf(edgeProperties)
      .map((graph) => writeStatement({ subject, predicate, object, ...(graph === undefined ? {} : { graph }) }))
      .join('\n'),
  csv: ({ subject, predicate, object }) => [subject, predicate, object].map(csvField).join(','),
  jsonl: ({ subject, predicate, object, subjectProperties, objectProperties, edgeProperties }) =>
    JSON.stringify({ subject, predicate, object, subjectProperties, objectProperties, edgeProperties }),
}

export async function exportFacts(args: Arguments): Promise<void> {
  args.allow('format')
  const [file = '', output = '-'] = args.words
  const name = args.text('format') ?? /\.(nt|nq|csv|jsonl)$/.exec(output)?.[1] ?? 'nt'
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined
  if (format === undefined) throw new UsageError(`unknown format ${name}; known are ${Object.keys(FORMATS).join(', ')}`)
  const target = output === '-' ? process.stdout : fs.createWriteStream(output, { flags: 'wx' })
  const write = async (text: string): Promise<void> => {
    if (!target.write(text)) await once(target, 'drain')
  }
  const hasGraphs = name === 'nq' || name === 'jsonl'
  let inGraphs = 0
  await withStore(file, async (store) => {
    if (name === 'csv') await write('subject,predicate,object\n')
    for await (const records of store.streamFactRecords({}, 1000)) {
      await write(`${records.map(format).join('\n')}\n`)
      if (!hasGraphs)
        inGraphs += records.filter(({ edgeProperties }) =>
          graphsOf(edgeProperties).some((graph) => graph !== undefined),
        ).length
    }
  })
  if (output !== '-') {
    target.end()
    await once(target, 'finish')
  }
  if (inGraphs > 0)
    console.error(`${inGraphs} facts are in named graphs, which ${name} cannot express; use --format=nq`)
}
