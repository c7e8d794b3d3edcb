// Turns an engine module into JavaScript: node scripts/javascript.mjs BINARYEN IN.wasm OUT.js
//
// BINARYEN is the directory of binaryen's programs. The result exports `instantiate(imports)`, which gives what an instance of
// the WebAssembly module would export.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { transform } from 'esbuild'

const [binaryen, input, output] = process.argv.slice(2)
const work = mkdtempSync(path.join(tmpdir(), 'nervusdb-js-'))
const run = (program, ...args) =>
  execFileSync(process.execPath, [path.join(binaryen, program), ...args], { stdio: ['ignore', 'ignore', 'inherit'] })

try {
  // wasm2js knows the first version of WebAssembly; what came later is expressed by it.
  const lowered = path.join(work, 'lowered.wasm')
  run(
    'wasm-opt',
    input,
    '-o',
    lowered,
    '-O3',
    '--enable-bulk-memory',
    '--enable-sign-ext',
    '--enable-mutable-globals',
    '--enable-nontrapping-float-to-int',
    '--enable-reference-types',
    '--enable-multivalue',
    '--signext-lowering',
    '--llvm-memory-copy-fill-lowering',
    '--llvm-nontrapping-fptoint-lowering',
    '--strip-target-features',
  )
  const raw = path.join(work, 'raw.js')
  run('wasm2js', lowered, '-o', raw, '-O3')
  const code = readFileSync(raw, 'utf8')
  const end = code.indexOf('\nvar retasmFunc = ')
  const body = code.slice(0, end).replace("import * as host from 'host';", '')
  if (end < 0 || body.includes('import ')) throw new Error('wasm2js has changed the frame of its output')
  const module = `${body}\nexport const instantiate = (imports) => asmFunc(imports);\n`
  const minified = await transform(module, { minify: true, format: 'esm', target: 'es2022', legalComments: 'none' })
  writeFileSync(output, minified.code)
} finally {
  rmSync(work, { recursive: true, force: true })
}
