import { moduleSource } from '#platform'
import type { ModuleSource } from 'tarbox-device'
import { deferred } from './deferred.js'
import { failure } from './errors.js'
import {
  type Call,
  flattenReplies,
  type FromWorker,
  type Init,
  type Reply,
  type Storage,
  type ToWorker,
  unflattenCalls,
  type Watched,
} from './messages.js'
import { Node } from './node.js'
import type { Done } from './outbox.js'
import { ServerNode } from './server/node.js'
import { answer } from './shared.js'
import type { Watcher } from './watchers.js'

/** What messages come and go through: a worker's own scope, or a port. */
export interface Endpoint {
  postMessage(message: FromWorker, transfer: Transferable[]): void
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null
}

/** Bytes from which on it is cheaper to give memory away than to copy it. */
const LARGE = 1 << 15

/** Who has a workspace, or reaches who has it. */
export interface Holder {
  readonly client: string
  start(): Promise<Storage>
  run(calls: Call[], done: Done): void
  watch(id: number, watched: Watched, after: number, tell: Watcher['tell']): void
  unwatch(id: number): void
  close(): Promise<void>
  rest(): void
  wake(): void
}

/** What a worker does when its page is put aside, and when it is back. */
export interface Service {
  rest(): void
  wake(): void
}

/** Holds a workspace for whoever is at the other end, or reaches the worker of another tab that does. */
export function serve(endpoint: Endpoint, closed: () => void = () => undefined): Service {
  let node: Holder | undefined
  const post = (message: FromWorker, transfer: Transferable[] = []) => endpoint.postMessage(message, transfer)

  const reply = (replies: Reply[]) => {
    const large: Transferable[] = []
    for (const reply of replies) {
      if ('bytes' in reply && reply.bytes && reply.bytes.length >= LARGE) large.push(reply.bytes.buffer)
    }
    post(flattenReplies(replies), large)
  }

  const ahead = deferred<ModuleSource>()

  const start = async (init: Init) => {
    node = init.server
      ? new ServerNode(init.server)
      : new Node(init, init.ahead ? ahead.promise : moduleSource(init.wasm))
    try {
      post({ ready: { storage: await node.start(), client: node.client } })
    } catch (error) {
      post({ failed: failure(error) })
      // Where this is a worker with other things to do, nothing of it stays.
      await node.close().catch(() => undefined)
      node = undefined
    }
  }

  /** A caller waits in another worker, without an event loop. */
  const runSync = (call: Call, buffer: SharedArrayBuffer) => node!.run([call], ([reply]) => answer(buffer, reply!))

  const close = async () => {
    const failed = await node?.close().then(() => undefined, failure)
    post({ closed: failed })
    closed()
  }

  endpoint.onmessage = ({ data }) => {
    if (Array.isArray(data)) return node?.run(unflattenCalls(data), reply)
    if ('init' in data) return void start(data.init)
    if ('module' in data) return ahead.resolve(data.module)
    if (!node) return
    if ('watch' in data)
      node.watch(data.watch.id, data.watch.watched, data.watch.after, (events, last) =>
        post({ changes: { id: data.watch.id, events, last } }),
      )
    else if ('unwatch' in data) node.unwatch(data.unwatch)
    else if ('sync' in data) runSync(data.sync.call, data.sync.buffer)
    else if ('close' in data) void close()
    else if ('rest' in data) node.rest()
    else if ('wake' in data) node.wake()
  }
  return { rest: () => node?.rest(), wake: () => node?.wake() }
}
