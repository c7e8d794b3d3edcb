import path from 'node:path';
import { NervusDB } from 'nervusdb';

const BATCH = 10_000;

/** Ours, in files: durable when the load is done. */
export async function open(directory) {
    const db = await NervusDB.open(path.join(directory, 'graph.db'));
    return {
        async load(facts) {
            let batch = [];
            for (const [subject, predicate, object] of facts) {
                batch.push({ subject, predicate, object });
                if (batch.length < BATCH) continue;
                db.addBatch(batch);
                batch = [];
            }
            db.addBatch(batch);
            await db.flush();
        },
        find: (subject, predicate, object) => db.find({ subject, predicate, object }).all(),
        count: (subject, predicate, object) => db.find({ subject, predicate, object }).length,
        scan: () => db.listFacts().length,
        text: (record) => record.subject.length + record.predicate.length + record.object.length,
        close: () => db.close(),
    };
}
