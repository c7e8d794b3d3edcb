// What every store is asked, in Node and in browsers.
import { places, term } from './data.mjs'

/** The cost of every kind of question in microseconds, the best of some rounds; a result counts when its strings were looked at. */
export async function queries(subject, d, isSlow) {
  const results = {}
  let sum = 0
  /** Looks at all strings, so that nobody is praised for putting it off. */
  const seen = (found) => {
    if (typeof found === 'number') sum += found
    else for (const record of found) sum += subject.text(record)
  }
  const time = async (count, ask) => {
    const operations = isSlow ? Math.max(2, Math.ceil(count / 20)) : count
    let best = Infinity
    for (let round = 0; round < (isSlow ? 2 : 4); round++) {
      const begin = performance.now()
      for (const place of places(d, operations)) {
        const found = ask(term(Math.floor(place / d / d)), term(Math.floor(place / d) % d), term(place % d))
        seen(found instanceof Promise ? await found : found)
      }
      best = Math.min(best, performance.now() - begin)
    }
    return (best / operations) * 1000
  }
  results.exact = await time(100_000, (s, p, o) => subject.find(s, p, o))
  results.sp = await time(4_000, (s, p) => subject.find(s, p))
  results.s = await time(50, (s) => subject.find(s))
  results.p = await time(50, (_s, p) => subject.find(undefined, p))
  results.o = await time(50, (_s, _p, o) => subject.find(undefined, undefined, o))
  results.count = await time(200, (s) => subject.count(s))
  if (isSlow) return results
  let best = Infinity
  for (let round = 0; round < 3; round++) {
    const begin = performance.now()
    await subject.scan()
    best = Math.min(best, performance.now() - begin)
  }
  results.scan = best * 1000
  if (Number.isNaN(sum)) throw new Error('a result without strings')
  return results
}
