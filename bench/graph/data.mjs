// The data: what rdf-stores' own benchmark uses, and the same number of facts whose terms occur once.

const PREFIX = 'http://example.org/#'

/** Facts as strings, built one by one as a program would that reads them: every combination of d terms. */
export function* repeated(d) {
  for (let i = 0; i < d; i++) {
    for (let j = 0; j < d; j++) {
      for (let k = 0; k < d; k++) yield [PREFIX + i, PREFIX + j, PREFIX + k]
    }
  }
}

/** The same number of facts with terms of their own. */
export function* unique(d) {
  for (let n = 0; n < d ** 3; n++) yield [`${PREFIX}s${n}`, `${PREFIX}p${n}`, `${PREFIX}o${n}`]
}

export const term = (n) => PREFIX + n

/** Numbers that jump about, the same for everyone. */
export function* places(d, count) {
  for (let n = 1; n <= count; n++) yield (Math.imul(n, 2_654_435_761) >>> 7) % d ** 3
}
