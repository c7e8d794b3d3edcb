import { NervusDBError } from '../errors.js'
import { NONE, type Engine } from '../engine/engine.js'

/** Strings cached by id, at most. */
const SLOTS_MAX = 1 << 16
/** Ids cached by string, at most twice as many: a full generation replaces the one before. */
const GENERATION = 1 << 15
/** Characters of a cached string, at most: long ones are fetched anew rather than kept. */
const LENGTH_MAX = 1024
/** Strings fetched at once. They share memory, so a few. */
const FETCH = 64
/** Places for the strings used most recently, found by a few of their characters; a power of two. */
const RECENT_BITS = 12

/** The dictionary as JavaScript sees it: strings and ids, cached both ways in bounded memory. */
export class Terms {
  readonly #engine: Engine
  /** Which id's string is in each slot. */
  keys = new Int32Array(1024).fill(-1)
  values: string[] = new Array<string>(1024).fill('')
  mask = 1023
  /**
   * Before the maps: a map hashes the whole of a string it has not seen, and does so slowly for one that was just put
   * together from parts.
   */
  readonly #recent = new Array<string | undefined>(1 << RECENT_BITS).fill(undefined)
  readonly #recentIds = new Int32Array(1 << RECENT_BITS)
  #young = new Map<string, number>()
  #old = new Map<string, number>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Forgets everything: the ids of strings that were never committed may be given to others. */
  clear(): void {
    this.keys.fill(-1)
    this.#recent.fill(undefined)
    this.#young = new Map()
    this.#old = new Map()
  }

  /** The id of a string if it is cached. */
  cached(text: string): number | undefined {
    const place = placeOf(text)
    if (this.#recent[place] === text) return this.#recentIds[place]
    const id = this.#young.get(text) ?? this.#promoted(text)
    if (id !== undefined) {
      this.#recent[place] = own(text)
      this.#recentIds[place] = id
    }
    return id
  }

  #promoted(text: string): number | undefined {
    const id = this.#old.get(text)
    if (id !== undefined) this.#remember(text, id)
    return id
  }

  #remember(text: string, id: number): void {
    if (text.length > LENGTH_MAX) return
    if (this.#young.size >= GENERATION) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(own(text), id)
  }

  /** The id of a string; undefined if it has none. */
  find(graph: number, text: string): number | undefined {
    const known = this.cached(text)
    if (known !== undefined) return known
    const id = this.#engine.ids(graph, [text], false)[0] as number
    if (id === NONE) return undefined
    this.#remember(text, id)
    return id
  }

  /** The ids of strings, new ones included. */
  intern(graph: number, texts: readonly string[]): Uint32Array {
    const ids = this.#engine.ids(graph, texts, true)
    for (let index = 0; index < texts.length; index++) this.#remember(texts[index] as string, ids[index] as number)
    return ids
  }

  /** The ids of strings that are not expected to come again. */
  internOnce(graph: number, texts: readonly string[]): Uint32Array {
    return this.#engine.ids(graph, texts, true)
  }

  /** The string of an id; undefined if there is none. */
  text(view: number, id: number): string | undefined {
    const slot = id & this.mask
    if (this.keys[slot] === id) return this.values[slot]
    const text = this.#engine.strings(view, [id])[0]
    if (text !== undefined) this.#keep(id, text)
    return text
  }

  /**
   * The string of `words[at]`, which is not cached: fetched together with others that come soon after.
   */
  fetch(view: number, words: Uint32Array, at: number, end: number): string {
    const wanted: number[] = []
    const first = words[at] as number
    for (let index = at; index < end && wanted.length < FETCH; index++) {
      const id = words[index] as number
      if (this.keys[id & this.mask] !== id) wanted.push(id)
    }
    const texts = this.#engine.strings(view, wanted)
    // The first comes last: another may belong to its slot.
    for (let index = wanted.length - 1; index >= 0; index--) {
      const text = texts[index]
      if (text !== undefined) this.#keep(wanted[index] as number, text)
    }
    const text = texts[0]
    if (text === undefined) {
      throw new NervusDBError(
        'CORRUPT',
        `the string of id ${first} is missing; run \`nervusdb repair\` on the database`,
      )
    }
    return text
  }

  #keep(id: number, text: string): void {
    if (text.length > LENGTH_MAX) return
    if (id > this.mask && this.mask + 1 < SLOTS_MAX) this.#grow(id)
    const slot = id & this.mask
    this.keys[slot] = id
    this.values[slot] = text
  }

  #grow(id: number): void {
    let size = this.mask + 1
    while (size < SLOTS_MAX && size <= id) size *= 2
    const [keys, values] = [this.keys, this.values]
    this.keys = new Int32Array(size).fill(-1)
    this.values = new Array<string>(size).fill('')
    this.mask = size - 1
    keys.forEach((key, slot) => {
      if (key < 0) return
      this.keys[key & this.mask] = key
      this.values[key & this.mask] = values[slot] as string
    })
  }
}

/** The same text in memory of its own: a part of a longer string would keep the whole of that, perhaps a file, in memory. */
function own(text: string): string {
  return ` ${text}`.slice(1)
}

/** Where a string belongs among the recent ones: by its length, its middle, and its end, where strings differ most. */
function placeOf(text: string): number {
  const end = text.length - 1
  if (end < 2) return end < 0 ? 0 : text.charCodeAt(end) & ((1 << RECENT_BITS) - 1)
  const mixed =
    Math.imul(text.charCodeAt(end), 0x9e3779b1) ^
    Math.imul(text.charCodeAt(end - 1), 0x85ebca77) ^
    Math.imul(text.charCodeAt(end - 2), 0xc2b2ae3d) ^
    Math.imul(text.charCodeAt(end >>> 1) + end, 0x27d4eb2f)
  return mixed >>> (32 - RECENT_BITS)
}
