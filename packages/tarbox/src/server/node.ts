/// A workspace at a server, in a worker: for those who wait without an event loop.
import { failure, TarboxError } from '../errors.js'
import type { Call, Reply, Storage, Watched } from '../messages.js'
import type { Done } from '../outbox.js'
import type { Holder } from '../serve.js'
import type { Watcher } from '../watchers.js'
import type { ServerOptions } from './address.js'
import { ServerConnection } from './connection.js'

export class ServerNode implements Holder {
  readonly #connection: ServerConnection
  readonly #watching = new Map<number, () => void>()

  constructor(options: ServerOptions) {
    this.#connection = new ServerConnection(options)
  }

  get client(): string {
    return this.#connection.client
  }

  async start(): Promise<Storage> {
    await this.#connection.open()
    return this.#connection.storage
  }

  run(calls: Call[], done: Done): void {
    const replies = calls.map(async ({ id, op, ...request }): Promise<Reply> => {
      try {
        return { id, ...(await this.#connection.call(op, request)) }
      } catch (error) {
        return { id, error: error instanceof TarboxError ? error.failure : failure(error) }
      }
    })
    void Promise.all(replies).then(done)
  }

  watch(id: number, watched: Watched, _after: number, tell: Watcher['tell']): void {
    const end = () => this.#watching.delete(id)
    this.#watching.set(id, this.#connection.watch(watched, { tell: (events) => tell(events, 0), end }))
  }

  unwatch(id: number): void {
    this.#watching.get(id)?.()
    this.#watching.delete(id)
  }

  close(): Promise<void> {
    return this.#connection.close()
  }

  rest(): void {}

  wake(): void {}
}
