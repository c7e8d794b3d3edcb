// The facts of WordNet's files, as Debian's wordnet-base has them.
import { createReadStream, existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'

const dictionary = process.env.WNSEARCHDIR ?? '/usr/share/wordnet'

/** Why there are no facts; undefined if there are. */
export function missing() {
  if (existsSync(path.join(dictionary, 'data.noun'))) return undefined
  return `no WordNet in ${dictionary}: install Debian's wordnet-base, or set WNSEARCHDIR to the directory of data.noun`
}

/** What the pointers of WordNet's files mean. */
const POINTERS = {
  '!': 'antonym',
  '@': 'is a',
  '@i': 'is an',
  '~': 'has kind',
  '~i': 'has instance',
  '#m': 'member of',
  '#s': 'substance of',
  '#p': 'part of',
  '%m': 'has member',
  '%s': 'has substance',
  '%p': 'has part',
  '=': 'attribute',
  '+': 'derived form',
  ';c': 'in topic',
  '-c': 'topic of',
  ';r': 'in region',
  '-r': 'region of',
  ';u': 'used in',
  '-u': 'usage of',
  '*': 'entails',
  '>': 'causes',
  '^': 'see also',
  $: 'verb group',
  '&': 'similar to',
  '<': 'participle of',
  '\\': 'pertains to',
}

/** The facts of one line: a synset, its words and its pointers to others. */
function* factsOf(line) {
  const [data, gloss = ''] = line.split(' | ')
  const fields = data.trim().split(' ')
  const [offset, , type, count] = fields
  const id = (kind, at) => `${kind === 's' ? 'a' : kind}${at}`
  const synset = id(type, offset)
  const words = Number.parseInt(count, 16)
  yield { subject: synset, predicate: 'gloss', object: gloss.trim() }
  yield { subject: synset, predicate: 'part of speech', object: type }
  for (let n = 0; n < words; n++)
    yield { subject: synset, predicate: 'word', object: fields[4 + 2 * n].replaceAll('_', ' ').replace(/\(.*\)$/, '') }
  const first = 4 + 2 * words
  for (let n = 0; n < Number(fields[first]); n++) {
    const [pointer, target, kind] = fields.slice(first + 1 + 4 * n)
    yield { subject: synset, predicate: POINTERS[pointer] ?? pointer, object: id(kind, target) }
  }
}

/** All facts, a few at a time. */
export async function* wordnet() {
  for (const kind of ['noun', 'verb', 'adj', 'adv']) {
    for await (const line of createInterface({ input: createReadStream(path.join(dictionary, `data.${kind}`)) })) {
      if (!line.startsWith(' ')) yield [...factsOf(line)]
    }
  }
}
