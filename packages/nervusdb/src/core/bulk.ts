import type { FactInput } from '../types.js';
import { checkFact } from './checks.js';
import type { Terms } from './terms.js';

/** The cache is asked again after so many chunks in which it did not help. */
const RETRY_AFTER = 8;

/** The ids of the strings of many facts: repeated ones from the cache, all others by one call of the engine. */
export class BulkInterner {
    readonly #terms: Terms;
    /** Chunks to go without the cache, since strings did not repeat. */
    #withoutCache = 0;

    constructor(terms: Terms) {
        this.#terms = terms;
    }

    /** Three ids a fact. */
    ids(graph: number, facts: readonly FactInput[]): Uint32Array {
        const usesCache = this.#withoutCache === 0;
        if (!usesCache) this.#withoutCache--;
        return usesCache ? this.#fromCache(graph, facts) : this.#fresh(graph, facts);
    }

    #fromCache(graph: number, facts: readonly FactInput[]): Uint32Array {
        const terms = this.#terms;
        const ids = new Uint32Array(facts.length * 3);
        const unknown: string[] = [];
        const places: number[] = [];
        const miss = (text: string, place: number): undefined => {
            unknown.push(text);
            places.push(place);
        };
        // Facts often come sorted: comparing with the one before is cheaper than hashing.
        let [lastSubject, lastPredicate]: (string | undefined)[] = [];
        let [lastSubjectId, lastPredicateId]: (number | undefined)[] = [];
        let at = 0;
        for (const { subject, predicate, object } of facts) {
            checkFact(subject, predicate, object);
            if (lastSubjectId === undefined || subject !== lastSubject) {
                lastSubject = subject;
                lastSubjectId = terms.cached(subject) ?? miss(subject, at);
            }
            if (lastPredicateId === undefined || predicate !== lastPredicate) {
                lastPredicate = predicate;
                lastPredicateId = terms.cached(predicate) ?? miss(predicate, at + 1);
            }
            if (lastSubjectId !== undefined) ids[at] = lastSubjectId;
            if (lastPredicateId !== undefined) ids[at + 1] = lastPredicateId;
            const objectId = terms.cached(object) ?? miss(object, at + 2);
            if (objectId !== undefined) ids[at + 2] = objectId;
            at += 3;
        }
        if (unknown.length > 0) {
            const found = terms.intern(graph, unknown);
            for (let index = 0; index < places.length; index++) ids[places[index] as number] = found[index] as number;
        }
        if (unknown.length > facts.length) this.#withoutCache = RETRY_AFTER;
        return ids;
    }

    #fresh(graph: number, facts: readonly FactInput[]): Uint32Array {
        const texts: string[] = new Array<string>(facts.length * 3);
        let at = 0;
        for (const { subject, predicate, object } of facts) {
            checkFact(subject, predicate, object);
            texts[at++] = subject;
            texts[at++] = predicate;
            texts[at++] = object;
        }
        return this.#terms.internOnce(graph, texts);
    }
}
