import { nodePlatform } from '../core/node-platform.js'
import { NervusDB } from '../db.js'
import { UsageError, type Arguments } from './arguments.js'

/** Inserts, flushes and queries, and prints what each took. */
export async function bench(args: Arguments): Promise<void> {
  args.allow()
  const [file = '', words = '10000', mode = 'default'] = args.words
  const count = Number(words)
  if (!Number.isInteger(count) || count < 1) throw new UsageError(`the count must be a positive integer, not ${words}`)
  const db = await NervusDB.openOn(nodePlatform, file, { stagingMode: mode === 'lsm' ? 'lsm-lite' : 'default' })
  const time = async (name: string, operations: number, work: () => unknown): Promise<void> => {
    const begin = performance.now()
    await work()
    const spent = performance.now() - begin
    console.log(
      `${name.padEnd(24)}${spent.toFixed(1).padStart(10)} ms${Math.round((operations / spent) * 1000)
        .toLocaleString('en')
        .padStart(14)} /s`,
    )
  }
  try {
    const fact = (n: number): { subject: string; predicate: string; object: string } => ({
      subject: `bench:s${n % 1000}`,
      predicate: `bench:p${n % 7}`,
      object: `bench:o${n}`,
    })
    await time('insert one by one', count, () => {
      for (let n = 0; n < count; n++) db.addFact(fact(n))
    })
    await time('insert in bulk', count, () => db.addFacts(Array.from({ length: count }, (_, n) => fact(n + count))))
    await time('flush', 2 * count, () => db.flush())
    await time('look up', count, () => {
      for (let n = 0; n < count; n++) db.find(fact(n)).all()
    })
    await time('facts of a subject', 1000, () => {
      for (let n = 0; n < 1000; n++)
        db.find({ subject: `bench:s${n}` })
          .limit(100)
          .all()
    })
  } finally {
    await db.close()
  }
}
