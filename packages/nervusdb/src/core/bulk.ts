import type { FactInput } from '../types.js';
import { checkFact } from './checks.js';
import type { Terms } from './terms.js';

/** Facts that one call of the engine takes. */
const CHUNK = 8192;
/** The cache is asked again after so many chunks in which it did not help. */
const RETRY_AFTER = 8;

/**
 * Turns a stream of facts into packed ids: repeated strings by the cache, all others of a chunk by one call of the engine.
 *
 * Facts are not kept, so those that are made as they are asked for die young and cost next to nothing.
 */
export class BulkInterner {
    readonly #terms: Terms;
    /** Chunks to go without the cache, since strings did not repeat. */
    #withoutCache = 0;
    /** The memory of the last load. A load within a load has its own. */
    #words: Uint32Array | undefined;

    constructor(terms: Terms) {
        this.#terms = terms;
    }

    /** Gives `take` three ids a fact, a chunk at a time, valid until it returns. The number of facts. */
    pack(graph: () => number, facts: Iterable<FactInput>, take: (words: Uint32Array) => void): number {
        const terms = this.#terms;
        const words = this.#words ?? new Uint32Array(CHUNK * 3);
        this.#words = undefined;
        /** Strings without an id yet, and where their ids belong. */
        let texts: string[] = [];
        let places: number[] = [];
        let at = 0;
        let count = 0;
        const end = (): void => {
            this.#complete(graph(), words, texts, places, at);
            texts = [];
            places = [];
            count += at / 3;
            const packed = words.subarray(0, at);
            at = 0;
            if (packed.length > 0) take(packed);
        };
        const id = (text: string): number => {
            const known = this.#withoutCache > 0 ? undefined : terms.cached(text);
            if (known !== undefined) return known;
            places.push(at);
            texts.push(text);
            return 0;
        };
        for (const { subject, predicate, object } of facts) {
            checkFact(subject, predicate, object);
            words[at] = id(subject);
            at++;
            words[at] = id(predicate);
            at++;
            words[at] = id(object);
            at++;
            if (at === words.length) end();
        }
        end();
        this.#words = words;
        return count;
    }

    #complete(graph: number, words: Uint32Array, texts: string[], places: number[], length: number): void {
        const usedCache = this.#withoutCache === 0;
        if (!usedCache) this.#withoutCache--;
        if (texts.length === 0) return;
        const ids = usedCache ? this.#terms.intern(graph, texts) : this.#terms.internOnce(graph, texts);
        for (let index = 0; index < places.length; index++) words[places[index] as number] = ids[index] as number;
        if (usedCache && texts.length * 3 > length) this.#withoutCache = RETRY_AFTER;
    }
}
