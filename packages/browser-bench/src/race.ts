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

/** Turns before those that count. */
const WARM = 3

/**
 * Runs each contender in turn, `rounds` times, and gives the median cost of one operation in milliseconds. A contender
 * does `operations` of them in one turn. The first turns of each are not counted: browsers compile what runs often.
 */
export async function race<Names extends string>(
  rounds: number,
  operations: number,
  contenders: Record<Names, (round: number) => unknown>,
): Promise<Record<Names, number>> {
  const times = Object.fromEntries(Object.keys(contenders).map((name) => [name, []])) as unknown as Record<Names, number[]>
  for (let round = -WARM; round < rounds; round++) {
    for (const name of Object.keys(contenders) as Names[]) {
      const start = performance.now()
      await contenders[name](round)
      if (round >= 0) times[name].push((performance.now() - start) / operations)
    }
  }
  return Object.fromEntries(Object.entries<number[]>(times).map(([name, values]) => [name, median(values)])) as Record<Names, number>
}
