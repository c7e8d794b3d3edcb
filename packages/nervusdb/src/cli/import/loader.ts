import type { NervusDB } from '../../db.js'
import { codeOf } from '../../errors.js'
import { addQuads, type Quad } from '../graphs.js'
import type { Item, Tolerate } from './source.js'

const BATCH = 10_000

interface Gathered extends Quad {
  readonly line: number
}

/** Gathers facts and commits them by the ten thousand. What cannot be stored is told with its line, and nothing else goes with it. */
export class Loader {
  count = 0
  #gathered: Gathered[] = []

  constructor(
    private readonly db: NervusDB,
    private readonly tolerate: Tolerate,
  ) {}

  add(item: Item, line: number): void {
    if (!('node' in item) && item.options === undefined) {
      this.#gathered.push({ fact: item.fact, graph: item.graph, line })
      if (this.#gathered.length >= BATCH) this.flush()
      return
    }
    this.flush()
    this.#try(line, () => {
      if ('node' in item) {
        // A node needs an id before it can have properties.
        this.db.setNodeProperties(this.db.getStore().intern(item.node), item.properties)
        return
      }
      this.db.addFact(item.fact, item.options)
      this.count++
    })
  }

  flush(): void {
    const gathered = this.#gathered
    this.#gathered = []
    try {
      addQuads(this.db.getStore(), gathered)
      this.count += gathered.length
    } catch (error) {
      if (!isRefusal(error)) throw error
      // Whatever of them was added may be added again.
      for (const quad of gathered) {
        this.#try(quad.line, () => {
          addQuads(this.db.getStore(), [quad])
          this.count++
        })
      }
    }
  }

  #try(line: number, work: () => void): void {
    try {
      work()
    } catch (error) {
      if (!isRefusal(error)) throw error
      this.tolerate(error, line)
    }
  }
}

/** Whether one fact alone is to blame; all else would meet the next one too. */
function isRefusal(error: unknown): boolean {
  return error instanceof TypeError || ['INVALID_TEXT', 'INVALID_ARGUMENT', 'TOO_LARGE'].includes(codeOf(error) ?? '')
}
