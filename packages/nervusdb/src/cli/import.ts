import * as fs from 'node:fs';
import { nodePlatform } from '../core/node-platform.js';
import { NervusDB } from '../db.js';
import { codeOf } from '../errors.js';
import type { FactInput, FactOptions } from '../types.js';
import type { Properties } from '../core/properties.js';
import { UsageError, Failure, type Arguments } from './arguments.js';
import { CsvReader } from './csv.js';
import { Progress } from './progress.js';
import { parseLine } from './rdf.js';

const BATCH = 10_000;

/** One thing to load: a fact, perhaps with properties, or the properties of a node. */
type Item = { fact: FactInput; options?: FactOptions } | { node: string; properties: Properties };

/** Makes items of pieces of text; `count` is the number of the line or record it is at. */
interface Source {
    count: number;
    read(piece: string): Iterable<Item>;
    finish(): Iterable<Item>;
}

export async function importFacts(args: Arguments): Promise<void> {
    args.allow('format', 'columns', 'delimiter', 'skip-bad', 'quiet');
    const [file = '', input = ''] = args.words;
    const format = args.text('format') ?? formatOf(input);
    let bad = 0;
    const tolerate = (error: unknown, line: number): void => {
        const message = `${input === '-' ? 'standard input' : input}:${line}: ${(error as Error).message}`;
        if (!args.has('skip-bad')) throw new Failure(`${message}\nfix the line, or pass --skip-bad to leave such lines out`, 1);
        bad++;
        console.error(message);
    };
    const source = sourceOf(format, args, tolerate);
    const size = input === '-' ? undefined : sizeOf(input);
    const stream = input === '-' ? process.stdin : fs.createReadStream(input, { highWaterMark: 1 << 20 });
    const progress = new Progress(size, args.has('quiet'));
    const db = await NervusDB.openOn(nodePlatform, file, { registerReader: false });
    const loader = new Loader(db);
    try {
        const decoder = new TextDecoder('utf-8');
        for await (const chunk of stream as AsyncIterable<Buffer>) {
            for (const item of source.read(decoder.decode(chunk, { stream: true }))) loader.add(item);
            progress.advance(chunk.length, loader.count);
        }
        for (const item of source.read(decoder.decode())) loader.add(item);
        for (const item of source.finish()) loader.add(item);
        loader.flush();
        await db.flush();
    } finally {
        progress.end();
        await db.close();
    }
    if (!args.has('quiet')) console.log(`${loader.count.toLocaleString('en')} facts loaded${bad > 0 ? `, ${bad} bad lines left out` : ''}`);
}

/** Gathers facts and commits them by the ten thousand. */
class Loader {
    count = 0;
    #facts: FactInput[] = [];

    constructor(private readonly db: NervusDB) {}

    add(item: Item): void {
        if ('node' in item) {
            // A node needs an id before it can have properties.
            const id = this.db.getStore().intern(item.node);
            this.db.setNodeProperties(id, item.properties);
            return;
        }
        this.count++;
        if (item.options !== undefined) {
            this.flush();
            this.db.addFact(item.fact, item.options);
            return;
        }
        this.#facts.push(item.fact);
        if (this.#facts.length >= BATCH) this.flush();
    }

    flush(): void {
        this.db.addFacts(this.#facts);
        this.#facts = [];
    }
}

function formatOf(input: string): string {
    const extension = /\.([^.]+)$/.exec(input)?.[1]?.toLowerCase() ?? '';
    const known: Readonly<Record<string, string>> = { nt: 'nt', nq: 'nq', csv: 'csv', tsv: 'tsv', jsonl: 'jsonl', ndjson: 'jsonl' };
    const format = known[extension];
    if (format === undefined) throw new UsageError(`cannot tell the format of ${input}; pass --format=nt, nq, csv, tsv or jsonl`);
    return format;
}

function sizeOf(input: string): number {
    try {
        return fs.statSync(input).size;
    } catch (error) {
        throw new Failure(`cannot read ${input}: ${codeOf(error) ?? (error as Error).message}`, 1);
    }
}

type Tolerate = (error: unknown, line: number) => void;

function sourceOf(format: string, args: Arguments, tolerate: Tolerate): Source {
    switch (format) {
        case 'nt':
        case 'nq':
            return new LineSource(statement, tolerate);
        case 'jsonl':
            return new LineSource(jsonLine, tolerate);
        case 'csv':
        case 'tsv':
            return new CsvSource(args.text('delimiter') ?? (format === 'tsv' ? '\t' : ','), args.text('columns'), tolerate);
        default:
            throw new UsageError(`unknown format ${format}; there are nt, nq, csv, tsv and jsonl`);
    }
}

function statement(line: string): Item | undefined {
    const found = parseLine(line);
    if (found === undefined) return undefined;
    const { graph, ...fact } = found;
    return graph === undefined ? { fact } : { fact, options: { edgeProperties: { graph } } };
}

function jsonLine(line: string): Item | undefined {
    if (line.trim() === '') return undefined;
    const { subject, predicate, object, node, properties, ...options } = JSON.parse(line) as FactInput & FactOptions & { node?: string; properties?: Properties };
    if (typeof node === 'string' && properties !== undefined) return { node, properties };
    for (const [name, value] of Object.entries({ subject, predicate, object })) {
        if (typeof value !== 'string') throw new Error(`${name} must be a string`);
    }
    const { subjectProperties, objectProperties, edgeProperties } = options;
    const fact = { subject, predicate, object };
    if (subjectProperties === undefined && objectProperties === undefined && edgeProperties === undefined) return { fact };
    return { fact, options: { subjectProperties, objectProperties, edgeProperties } };
}

class LineSource implements Source {
    count = 0;
    #rest = '';

    constructor(
        private readonly parse: (line: string) => Item | undefined,
        private readonly tolerate: Tolerate,
    ) {}

    *read(piece: string): Generator<Item, void> {
        const lines = (this.#rest + piece).split('\n');
        this.#rest = lines.pop() ?? '';
        for (const line of lines) yield* this.#line(line);
    }

    *finish(): Generator<Item, void> {
        if (this.#rest !== '') yield* this.#line(this.#rest);
        this.#rest = '';
    }

    *#line(line: string): Generator<Item, void> {
        this.count++;
        let item: Item | undefined;
        try {
            item = this.parse(line.endsWith('\r') ? line.slice(0, -1) : line);
        } catch (error) {
            this.tolerate(error, this.count);
        }
        if (item !== undefined) yield item;
    }
}

/** The columns are named by the first record, or by number or name on the command line; default subject, predicate, object. */
class CsvSource implements Source {
    count = 0;
    readonly #reader: CsvReader;
    readonly #wanted: string[];
    #places: number[] | undefined;

    constructor(
        delimiter: string,
        columns: string | undefined,
        private readonly tolerate: Tolerate,
    ) {
        this.#reader = new CsvReader(delimiter);
        this.#wanted = (columns ?? 'subject,predicate,object').split(',');
        if (this.#wanted.length !== 3) throw new UsageError('--columns names three columns, such as --columns=from,type,to or --columns=1,2,3');
        if (this.#wanted.every((name) => /^\d+$/.test(name))) this.#places = this.#wanted.map((name) => Number(name) - 1);
    }

    *read(piece: string): Generator<Item, void> {
        for (const record of this.#reader.read(piece)) yield* this.#record(record);
    }

    *finish(): Generator<Item, void> {
        for (const record of this.#reader.finish()) yield* this.#record(record);
    }

    *#record(record: string[]): Generator<Item, void> {
        this.count++;
        if (this.#places === undefined) {
            this.#places = this.#wanted.map((name) => record.indexOf(name));
            const missing = this.#wanted.filter((_, index) => this.#places?.[index] === -1);
            if (missing.length > 0) throw new Failure(`no column is called ${missing.join(', ')}; there are ${record.join(', ')}`, 1);
            return;
        }
        const [subject, predicate, object] = this.#places.map((place) => record[place]);
        if (subject === undefined || predicate === undefined || object === undefined) {
            this.tolerate(new Error(`a record of ${record.length} fields is too short`), this.count);
            return;
        }
        yield { fact: { subject, predicate, object } };
    }
}
