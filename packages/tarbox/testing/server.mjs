/** A server of this tree for tests, with a tenant of its own for whoever asks. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { scratch, TARBOX, tarbox } from './scratch.mjs'

if (!existsSync(TARBOX)) throw new Error(`there is no ${TARBOX}: cargo build --package tarbox-cli`)

const db = scratch()
const programs = new Set()
process.once('exit', () => programs.forEach((program) => program.kill('SIGKILL')))

let running
let tenants = 0

/** Starts a server on a database, and gives its URL and what ends it. `port` is any that is free unless it is said. */
export async function serve(db, { port = 0, args = [] } = {}) {
  const program = spawn(TARBOX, ['--db', db, '--json', 'serve', '--listen', `127.0.0.1:${port}`, ...args], {
    stdio: ['ignore', 'pipe', process.env.TARBOX_LOG ? 'inherit' : 'ignore'],
    env: { ...process.env, RUST_LOG: process.env.TARBOX_LOG ?? 'error' },
  })
  const ended = new Promise((resolve) => program.once('exit', resolve))
  const end = (signal = 'SIGTERM') => {
    program.ref()
    program.kill(signal)
    return ended
  }
  programs.add(program)
  program.once('exit', () => programs.delete(program))
  for await (const line of createInterface({ input: program.stdout })) {
    program.unref()
    program.stdout.destroy()
    return { ...JSON.parse(line), end }
  }
  throw new Error('the server did not start')
}

export const portOf = (url) => Number(new URL(url).port)

/**
 * A server of somebody's own that can be ended and started again, with a key that may do everything. `cors` is the origin whose pages may
 * call it.
 */
export async function own({ cors } = {}) {
  const path = scratch()
  await tarbox(path, 'init')
  const { key } = JSON.parse(await tarbox(path, '--json', 'key', 'create', '--scope', 'admin', '--as', '0:0'))
  const args = cors ? ['--cors', cors] : []
  let running = await serve(path, { args })
  const port = portOf(running.url)
  const end = (signal) => running.end(signal)
  /** For everybody, or for those alone who are no page. */
  const start = async ({ forPages = true } = {}) => {
    running = await serve(path, { port, args: forPages ? args : [] })
  }
  return { db: path, key, url: running.url, end, start, restart: (signal) => end(signal).then(() => start()) }
}

/** The same for one test. */
export async function alone(t) {
  const server = await own()
  t.after(() => server.end('SIGKILL'))
  return server
}

/** The server of this program, which ends with it. */
export function server() {
  running ??= serve(db)
  return running
}

/** A new tenant at that server, and a key to it, which may do everything unless something else is said. */
export async function tenant(...args) {
  const { url } = await server()
  const name = `t${tenants++}`
  await tarbox(db, 'tenant', 'create', name)
  return { url, key: await newKey(name, ...args) }
}

/** A key to a tenant. */
export async function newKey(name, ...args) {
  const scope = args.includes('--scope') ? [] : ['--scope', 'admin']
  const text = await tarbox(db, '--tenant', name, '--json', 'key', 'create', '--as', '0:0', ...scope, ...args)
  return JSON.parse(text).key
}

export { db, tarbox }
