import * as fs from 'node:fs';
import { once } from 'node:events';
import type { FactRecord } from '../types.js';
import { UsageError, type Arguments } from './arguments.js';
import { csvField } from './csv.js';
import { withStore } from './open.js';
import { formatLine } from './rdf.js';

type Format = (record: FactRecord) => string;

const FORMATS: Readonly<Record<string, Format>> = {
    nt: formatLine,
    csv: ({ subject, predicate, object }) => [subject, predicate, object].map(csvField).join(','),
    jsonl: ({ subject, predicate, object, subjectProperties, objectProperties, edgeProperties }) =>
        JSON.stringify({ subject, predicate, object, subjectProperties, objectProperties, edgeProperties }),
};

export async function exportFacts(args: Arguments): Promise<void> {
    args.allow('format');
    const [file = '', output = '-'] = args.words;
    const name = args.text('format') ?? /\.(nt|csv|jsonl)$/.exec(output)?.[1] ?? 'nt';
    const format = FORMATS[name];
    if (format === undefined) throw new UsageError(`unknown format ${name}; there are ${Object.keys(FORMATS).join(', ')}`);
    const target = output === '-' ? process.stdout : fs.createWriteStream(output, { flags: 'wx' });
    const write = async (text: string): Promise<void> => {
        if (!target.write(text)) await once(target, 'drain');
    };
    await withStore(file, async (store) => {
        if (name === 'csv') await write('subject,predicate,object\n');
        for await (const records of store.streamFactRecords({}, 1000)) {
            await write(`${records.map(format).join('\n')}\n`);
        }
    });
    if (output !== '-') {
        target.end();
        await once(target, 'finish');
    }
}
