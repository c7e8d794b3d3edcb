// Runs a composed program in Node.js: `node run.mjs PROGRAM.wasm DIRECTORY [ARGUMENTS…]`.
// The program keeps its workspace in DIRECTORY, which is all it is lent.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { transpileBytes } from '@bytecodealliance/jco-transpile'
import { _setArgs } from '@bytecodealliance/preview2-shim/cli'
import { _setPreopens } from '@bytecodealliance/preview2-shim/filesystem'

const [program, directory, ...args] = process.argv.slice(2)
if (directory === undefined) {
  console.error('usage: node run.mjs PROGRAM.wasm DIRECTORY [ARGUMENTS...]')
  process.exit(2)
}
const module = await transpiled(await readFile(program))
_setPreopens({ '/': directory })
_setArgs([program, ...args])
const { run } = await import(module)
try {
  run.run()
} catch (error) {
  // It returned a failure, which has no value; or it trapped, and what it wrote is kept all the same.
  process.exitCode = error === undefined || error.payload !== undefined ? 1 : 134
  if (process.exitCode === 134) console.error(`${program}: ${error.message}`)
}

/** The component as JavaScript, made once for each content. */
async function transpiled(bytes) {
  const name = createHash('sha256').update(bytes).digest('hex').slice(0, 32)
  const cache = join(dirname(fileURLToPath(import.meta.url)), 'node_modules', '.transpiled')
  const main = join(cache, name, 'program.js')
  try {
    await readFile(main)
    return main
  } catch {
    // It is not there yet.
  }
  const { files } = await transpileBytes(bytes, { name: 'program' })
  const making = `${join(cache, name)}.${process.pid}`
  for (const [path, content] of Object.entries(files)) {
    const file = join(making, path)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  try {
    await rename(making, join(cache, name))
  } catch {
    // Another process was faster, with the same result.
    await rm(making, { recursive: true })
  }
  return main
}
