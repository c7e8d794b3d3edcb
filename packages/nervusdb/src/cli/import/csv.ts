import { UsageError, Failure } from '../arguments.js'
import type { Item, Source, Tolerate } from './source.js'
import type { Utf8Reader } from './text.js'

/** The most characters a record can have: as far a quote is looked for that closes another. */
const RECORD_MAX = 16 << 20
const END = /\r\n|\r|\n/g

/** A record, or why it is none, and where the next one begins. */
interface Step {
  readonly fields?: string[]
  readonly error?: string
  readonly next: number
}

/** Records as RFC 4180 has them; lines may end with CR, LF or both. The columns are named by the first record, or by number. */
export class CsvSource implements Source {
  readonly #delimiter: string
  /** Fields that begin with a quote. */
  readonly #quoted = /"([^"]*(?:""[^"]*)*)"/y
  readonly #wanted: string[]
  #places: number[] | undefined
  /** Fields of the first record. */
  #width: number | undefined
  #rest = ''
  #line = 1

  constructor(
    delimiter: string,
    columns: string | undefined,
    private readonly text: Utf8Reader,
    private readonly tolerate: Tolerate,
  ) {
    if (delimiter.length !== 1 || /["\r\n]/.test(delimiter))
      throw new UsageError('--delimiter must be one character, and not a quote or line end')
    this.#delimiter = delimiter
    this.#wanted = (columns ?? 'subject,predicate,object').split(',')
    if (this.#wanted.length !== 3)
      throw new UsageError('--columns must name three columns, such as --columns=from,type,to or --columns=1,2,3')
    if (!this.#wanted.every((name) => /^\d+$/.test(name))) return
    this.#places = this.#wanted.map((name) => Number(name) - 1)
    if (this.#places.includes(-1)) throw new UsageError('--columns counts from 1')
  }

  *read(piece: string, isLast: boolean): Generator<{ item: Item; line: number }, void> {
    const text = this.#rest + piece
    let at = 0
    while (at < text.length) {
      const step = this.#step(text, at, isLast)
      if (step === undefined) break
      const item = this.#item(step)
      if (item !== undefined) yield { item, line: this.#line }
      this.#line += step.fields === undefined ? 1 : linesIn(text, at, step.next)
      at = step.next
    }
    this.#rest = text.slice(at)
  }

  /** The record that begins at a place; undefined if more text is needed to tell. */
  #step(text: string, begin: number, isLast: boolean): Step | undefined {
    END.lastIndex = begin
    const end = END.exec(text)
    // What ends with CR may go on with LF.
    const isOpen = end === null || (end[0] === '\r' && END.lastIndex === text.length)
    const canWait = !isLast && text.length - begin <= RECORD_MAX
    if (isOpen && canWait) return undefined
    const stop = end?.index ?? text.length
    const next = end === null ? text.length : END.lastIndex
    const line = text.slice(begin, stop)
    if (!line.includes('"')) return { fields: line.split(this.#delimiter), next }
    const step = this.#withQuotes(text, begin, canWait)
    // A quote that is open may be closed further on; if it is not, its line alone is left out.
    if (step === undefined && canWait) return undefined
    if (step?.fields !== undefined) return step
    return { error: step?.error ?? 'a quote is not closed', next }
  }

  /** Undefined if the text ends within the record. */
  #withQuotes(text: string, begin: number, canWait: boolean): Step | undefined {
    const fields: string[] = []
    for (let at = begin; ; at++) {
      let after: number
      if (text[at] === '"') {
        this.#quoted.lastIndex = at
        const match = this.#quoted.exec(text)
        if (match === null) return undefined
        after = this.#quoted.lastIndex
        fields.push((match[1] as string).replaceAll('""', '"'))
      } else {
        after = this.#plainEnd(text, at)
        const field = text.slice(at, after)
        if (field.includes('"') && this.#delimiter !== '\t')
          return { error: `field ${fields.length + 1} contains a quote but is not quoted; write it as "…""…"`, next: 0 }
        fields.push(field)
      }
      if (text[after] === this.#delimiter) {
        at = after
        continue
      }
      // Another quote, or the other half of a line end, may follow.
      if (canWait && after + 1 >= text.length) return undefined
      if (after === text.length) return { fields, next: after }
      END.lastIndex = after
      const end = END.exec(text)
      if (end?.index !== after) return { error: `field ${fields.length} continues after its closing quote`, next: 0 }
      return { fields, next: END.lastIndex }
    }
  }

  #plainEnd(text: string, begin: number): number {
    for (let at = begin; at < text.length; at++) {
      const char = text[at]
      if (char === this.#delimiter || char === '\n' || char === '\r') return at
    }
    return text.length
  }

  #item({ fields, error }: Step): Item | undefined {
    try {
      if (fields === undefined) throw new Error(error)
      if (fields.length === 1 && fields[0] === '') return undefined
      fields.forEach((field) => this.text.check(field))
      this.#width ??= fields.length
      if (this.#places === undefined) {
        this.#name(fields)
        return undefined
      }
      if (fields.length !== this.#width)
        throw new Error(`the record has ${fields.length} fields, and the first one has ${this.#width}`)
      const [subject, predicate, object] = this.#places.map((place) => fields[place])
      if (subject === undefined || predicate === undefined || object === undefined) {
        throw new Error(
          `the record has ${fields.length} fields, but column ${Math.max(...this.#places) + 1} is required`,
        )
      }
      return { fact: { subject, predicate, object } }
    } catch (error) {
      if (error instanceof Failure) throw error
      this.tolerate(error, this.#line)
      return undefined
    }
  }

  #name(header: string[]): void {
    const missing = this.#wanted.filter((name) => !header.includes(name))
    if (missing.length > 0)
      throw new Failure(`there is no column ${missing.join(', ')}; the columns are ${header.join(', ')}`, 1)
    this.#places = this.#wanted.map((name) => header.indexOf(name))
  }
}

function linesIn(text: string, begin: number, end: number): number {
  let lines = 0
  END.lastIndex = begin
  while (END.exec(text) !== null && END.lastIndex <= end) lines++
  return lines
}

/** A field as CSV writes it. */
export function csvField(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
