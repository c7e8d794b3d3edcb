import { LABEL, encodeValue, labelsOf } from './properties.js'
import { scanAll, scanStored } from './property-scan.js'
import type { PersistentStore } from './store.js'

const EQUALS = 1

/** Nodes by their labels. It always shows the newest committed state, or the snapshot it is used in. */
export class LabelIndex {
  readonly #store: PersistentStore

  constructor(store: PersistentStore) {
    this.#store = store
  }

  /** The labels of a node, sorted. */
  getNodeLabels(id: number): string[] {
    return labelsOf(this.#store.getNodeProperties(id)).sort()
  }

  findNodesByLabel(label: string): Set<number> {
    return this.nodes(this.#store.view(), label)
  }

  findNodesByLabels(
    labels: string | readonly string[],
    options?: { mode?: 'AND' | 'OR'; limit?: number },
  ): Set<number> {
    const found = this.nodesOf(this.#store.view(), labels, options?.mode ?? 'AND')
    return options?.limit === undefined ? found : new Set([...found].slice(0, Math.max(0, options.limit)))
  }

  hasNodeLabel(id: number, label: string): boolean {
    return this.getNodeLabels(id).includes(label)
  }

  hasAnyNodeLabel(id: number, labels: readonly string[]): boolean {
    const own = this.getNodeLabels(id)
    return labels.some((label) => own.includes(label))
  }

  hasAllNodeLabels(id: number, labels: readonly string[]): boolean {
    const own = this.getNodeLabels(id)
    return labels.every((label) => own.includes(label))
  }

  /** All labels, sorted. */
  getAllLabels(): string[] {
    return [...this.#counts().keys()].sort()
  }

  /** How many nodes have each label, the most frequent first. */
  getLabelStats(): { label: string; count: number }[] {
    return [...this.#counts()].map(([label, count]) => ({ label, count })).sort((a, b) => b.count - a.count)
  }

  getStats(): { totalLabels: number; totalLabeledNodes: number } {
    const nodes = new Set<number>()
    for (const [ids] of scanAll(this.#store.engine, this.#store.view(), false, LABEL)) nodes.add(ids[0] as number)
    return { totalLabels: this.#counts().size, totalLabeledNodes: nodes.size }
  }

  /** The nodes of a view that have a label. */
  nodes(view: number, label: string): Set<number> {
    const filter = { kind: EQUALS, min: encodeValue(label) }
    const found = new Set<number>()
    for (const [ids] of scanStored(this.#store.engine, view, false, LABEL, filter)) found.add(ids[0] as number)
    return found
  }

  /** The nodes of a view that have all labels, or any. */
  nodesOf(view: number, labels: string | readonly string[], mode: 'AND' | 'OR'): Set<number> {
    const wanted = typeof labels === 'string' ? [labels] : [...new Set(labels)]
    const [first, ...others] = wanted.map((label) => this.nodes(view, label))
    if (first === undefined) return new Set()
    if (mode === 'OR') {
      for (const other of others) for (const id of other) first.add(id)
      return first
    }
    return new Set([...first].filter((id) => others.every((other) => other.has(id))))
  }

  #counts(): Map<string, number> {
    const counts = new Map<string, number>()
    for (const [, label] of scanAll(this.#store.engine, this.#store.view(), false, LABEL)) {
      counts.set(String(label), (counts.get(String(label)) ?? 0) + 1)
    }
    return counts
  }
}
