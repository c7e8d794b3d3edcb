/** One row: a cost of ours and one of a rival, both in the same unit. */
export interface Row {
  name: string
  ours: number
  theirs: number
  unit: 'µs' | 'ms'
}

export function median(values: number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)]!
}

/** Where rows go as soon as they are measured. */
export type Tell = (row: Row) => void

/** Turns before those that count. */
const WARM = 3
/** Milliseconds of a turn of {@link repeat}, at most. */
const TURN = 400

/** Does an operation so many times, or as often as fits into a turn, and says how often that was. */
export async function repeat(times: number, act: () => Promise<unknown>): Promise<Repeated> {
  const start = performance.now()
  let operations = 0
  while (operations < times && (operations === 0 || performance.now() - start < TURN)) {
    await act()
    operations += 1
  }
  return { operations }
}

interface Repeated {
  operations: number
}

/**
 * Runs each contender in turn, `rounds` times, and gives the median cost of one operation in milliseconds. A contender
 * does `operations` of them in one turn, or as many as it says. The first turns of each are not counted: browsers compile
 * what runs often.
 */
export async function race<Names extends string>(
  rounds: number,
  operations: number,
  contenders: Record<Names, (round: number) => unknown>,
): Promise<Record<Names, number>> {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []])) as unknown as Record<
    Names,
    number[]
  >
  for (let round = -WARM; round < rounds; round++) {
    for (const name of Object.keys(contenders) as Names[]) {
      const start = performance.now()
      const done = await contenders[name](round)
      const took = performance.now() - start
      if (round >= 0) times[name].push(took / ((done as Repeated | undefined)?.operations ?? operations))
    }
  }
  return Object.fromEntries(Object.entries<number[]>(times).map(([name, values]) => [name, median(values)])) as Record<
    Names,
    number
  >
}
