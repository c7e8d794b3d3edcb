import { Engine, Level } from '../engine/engine.js';
import { NervusDBError } from '../errors.js';
import type {
    BeginBatchOptions,
    CommitBatchOptions,
    EdgeKey,
    FactCriteria,
    FactInput,
    FactOptions,
    FactRecord,
    NervusDBOpenOptions,
    PropertyFilter,
} from '../types.js';
import { Batch } from './batch.js';
import { BulkInterner } from './bulk.js';
import type { Changes } from './changes.js';
import { checkFact, checkString } from './checks.js';
import { Core } from './core.js';
import { LabelIndex } from './label-index.js';
import type { AsyncContext, BackendName, Platform } from './platform.js';
import { encodeProperties, type Properties } from './properties.js';
import { PropertyIndex } from './property-index.js';
import { scanProperty } from './property-scan.js';
import { RecordReader } from './records.js';
import { contains, countFacts, scanFacts, type IdPattern } from './scan.js';
import { readStats, type EngineStats } from './stats.js';

const encoder = new TextEncoder();
const DEFAULTS = { cacheBytes: 8 << 20, memtableBytes: 4 << 20, logBytes: 64 << 20 };

/** A view that stays as it is as long as somebody uses it. */
export interface Pin {
    readonly handle: number;
    users: number;
}

/** What code within a snapshot carries along. */
interface Scope {
    readonly store: PersistentStore;
    readonly pin: Pin;
    readonly outer: Scope | undefined;
}

/** Cores of stores that nobody holds any more. */
const abandoned = new FinalizationRegistry<() => void>((release) => release());

/** The store below a database: facts by id, properties, batches, snapshots. What plugins and diagnostics use. */
export class PersistentStore {
    /** The engine and what it shares with others that opened the same path. */
    readonly core: Core;
    readonly records: RecordReader;
    readonly #context: AsyncContext;
    readonly #batches: Batch[] = [];
    readonly #bulk: BulkInterner;
    #spare: Changes | undefined;
    #unregisterReader: () => void;
    #isClosed = false;
    #isDirty = false;

    private constructor(core: Core, context: AsyncContext, unregisterReader: () => void) {
        this.core = core;
        this.#context = context;
        this.#unregisterReader = unregisterReader;
        this.records = new RecordReader(core);
        this.#bulk = new BulkInterner(core.terms);
        abandoned.register(
            this,
            () => {
                unregisterReader();
                core.release();
            },
            this,
        );
    }

    /** Opens the store of a path, without plugins. Bound by the entry point to its platform. */
    static open: (path: string, options?: NervusDBOpenOptions) => Promise<PersistentStore>;

    /** Opens the store of a path on a platform. */
    static async openOn(platform: Platform, path: string, options: NervusDBOpenOptions, tools = false): Promise<PersistentStore> {
        const instantiate = await platform.backend(chooseBackend(platform, options), tools);
        const { place, isNew } = await platform.locate(path, {
            indexDirectory: options.indexDirectory,
            enableLock: options.enableLock === true,
            mustExist: options.mustExist === true,
        });
        try {
            const core = Core.open(place, instantiate, {
                ...DEFAULTS,
                cacheBytes: options.cacheSize ?? DEFAULTS.cacheBytes,
                rememberTransactions: options.enablePersistentTxDedupe === true ? (options.maxRememberTxIds ?? 1000) : 0,
                isNew,
                exclusive: options.enableLock === true,
            });
            const unregister = options.registerReader === false ? () => {} : place.registerReader();
            return new PersistentStore(core, platform.context, unregister);
        } catch (error) {
            place.dispose();
            throw error;
        }
    }

    get isClosed(): boolean {
        return this.#isClosed;
    }

    get engine(): Engine {
        return this.core.engine;
    }

    #open(): void {
        if (this.#isClosed) throw new NervusDBError('CLOSED', 'the database is closed');
    }

    // --- Views -------------------------------------------------------------------------------------------------

    /** The view that reads use now: a snapshot within its scope, else the newest state. */
    view(): number {
        if (this.#isClosed) this.#open();
        if (this.core.snapshots > 0) {
            const pin = this.pinned();
            if (pin !== undefined) return pin.handle;
        }
        this.core.look();
        return this.core.graph;
    }

    /** The view of a pin as long as it holds. */
    viewOf(pin: Pin | undefined): number {
        return pin === undefined || pin.users === 0 ? this.view() : pin.handle;
    }

    /** The snapshot in whose scope this is called. */
    pinned(): Pin | undefined {
        if (this.core.snapshots === 0) return undefined;
        let scope = this.#context.current() as Scope | undefined;
        while (scope !== undefined && (scope.store !== this || scope.pin.users === 0)) scope = scope.outer;
        return scope?.pin;
    }

    /** Keeps the state as it is now; to be given back with {@link unpin}. */
    pin(): Pin {
        this.view();
        const outer = this.pinned();
        if (outer !== undefined) {
            outer.users++;
            return outer;
        }
        const handle = this.engine.guard(() => this.engine.done(this.engine.x.graph_snapshot(this.core.graph)));
        this.core.snapshots++;
        return { handle, users: 1 };
    }

    unpin(pin: Pin): void {
        pin.users--;
        if (pin.users > 0) return;
        this.core.snapshots--;
        this.engine.x.view_free(pin.handle);
    }

    /** Runs work that sees the state as it is now, whatever happens meanwhile. */
    async withSnapshot<T>(work: () => T | Promise<T>): Promise<T> {
        this.#open();
        const pin = this.pin();
        const outer = this.#context.current() as Scope | undefined;
        const scope: Scope = { store: this, pin, outer };
        try {
            return await this.#context.run(scope, async () => await work());
        } finally {
            this.unpin(pin);
        }
    }

    // --- Facts -------------------------------------------------------------------------------------------------

    addFact(fact: FactInput, options?: FactOptions): FactRecord {
        if (this.#isClosed) this.#open();
        const { subject, predicate, object } = fact;
        checkFact(subject, predicate, object);
        const core = this.core;
        if (!core.isWriter) core.beginWrite();
        const terms = core.terms;
        let s = terms.cached(subject);
        let p = terms.cached(predicate);
        let o = terms.cached(object);
        if (options !== undefined) return this.#addWithProperties(fact, options);
        if (s === undefined || p === undefined || o === undefined) {
            [s, p, o] = terms.intern(core.graph, [subject, predicate, object]) as unknown as [number, number, number];
        }
        const batch = this.#batches[this.#batches.length - 1];
        if (batch !== undefined) batch.changes.add(s, p, o);
        else this.#commitFact(s, p, o, 0);
        const record = recordOf(fact, s, p, o);
        if (core.hasData || batch !== undefined) this.#fillProperties(record);
        return record;
    }

    #addWithProperties(fact: FactInput, options: FactOptions): FactRecord {
        const { subjectProperties, objectProperties, edgeProperties } = options;
        const encoded = (properties: Properties | undefined, ofNode: boolean): Uint8Array | undefined =>
            properties === undefined ? undefined : encodeProperties(properties, ofNode);
        const forSubject = encoded(subjectProperties, true);
        const forObject = encoded(objectProperties, true);
        const forEdge = encoded(edgeProperties, false);
        const ids = this.core.terms.intern(this.core.graph, [fact.subject, fact.predicate, fact.object]);
        const [s, p, o] = ids as unknown as [number, number, number];
        this.#change((batch) => {
            batch.changes.add(s, p, o);
            if (forSubject !== undefined) batch.setNode(s, subjectProperties as Properties, forSubject);
            if (forObject !== undefined) batch.setNode(o, objectProperties as Properties, forObject);
            if (forEdge !== undefined) batch.setEdge([s, p, o], edgeProperties as Properties, forEdge);
        });
        const record = recordOf(fact, s, p, o);
        this.#fillProperties(record);
        return record;
    }

    /** The properties that the record of an added fact shows: those staged in open batches too. */
    #fillProperties(record: FactRecord): void {
        record.subjectProperties = this.getNodeProperties(record.subjectId);
        record.objectProperties = this.getNodeProperties(record.objectId);
        record.edgeProperties = this.getEdgeProperties(record);
    }

    /** Adds many facts and gives their number; nothing is decoded, nothing is given back. One commit for each 8,192. */
    addFacts(facts: Iterable<FactInput>): number {
        this.#open();
        this.core.beginWrite();
        const graph = (): number => this.core.graph;
        return this.#bulk.pack(graph, facts, (words) => this.#change((batch) => batch.changes.addPacked(words)));
    }

    deleteFact(fact: FactInput): void {
        this.#open();
        const { subject, predicate, object } = fact;
        checkFact(subject, predicate, object);
        this.core.beginWrite();
        const pattern = this.idsOf({ subject, predicate, object });
        if (pattern === undefined) return;
        const { subjectId: s = 0, predicateId: p = 0, objectId: o = 0 } = pattern;
        const batch = this.#batches.at(-1);
        if (batch !== undefined) batch.changes.delete(s, p, o);
        else this.#commitFact(s, p, o, 1);
    }

    #commitFact(s: number, p: number, o: number, deletes: number): void {
        const { engine, graph } = this.core;
        const result = engine.guard(() => engine.x.commit_fact(graph, s, p, o, deletes, Level.written));
        if (result === 0) throw engine.failure();
        this.#isDirty = true;
    }

    /** Makes changes in the innermost batch, or at once. */
    #change(make: (batch: Batch) => void): void {
        const open = this.#batches.at(-1);
        const batch = open ?? this.#newBatch(undefined);
        make(batch);
        if (open !== undefined) return;
        this.#commit(batch, Level.written, undefined);
        this.#recycle(batch);
    }

    #newBatch(transaction: Batch['transaction']): Batch {
        const batch = new Batch(transaction, this.#spare);
        this.#spare = undefined;
        return batch;
    }

    /** Keeps the memory of a batch that has ended. */
    #recycle(batch: Batch | undefined): void {
        if (batch?.changes.recycle() === true) this.#spare = batch.changes;
    }

    #commit(batch: Batch, level: number, transaction: Batch['transaction']): void {
        this.core.beginWrite();
        batch.changes.commit(this.engine, this.core.graph, level, transaction);
        if (batch.nodes.size > 0 || batch.edges.size > 0) this.core.hasData = true;
        this.#isDirty = true;
    }

    /** The ids of a criterion's strings; undefined if one of them is unknown. */
    idsOf(criteria: FactCriteria): IdPattern | undefined {
        const { subject, predicate, object } = criteria;
        const { terms, graph } = this.core;
        let subjectId: number | undefined;
        let predicateId: number | undefined;
        let objectId: number | undefined;
        if (subject !== undefined) {
            subjectId = terms.find(graph, checkString(subject, 'subject'));
            if (subjectId === undefined) return undefined;
        }
        if (predicate !== undefined) {
            predicateId = terms.find(graph, checkString(predicate, 'predicate'));
            if (predicateId === undefined) return undefined;
        }
        if (object !== undefined) {
            objectId = terms.find(graph, checkString(object, 'object'));
            if (objectId === undefined) return undefined;
        }
        return { subjectId, predicateId, objectId };
    }

    /** The facts that match, packed. */
    scan(view: number, pattern: IdPattern): Generator<Uint32Array, void> {
        return scanFacts(this.engine, view, pattern);
    }

    count(view: number, pattern: IdPattern): number {
        return countFacts(this.engine, view, pattern);
    }

    contains(view: number, s: number, p: number, o: number): boolean {
        return contains(this.engine, view, s, p, o);
    }

    /** The record of one fact, in an array; empty if it is not there. */
    findExact(view: number, subject: string, predicate: string, object: string): FactRecord[] {
        const { terms, graph, engine } = this.core;
        const s = terms.cached(subject) ?? terms.find(graph, checkString(subject, 'subject'));
        const p = terms.cached(predicate) ?? terms.find(graph, checkString(predicate, 'predicate'));
        const o = terms.cached(object) ?? terms.find(graph, checkString(object, 'object'));
        if (s === undefined || p === undefined || o === undefined || !contains(engine, view, s, p, o)) return [];
        const record = recordOf({ subject, predicate, object }, s, p, o);
        if (this.core.hasData) this.records.fill([record], 0, view, Uint32Array.of(s, p, o));
        return [record];
    }

    /** Triples of ids that match. */
    query(pattern: IdPattern): { subjectId: number; predicateId: number; objectId: number }[] {
        const found = [];
        for (const words of this.scan(this.view(), pattern)) {
            for (let at = 0; at < words.length; at += 3) {
                found.push({
                    subjectId: words[at] as number,
                    predicateId: words[at + 1] as number,
                    objectId: words[at + 2] as number,
                });
            }
        }
        return found;
    }

    /** The records of triples of ids. */
    resolveRecords(triples: readonly EdgeKey[], options?: { includeProperties?: boolean }): FactRecord[] {
        const words = new Uint32Array(triples.length * 3);
        triples.forEach(({ subjectId, predicateId, objectId }, index) => words.set([subjectId, predicateId, objectId], index * 3));
        return this.records.read(this.view(), words, options?.includeProperties !== false);
    }

    /** Records that match ids, in arrays of `batchSize`. */
    async *streamFactRecords(pattern: IdPattern = {}, batchSize = 1000): AsyncGenerator<FactRecord[], void> {
        const pin = this.pin();
        try {
            for (const words of regroup(this.scan(pin.handle, pattern), checkBatchSize(batchSize))) {
                yield this.records.read(pin.handle, words, true);
            }
        } finally {
            this.unpin(pin);
        }
    }

    listFacts(): FactRecord[] {
        const view = this.view();
        const found: FactRecord[] = [];
        for (const words of this.scan(view, {})) this.records.append(found, view, words, true);
        return found;
    }

    // --- Terms -------------------------------------------------------------------------------------------------

    getNodeIdByValue(value: string): number | undefined {
        this.view();
        return this.core.terms.find(this.core.graph, checkString(value, 'the value'));
    }

    /** The id of a string, a new one if it has none. */
    intern(value: string): number {
        this.view();
        const known = this.getNodeIdByValue(value);
        if (known !== undefined) return known;
        this.core.beginWrite();
        return this.core.terms.intern(this.core.graph, [value])[0] as number;
    }

    getNodeValueById(id: number): string | undefined {
        const view = this.view();
        return isId(id) ? this.core.terms.text(view, id) : undefined;
    }

    /** How many distinct strings have an id. */
    getDictionarySize(): number {
        this.view();
        return this.engine.guard(() => this.engine.x.graph_terms(this.core.graph));
    }

    // --- Properties --------------------------------------------------------------------------------------------

    getNodeProperties(node: number): Properties | undefined {
        for (let index = this.#batches.length - 1; index >= 0; index--) {
            const staged = this.#batches[index]?.nodes.get(node);
            if (staged !== undefined) return JSON.parse(staged) as Properties;
        }
        const view = this.view();
        if (!this.core.hasData || !isId(node)) return undefined;
        return this.records.sets(view, false, [node])[0];
    }

    getEdgeProperties(key: EdgeKey): Properties | undefined {
        const { subjectId, predicateId, objectId } = key;
        const name = `${subjectId}:${predicateId}:${objectId}`;
        for (let index = this.#batches.length - 1; index >= 0; index--) {
            const staged = this.#batches[index]?.edges.get(name);
            if (staged !== undefined) return JSON.parse(staged) as Properties;
        }
        const view = this.view();
        if (!this.core.hasData || ![subjectId, predicateId, objectId].every(isId)) return undefined;
        return this.records.sets(view, true, [subjectId, predicateId, objectId])[0];
    }

    setNodeProperties(node: number, properties: Properties): void {
        this.#open();
        checkId(node);
        const encoded = encodeProperties(properties, true);
        this.core.beginWrite();
        this.#change((batch) => batch.setNode(node, properties, encoded));
    }

    setEdgeProperties(key: EdgeKey, properties: Properties): void {
        this.#open();
        const ids = [key.subjectId, key.predicateId, key.objectId] as const;
        ids.forEach(checkId);
        const encoded = encodeProperties(properties, false);
        this.core.beginWrite();
        this.#change((batch) => batch.setEdge([...ids], properties, encoded));
    }

    /** The nodes that match, by the index. */
    nodesWith(view: number, filter: PropertyFilter): Set<number> {
        const found = new Set<number>();
        for (const ids of scanProperty(this.engine, view, false, filter)) found.add(ids[0] as number);
        return found;
    }

    /** The edges that match, packed; whether or not the fact is there. */
    *edgesWith(view: number, filter: PropertyFilter): Generator<Uint32Array, void> {
        yield* scanProperty(this.engine, view, true, filter);
    }

    getPropertyIndex(): PropertyIndex {
        return new PropertyIndex(this);
    }

    getLabelIndex(): LabelIndex {
        return new LabelIndex(this);
    }

    // --- Batches -----------------------------------------------------------------------------------------------

    beginBatch(options?: BeginBatchOptions): void {
        this.#open();
        const { txId, sessionId } = options ?? {};
        const transaction =
            txId === undefined || this.#batches.length > 0
                ? undefined
                : { id: encoder.encode(checkString(txId, 'txId')), session: encoder.encode(checkString(sessionId ?? '', 'sessionId')) };
        this.#batches.push(this.#newBatch(transaction));
    }

    commitBatch(options?: CommitBatchOptions): void {
        this.#open();
        const batch = this.#batches.at(-1);
        if (batch === undefined) return;
        const level = options?.durable === true ? Level.synced : Level.written;
        if (!batch.changes.isEmpty || batch.transaction !== undefined) {
            this.#commit(batch, level, batch.transaction);
        } else if (level === Level.synced && this.core.isWriter) {
            this.engine.guard(() => this.engine.done(this.engine.x.graph_sync(this.core.graph)));
        }
        // Only now: a commit that failed can be tried again, or aborted.
        this.#recycle(this.#batches.pop());
    }

    abortBatch(): void {
        this.#open();
        this.#recycle(this.#batches.pop());
    }

    /** How many batches are open within each other. */
    get batchDepth(): number {
        return this.#batches.length;
    }

    // --- Durability and upkeep ---------------------------------------------------------------------------------

    async flush(): Promise<void> {
        if (this.#isClosed) return;
        this.core.flush();
        this.#isDirty = false;
        await this.core.place.maintain?.();
    }

    async close(): Promise<void> {
        if (this.#isClosed) return;
        const graph = this.core.graph;
        try {
            if (this.#isDirty && graph !== 0) this.core.flush();
        } catch {
            // The log has everything.
        }
        this.dispose();
    }

    /** Lets go of everything at once, without flushing: the log has what was committed. */
    dispose(): void {
        if (this.#isClosed) return;
        this.#isClosed = true;
        this.#batches.length = 0;
        abandoned.unregister(this);
        this.#unregisterReader();
        this.core.release();
    }

    /** Sizes of everything. */
    stats(): EngineStats {
        this.view();
        return readStats(this.core);
    }

    /** How often the stored state has been switched. */
    getCurrentEpoch(): number {
        return this.stats().epoch;
    }

    /** Whether anything is in tables yet. */
    hasPagedIndexData(): boolean {
        return this.stats().trees.some((tree) => tree.blocks > 0);
    }

    /** What the tables are, for diagnostics; null before the first flush. */
    getIndexManifest(): object | null {
        const { epoch, trees } = this.stats();
        return this.hasPagedIndexData() ? { epoch, orders: trees } : null;
    }

    /** How the block cache is doing, for diagnostics. */
    getHotnessSnapshot(): object | null {
        const { cacheBytes, cacheHits, cacheMisses } = this.stats();
        return { cacheBytes, cacheHits, cacheMisses };
    }

    /** Facts that are in memory and the log only. */
    getStagedFacts(): number {
        return this.stats().memtableFacts;
    }
}

/** The record of an added fact; what else the argument has is kept. */
function recordOf(fact: FactInput, subjectId: number, predicateId: number, objectId: number): FactRecord {
    const record: FactRecord = {
        subject: fact.subject,
        predicate: fact.predicate,
        object: fact.object,
        subjectId,
        predicateId,
        objectId,
        subjectProperties: undefined,
        objectProperties: undefined,
        edgeProperties: undefined,
    };
    let keys = 0;
    for (const _ in fact) keys++;
    return keys === 3 ? record : { ...fact, ...record };
}

function chooseBackend(platform: Platform, options: NervusDBOpenOptions): BackendName {
    const wanted = options.useWasm ?? platform.environment('NERVUSDB_USE_WASM') !== 'false';
    return wanted && typeof WebAssembly === 'object' ? 'wasm' : 'javascript';
}

/** Ids have 31 bits. */
function isId(id: unknown): id is number {
    return typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= 0x7fffffff;
}

function checkId(id: number): void {
    if (!isId(id)) throw new TypeError(`an id must be a whole number from 0 to 2147483647, not ${String(id)}`);
}

function checkBatchSize(size: number): number {
    if (!(size >= 1)) throw new NervusDBError('INVALID_ARGUMENT', `the batch size must be 1 or more, not ${size}`);
    return Math.floor(size);
}

/** Packed facts in groups of exactly `size`, the last one shorter. */
export function* regroup(batches: Iterable<Uint32Array>, size: number): Generator<Uint32Array, void> {
    let group = new Uint32Array(size * 3);
    let filled = 0;
    for (const words of batches) {
        let at = 0;
        while (at < words.length) {
            const count = Math.min(words.length - at, group.length - filled);
            group.set(words.subarray(at, at + count), filled);
            filled += count;
            at += count;
            if (filled === group.length) {
                yield group;
                group = new Uint32Array(size * 3);
                filled = 0;
            }
        }
    }
    if (filled > 0) yield group.subarray(0, filled);
}
