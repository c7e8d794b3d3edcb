import { Changes, type Transaction } from './changes.js'
import type { Properties } from './properties.js'

/** Properties staged by an open batch; they go through JSON once more for each reader. */
export class Batch {
  readonly nodes = new Map<number, string>()
  readonly edges = new Map<string, string>()

  constructor(
    readonly transaction: Transaction | undefined,
    readonly changes = new Changes(),
  ) {}

  setNode(node: number, properties: Properties, encoded: Uint8Array): void {
    this.nodes.set(node, JSON.stringify(properties))
    this.changes.setNode(node, encoded)
  }

  setEdge(ids: readonly [number, number, number], properties: Properties, encoded: Uint8Array): void {
    this.edges.set(ids.join(':'), JSON.stringify(properties))
    this.changes.setEdge(...ids, encoded)
  }
}
