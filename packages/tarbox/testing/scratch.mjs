/** Places and programs for tests on database files. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

const directories = []
process.once('exit', () => directories.forEach((directory) => rmSync(directory, { recursive: true, force: true })))

/** A path for a database in a directory of its own, which is gone after all tests: what is open in it is closed before. */
export function scratch() {
  const directory = mkdtempSync(join(tmpdir(), 'tarbox-file-'))
  directories.push(directory)
  return join(directory, 'work.db')
}

/** Registers a test with each place for a workspace; its context says how it is opened. */
export function everywhere(title, body) {
  test(`${title} (memory)`, (t) => body(Object.assign(t, { place: {} })))
  test(`${title} (file)`, (t) => body(Object.assign(t, { place: { path: scratch() } })))
  // Not before it is needed: it wants the command.
  test(`${title} (server)`, async (t) => {
    const { tenant } = await import('./server.mjs')
    await body(Object.assign(t, { place: await tenant() }))
  })
}

/** The native command, as built in this tree unless `TARBOX_BIN` says otherwise. */
export const TARBOX = process.env.TARBOX_BIN ?? join(import.meta.dirname, '../../../target/debug/tarbox')

/** Runs the native command on a database, and gives what it printed. It fails with its status in `code`, and `stderr`. */
export async function tarbox(db, ...args) {
  const { stdout } = await run(TARBOX, ['--db', db, ...args])
  return stdout
}

/** Runs a script as a module of this package. */
export async function node(script, ...args) {
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script, ...args], {
    cwd: import.meta.dirname,
  })
  return stdout
}
