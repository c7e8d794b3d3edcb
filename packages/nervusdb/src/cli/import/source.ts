import type { Properties } from '../../core/properties.js'
import type { FactInput, FactOptions } from '../../types.js'
import { LINE_MAX, LineReader, TOO_LONG, type Utf8Reader } from './text.js'

/** One thing to load: a fact, perhaps of a graph or with properties, or the properties of a node. */
export type Item = { fact: FactInput; graph?: string; options?: FactOptions } | { node: string; properties: Properties }

/** Is told of a line that cannot be read. It throws, unless such lines are to be left out. */
export type Tolerate = (error: unknown, line: number) => void

/** Makes items of pieces of text, each with the number of its line. */
export interface Source {
  read(piece: string, isLast: boolean): Iterable<{ item: Item; line: number }>
}

/** An item a line. `hasCr`: lines may end with CR alone. */
export class LineSource implements Source {
  #line = 0
  readonly #lines: LineReader

  constructor(
    private readonly parse: (line: string) => Item | undefined,
    private readonly text: Utf8Reader,
    private readonly tolerate: Tolerate,
    hasCr: boolean,
  ) {
    this.#lines = new LineReader(hasCr)
  }

  *read(piece: string, isLast: boolean): Generator<{ item: Item; line: number }, void> {
    for (const line of this.#lines.read(piece, isLast)) {
      this.#line++
      let item: Item | undefined
      try {
        if (line === TOO_LONG) throw new Error(`the line has more than ${LINE_MAX} characters`)
        this.text.check(line)
        item = this.parse(line)
      } catch (error) {
        this.tolerate(error, this.#line)
      }
      if (item !== undefined) yield { item, line: this.#line }
    }
  }
}
