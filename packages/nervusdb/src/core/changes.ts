import type { Engine } from '../engine/engine.js'

const SPECIAL = 0x80000000
const DELETE = SPECIAL
const NODE = SPECIAL + 1
const EDGE = SPECIAL + 2
const NO_TRANSACTION = 0xffffffff
/** Words of the largest memory that is used again. */
const KEPT = 1 << 18

/** A transaction id, and what is recorded with it. */
export interface Transaction {
  readonly id: Uint8Array
  readonly session: Uint8Array
}

/** Changes in the order of the calls, packed as the engine reads them. */
export class Changes {
  #words: Uint32Array
  #length = 0

  constructor(capacity = 64) {
    this.#words = new Uint32Array(capacity)
  }

  get isEmpty(): boolean {
    return this.#length === 0
  }

  /** Forgets all changes; false if it has grown so large that it is not worth keeping. */
  recycle(): boolean {
    this.#length = 0
    return this.#words.length <= KEPT
  }

  add(subject: number, predicate: number, object: number): void {
    const at = this.#room(3)
    const words = this.#words
    words[at] = subject
    words[at + 1] = predicate
    words[at + 2] = object
  }

  /** Adds facts of three words each. */
  addPacked(words: Uint32Array): void {
    const at = this.#room(words.length)
    this.#words.set(words, at)
  }

  delete(subject: number, predicate: number, object: number): void {
    // Making room may move the words, so it comes first.
    const at = this.#room(4)
    this.#words.set([DELETE, subject, predicate, object], at)
  }

  setNode(node: number, properties: Uint8Array): void {
    this.#set([NODE, node, properties.length], properties)
  }

  setEdge(subject: number, predicate: number, object: number, properties: Uint8Array): void {
    this.#set([EDGE, subject, predicate, object, properties.length], properties)
  }

  /** Commits them: false if the transaction id was used before. They stay here. */
  commit(engine: Engine, graph: number, level: number, transaction?: Transaction): boolean {
    return engine.guard(() => {
      const { id, session } = transaction ?? {}
      const head = this.#length * 4
      const input = engine.reserve(head + (id?.length ?? 0) + (session?.length ?? 0) + 4)
      engine.memory.words.set(this.#words.subarray(0, this.#length), input >>> 2)
      if (id !== undefined && session !== undefined) {
        engine.memory.bytes.set(id, input + head)
        engine.memory.bytes.set(session, input + head + id.length)
      }
      const result = engine.x.commit(
        graph,
        this.#length,
        level,
        id?.length ?? NO_TRANSACTION,
        session?.length ?? 0,
        Date.now(),
      )
      return engine.done(result) === 1
    })
  }

  #set(head: number[], properties: Uint8Array): void {
    const words = Math.ceil(properties.length / 4)
    const at = this.#room(head.length + words)
    this.#words.set(head, at)
    const bytes = new Uint8Array(this.#words.buffer, (at + head.length) * 4, words * 4)
    bytes.fill(0)
    bytes.set(properties)
  }

  #room(words: number): number {
    const at = this.#length
    this.#length += words
    if (this.#length > this.#words.length) {
      const grown = new Uint32Array(Math.max(this.#length, this.#words.length * 2))
      grown.set(this.#words.subarray(0, at))
      this.#words = grown
    }
    return at
  }
}
