import type { Answer, Ran, Request, Table } from './protocol.js'

/** The worker that runs SQL. One that takes too long is ended, and the next call begins another. */
export class SqlClient {
  #worker: Worker | undefined
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>()
  #next = 1
  #ready = false

  #start(): Worker {
    const worker = new Worker(new URL('../workers/sql.ts', import.meta.url), { type: 'module' })
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      const waiting = this.#waiting.get(data.id)
      this.#waiting.delete(data.id)
      if ('error' in data) waiting?.reject(new Error(data.error))
      else waiting?.resolve(data.ok as never)
    }
    worker.onerror = (event) => {
      event.preventDefault()
      this.stop(`SQLite has stopped: ${event.message || 'its script could not be loaded'}.`)
    }
    return worker
  }

  #call<T>(request: Request, transfer: Transferable[] = []): Promise<T> {
    this.#worker ??= this.#start()
    const id = this.#next++
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#worker!.postMessage({ id, request }, transfer)
    })
  }

  async open(bytes: Uint8Array<ArrayBuffer>, readOnly: boolean): Promise<void> {
    await this.#call<true>({ open: bytes, readOnly }, [bytes.buffer])
    this.#ready = true
  }

  /** It has a database, which it has not when it was stopped or has failed. */
  get ready(): boolean {
    return this.#ready
  }

  run(sql: string): Promise<Ran> {
    return this.#call({ run: sql })
  }

  plan(sql: string): Promise<Ran> {
    return this.#call({ plan: sql })
  }

  schema(): Promise<Table[]> {
    return this.#call({ schema: true })
  }

  /** The file of a new database on which a script was run. */
  async script(sql: string): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.#call<{ bytes: Uint8Array<ArrayBuffer> }>({ script: sql })).bytes
  }

  /** Ends it, whatever it does. */
  stop(why = 'Stopped.'): void {
    this.#ready = false
    this.#worker?.terminate()
    this.#worker = undefined
    for (const { reject } of this.#waiting.values()) reject(new Error(why))
    this.#waiting.clear()
  }
}
