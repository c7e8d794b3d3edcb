import * as fs from 'node:fs'
import * as net from 'node:net'
import * as path from 'node:path'
import { Worker } from 'node:worker_threads'

/**
 * Binds a socket at a path, which the system closes when the process ends: whoever tries to connect learns of it, in other containers
 * too. Undefined where the file system has no sockets.
 */
export function light(file: string): net.Server | undefined {
  const server = net.createServer((socket) => socket.destroy())
  // Told by `listening`, which is known at once.
  server.on('error', () => {})
  withShortName(file, (name) => server.listen({ path: name, exclusive: true }))
  server.unref()
  return server.listening ? server : undefined
}

const ALIVE = 1
const DEAD = 2
const PATIENCE_MS = 5_000

/** Connects without waiting for this thread, and says what came of it. */
const ASK = `
const { workerData: { path, answer } } = require('node:worker_threads');
const say = (value) => { Atomics.store(answer, 0, value); Atomics.notify(answer, 0); };
const socket = require('node:net').connect(path, () => { socket.destroy(); say(${ALIVE}); });
socket.once('error', ({ code }) => say(code === 'ECONNREFUSED' || code === 'ENOENT' ? ${DEAD} : ${ALIVE}));
`

/** Whether somebody holds the socket of a path; in doubt, somebody does. Takes as long as a thread takes to start, so it is asked last. */
export function answers(file: string): boolean {
  const found = fs.lstatSync(file, { throwIfNoEntry: false })
  if (found === undefined) return false
  if (!found.isSocket()) return true
  return withShortName(file, (name) => {
    const answer = new Int32Array(new SharedArrayBuffer(4))
    // Options of this process, such as a kind of module, are not for it.
    const worker = new Worker(ASK, { eval: true, execArgv: [], workerData: { path: name, answer } })
    worker.on('error', () => {})
    worker.unref()
    Atomics.wait(answer, 0, 0, PATIENCE_MS)
    return answer[0] !== DEAD
  })
}

/** The longest name of a socket, in bytes. */
const NAME_MAX = 103

function withShortName<T>(file: string, work: (name: string) => T): T {
  if (Buffer.byteLength(file) <= NAME_MAX) return work(file)
  const directory = fs.openSync(path.dirname(file), fs.constants.O_RDONLY)
  try {
    return work(`/proc/self/fd/${directory}/${path.basename(file)}`)
  } finally {
    fs.closeSync(directory)
  }
}
