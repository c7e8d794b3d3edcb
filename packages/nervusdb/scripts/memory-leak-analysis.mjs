// Looks for leaks: opens, inserts 1,000, queries and closes, again and again, and tells what grew.
//
//   node --expose-gc scripts/memory-leak-analysis.mjs [rounds=1000]
//
// After the first warm-up, heap, external memory and the memory of the engine may grow by less than 1 MB, no file may stay open
// and no listener may stay on `process`; else it exits with 1.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { NervusDB } from 'nervusdb';

const LIMIT = 1_000_000;
const WARM_UP = 10;
const rounds = Number(process.argv[2] ?? 1000);
if (typeof globalThis.gc !== 'function') {
    console.error('run it with --expose-gc');
    process.exit(2);
}
const directory = mkdtempSync(path.join(tmpdir(), 'nervusdb-leaks-'));

async function round(n) {
    // Some rounds end otherwise: in memory, half-way through an open that fails, dropped without a close.
    const kind = n % 10;
    const db = await NervusDB.open(kind === 1 ? ':memory:' : path.join(directory, `${n % 3}.db`), { enableLock: kind === 2 });
    await NervusDB.open(directory).catch(() => {});
    for (let i = 0; i < 1_000; i++) db.addFact({ subject: `s${i % 50}`, predicate: `p${i % 5}`, object: `o${i}` });
    db.setNodeProperties(0, { round: n, labels: ['L'] });
    const query = db.find({ subject: 's1' });
    query.follow('p1').all();
    for await (const _ of query) break;
    await db.withSnapshot(() => db.findByLabel('L').all());
    if (kind === 3) db[Symbol.dispose]();
    else await db.close();
}

async function measure() {
    for (let n = 0; n < 4; n++) {
        globalThis.gc();
        await new Promise((resolve) => setImmediate(resolve));
    }
    const { heapUsed, external, arrayBuffers, rss } = process.memoryUsage();
    return { heapUsed, external, arrayBuffers, rss };
}

const listeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
const handles = () => readdirSync('/proc/self/fd').length;

try {
    for (let n = 0; n < WARM_UP; n++) await round(n);
    const before = { ...(await measure()), listeners: listeners(), handles: process.platform === 'linux' ? handles() : 0 };
    for (let n = 0; n < rounds; n++) await round(n);
    const after = { ...(await measure()), listeners: listeners(), handles: process.platform === 'linux' ? handles() : 0 };
    let failed = false;
    for (const name of Object.keys(before)) {
        const grown = after[name] - before[name];
        const limit = name === 'listeners' || name === 'handles' ? 0 : name === 'rss' ? Infinity : LIMIT;
        failed ||= grown > limit;
        console.log(`${name.padEnd(14)}${String(before[name]).padStart(12)}${String(after[name]).padStart(12)}  ${grown >= 0 ? '+' : ''}${grown}${grown > limit ? '  LEAK' : ''}`);
    }
    console.log(failed ? `something leaks over ${rounds} rounds` : `nothing leaks over ${rounds} rounds`);
    process.exitCode = failed ? 1 : 0;
} finally {
    rmSync(directory, { recursive: true, force: true });
}
