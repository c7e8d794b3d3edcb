/** What the environment says, read when the module loads. */
interface Settings {
  readonly threshold: number
  readonly isSilent: boolean
  readonly traces: boolean
}

function read(): Settings {
  const environment = typeof process === 'object' ? process.env : {}
  const threshold = Number(environment['SYNAPSEDB_QUERY_WARN_THRESHOLD'] ?? 5000)
  return {
    threshold: Number.isFinite(threshold) && threshold > 0 ? threshold : Infinity,
    isSilent: environment['SYNAPSEDB_SILENCE_QUERY_WARNINGS'] === '1',
    traces: environment['SYNAPSEDB_TRACE_QUERY'] === '1',
  }
}

export const settings = read()

/** Warns once per builder and operation when a large result is held in memory. */
export class Warnings {
  readonly #given = new Set<string>()

  large(operation: string, count: number): void {
    if (count < settings.threshold || settings.isSilent || this.#given.has(operation)) return
    this.#given.add(operation)
    console.warn(
      `NervusDB: ${operation}() holds ${count} facts in memory; iterate with \`for await\`, or narrow the query with limit()`,
    )
  }

  lazyWhere(): void {
    if (this.#given.has('where')) return
    this.#given.add('where')
    console.warn(
      'NervusDB: where() reads every record it is asked about; whereProperty() and whereLabel() use an index',
    )
  }
}

/** A line per stage of an asynchronous run, if the environment asks for it. */
export function trace(stage: string, count: number, milliseconds: number): void {
  if (settings.traces) console.debug(`NervusDB: ${stage} ${count} facts in ${milliseconds.toFixed(2)} ms`)
}
