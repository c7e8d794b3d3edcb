// WordNet as a graph: senses of a word, what it is a kind of, and the way from one sense to another.
//
//   apt-get install wordnet-base
//   node examples/wordnet.mjs [word] [sense] [sense]      such as: node examples/wordnet.mjs whale whale.n coffee.n
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { NervusDB } from 'nervusdb';

const dictionary = process.env.WNSEARCHDIR ?? '/usr/share/wordnet';
if (!existsSync(path.join(dictionary, 'data.noun'))) {
    console.error(`no WordNet in ${dictionary}: install Debian's wordnet-base, or set WNSEARCHDIR to the directory of data.noun`);
    process.exit(1);
}
const [word = 'whale', from = 'whale', to = 'coffee'] = process.argv.slice(2);

/** What the pointers of WordNet's files mean. */
const POINTERS = {
    '!': 'antonym', '@': 'is a', '@i': 'is an', '~': 'has kind', '~i': 'has instance', '#m': 'member of', '#s': 'substance of', '#p': 'part of',
    '%m': 'has member', '%s': 'has substance', '%p': 'has part', '=': 'attribute', '+': 'derived form', ';c': 'in topic', '-c': 'topic of',
    ';r': 'in region', '-r': 'region of', ';u': 'used in', '-u': 'usage of', '*': 'entails', '>': 'causes', '^': 'see also', $: 'verb group',
    '&': 'similar to', '<': 'participle of', '\\': 'pertains to',
};

/** The facts of one line: a synset, its words and its pointers to others. */
function* factsOf(line) {
    const [data, gloss = ''] = line.split(' | ');
    const fields = data.trim().split(' ');
    const [offset, , type, count] = fields;
    const id = (kind, at) => `${kind === 's' ? 'a' : kind}${at}`;
    const synset = id(type, offset);
    const words = Number.parseInt(count, 16);
    yield { subject: synset, predicate: 'gloss', object: gloss.trim() };
    yield { subject: synset, predicate: 'part of speech', object: type };
    for (let n = 0; n < words; n++) yield { subject: synset, predicate: 'word', object: fields[4 + 2 * n].replaceAll('_', ' ').replace(/\(.*\)$/, '') };
    const first = 4 + 2 * words;
    for (let n = 0; n < Number(fields[first]); n++) {
        const [pointer, target, kind] = fields.slice(first + 1 + 4 * n);
        yield { subject: synset, predicate: POINTERS[pointer] ?? pointer, object: id(kind, target) };
    }
}

const directory = mkdtempSync(path.join(tmpdir(), 'wordnet-'));
const db = await NervusDB.open(path.join(directory, 'wordnet.db'));
try {
    const begin = performance.now();
    for (const kind of ['noun', 'verb', 'adj', 'adv']) {
        let facts = [];
        for await (const line of createInterface({ input: createReadStream(path.join(dictionary, `data.${kind}`)) })) {
            if (!line.startsWith(' ')) facts.push(...factsOf(line));
            if (facts.length > 10_000) db.addFacts(facts.splice(0));
        }
        db.addFacts(facts);
    }
    await db.flush();
    console.log(`${db.find({}).length.toLocaleString('en')} facts in ${((performance.now() - begin) / 1000).toFixed(1)} s`);

    const text = (synset, predicate) => db.find({ subject: synset, predicate }).all().map(({ object }) => object);
    const senses = (what, kind) => db.find({ predicate: 'word', object: what }).all().map(({ subject }) => subject).filter((id) => kind === undefined || id.startsWith(kind));
    console.log(`\nsenses of ${word}:`);
    for (const synset of senses(word)) console.log(`  ${text(synset, 'word').join(', ')}: ${text(synset, 'gloss')[0]}`);

    const [start, end] = [senses(from, 'n')[0], senses(to, 'n')[0]];
    const predicates = ['is a', 'is an', 'has kind', 'has instance', 'part of', 'has part', 'member of', 'has member'];
    const found = start && end ? db.shortestPathBidirectional(start, end, { predicates, maxHops: 30 }) : null;
    console.log(`\nfrom ${from} to ${to}:`);
    if (found === null) console.log('  no path');
    else for (const { subject, predicate, object } of found) console.log(`  ${text(subject, 'word')[0]} ${predicate} ${text(object, 'word')[0]}`);

    const deep = db.find({ subject: start }).followPath('is a', { max: 30 }).all();
    console.log(`\n${from} is, in the end: ${deep.map(({ object }) => text(object, 'word')[0]).join(' < ')}`);
} finally {
    await db.close();
    rmSync(directory, { recursive: true });
}
