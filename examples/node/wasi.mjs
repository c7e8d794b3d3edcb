// Runs a preview-1 module under node:wasi: node wasi.mjs MODULE HOSTDIR ARG… — HOSTDIR is preopened as /work.
import { readFile } from 'node:fs/promises'
import { WASI } from 'node:wasi'

const [module, directory, ...args] = process.argv.slice(2)
const wasi = new WASI({
  version: 'preview1',
  args: ['tarbox', ...args],
  env: { NO_COLOR: '1' },
  preopens: { '/work': directory },
  returnOnExit: true,
})
const { instance } = await WebAssembly.instantiate(await readFile(module), wasi.getImportObject())
process.exitCode = wasi.start(instance)
