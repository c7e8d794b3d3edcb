// Measures one subject in a process of its own: node --expose-gc subject.mjs NAME DATA D; prints one JSON object.
//
// Costs are microseconds an operation, the best of three rounds; a query counts when every string of its results was looked at.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { repeated, unique, places, term } from './data.mjs';

const [name, data, size] = process.argv.slice(2);
const d = Number(size);
const directory = mkdtempSync(path.join(process.env.TARBOX_BENCH_DIR ?? process.cwd(), `graph-${name}-`));
const { open } = await import(`./subjects/${name}.mjs`);
const results = {};
let sum = 0;
const isSlow = name === 'quadstore' || name === 'oxigraph';

try {
    const subject = await open(directory);
    const begin = performance.now();
    await subject.load(data === 'unique' ? unique(d) : repeated(d));
    results.load = ((performance.now() - begin) / d ** 3) * 1000;
    globalThis.gc();
    globalThis.gc();
    results.resident = process.memoryUsage().rss / 1e6;
    if (data === 'repeated') await queries(subject);
    await subject.close();
    results.disk = bytesOf(directory) / d ** 3;
} finally {
    rmSync(directory, { recursive: true, force: true });
}
console.log(JSON.stringify(results));

async function queries(subject) {
    const time = async (count, ask) => {
        const operations = isSlow ? Math.max(2, Math.ceil(count / 20)) : count;
        let best = Infinity;
        for (let round = 0; round < (isSlow ? 2 : 4); round++) {
            const begin = performance.now();
            for (const place of places(d, operations)) {
                const found = ask(term(Math.floor(place / d / d)), term(Math.floor(place / d) % d), term(place % d));
                seen(subject, found instanceof Promise ? await found : found);
            }
            best = Math.min(best, performance.now() - begin);
        }
        return (best / operations) * 1000;
    };
    results.exact = await time(100_000, (s, p, o) => subject.find(s, p, o));
    results.sp = await time(4_000, (s, p) => subject.find(s, p));
    results.s = await time(50, (s) => subject.find(s));
    results.p = await time(50, (_s, p) => subject.find(undefined, p));
    results.o = await time(50, (_s, _p, o) => subject.find(undefined, undefined, o));
    results.count = await time(200, (s) => subject.count(s));
    if (name === 'oxigraph' || name === 'quadstore') return;
    let best = Infinity;
    for (let round = 0; round < 3; round++) {
        const begin = performance.now();
        await subject.scan();
        best = Math.min(best, performance.now() - begin);
    }
    results.scan = best * 1000;
}



/** Looks at all strings, so that nobody is praised for putting it off. */
function seen(subject, found) {
    if (typeof found === 'number') sum += found;
    else for (const record of found) sum += subject.text(record);
}

function bytesOf(directory) {
    const names = readdirSync(directory, { recursive: true, withFileTypes: true });
    return names.filter((entry) => entry.isFile()).reduce((total, entry) => total + statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size, 0);
}
