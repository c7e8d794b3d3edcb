import { parseArgs, type ParseArgsConfig } from 'node:util'

/** Options that need a value. */
const VALUES = [
  'columns',
  'compression',
  'delimiter',
  'format',
  'host',
  'hot-threshold',
  'max',
  'max-primary',
  'min-merge',
  'mode',
  'only-primaries',
  'order',
  'orders',
  'page-size',
  'port',
  'session',
  'since',
  'tombstone-threshold',
  'top',
  'txids-window',
]
/** Options that can have one, after `=`. */
const OPTIONAL = ['list', 'txids']
const OPTIONS: ParseArgsConfig['options'] = Object.fromEntries(VALUES.map((name) => [name, { type: 'string' }]))

/** The words and options of a command line. */
export class Arguments {
  readonly words: readonly string[]
  /** Values by name; true where an option has none. */
  readonly #options: ReadonlyMap<string, string | true>

  constructor(given: readonly string[]) {
    // Which command knows which options is told by `allow`.
    const { values, positionals } = parseArgs({
      args: [...given],
      options: OPTIONS,
      allowPositionals: true,
      strict: false,
    })
    this.words = positionals
    this.#options = new Map(Object.entries(values) as [string, string | true][])
  }

  has(name: string): boolean {
    return this.#options.has(name)
  }

  /** The value of an option, undefined if it is not there. */
  text(name: string): string | undefined {
    const value = this.#options.get(name)
    return value === true ? '' : value
  }

  /** The value of an option as a number, `fallback` if it is there without one, undefined if it is not there. */
  number(name: string, fallback?: number): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    if (text === '' && fallback !== undefined) return fallback
    const value = Number(text)
    if (text === '' || !Number.isFinite(value))
      throw new UsageError(`--${name} needs a number, not ${JSON.stringify(text)}`)
    return value
  }

  /** Refuses options that a command does not have, and values that are missing or of no use: a mistyped one is better told than ignored. */
  allow(...names: string[]): this {
    for (const [name, value] of this.#options) {
      const dashes = name.length === 1 ? '-' : '--'
      if (!names.includes(name)) {
        const known =
          names.length === 0 ? 'there are none' : `known are ${names.map((known) => `--${known}`).join(', ')}`
        throw new UsageError(`unknown option ${dashes}${name}; ${known}`)
      }
      if (VALUES.includes(name)) {
        if (value === true) throw new UsageError(`--${name} needs a value`)
      } else if (value !== true && !OPTIONAL.includes(name)) throw new UsageError(`--${name} takes no value`)
    }
    return this
  }
}

/** A command line that cannot be run: the usage is shown, and the exit code is 1. */
export class UsageError extends Error {}

/** A command that has failed in its own way: the message is shown, with this exit code. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly exitCode: number,
  ) {
    super(message)
  }
}

/** A report as JSON. */
export function report(value: unknown): void {
  console.log(JSON.stringify(value, null, 2))
}
