/// The worker behind a page: it holds the workspace, or reaches the worker of another tab that does.
import { failure } from './errors.js'
import { type Call, flattenReplies, type FromWorker, type Init, type Reply, type ToWorker, unflattenCalls } from './messages.js'
import { Node } from './node.js'
import { answer } from './shared.js'

const post = (message: FromWorker, transfer: Transferable[] = []) => postMessage(message, { transfer })

let node: Node | undefined

addEventListener('message', (event: MessageEvent<ToWorker>) => {
  const { data } = event
  if (Array.isArray(data)) return node?.run(unflattenCalls(data), reply)
  if ('init' in data) return void start(data.init)
  if (!node) return
  if ('watch' in data) node.watch(data.watch.id, data.watch.path, data.watch.after, (events) => post({ changes: { id: data.watch.id, events } }))
  else if ('unwatch' in data) node.unwatch(data.unwatch)
  else if ('sync' in data) runSync(data.sync.call, data.sync.buffer)
  else if ('close' in data) void close()
})

/** Bytes from which on it is cheaper to give memory away than to copy it. */
const LARGE = 1 << 15

function reply(replies: Reply[]): void {
  const large: Transferable[] = []
  for (const reply of replies) {
    if ('bytes' in reply && reply.bytes && reply.bytes.length >= LARGE) large.push(reply.bytes.buffer)
  }
  post(flattenReplies(replies), large)
}

async function start(init: Init): Promise<void> {
  try {
    const opened = new Node(init)
    const storage = await opened.start()
    node = opened
    post({ ready: { storage } })
  } catch (error) {
    post({ failed: failure(error) })
  }
}

/** A caller waits in another worker, without an event loop. */
function runSync(call: Call, buffer: SharedArrayBuffer): void {
  node!.run([call], ([reply]) => answer(buffer, reply!))
}

async function close(): Promise<void> {
  await node?.close()
  post({ closed: true })
}
