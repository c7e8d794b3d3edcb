// Builds the package: bundles and types into dist/. `cargo xtask test packages` puts the engine's modules there before.
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = path.join(root, 'dist')

for (const old of existsSync(dist) ? readdirSync(dist) : []) {
  if (!/^nervusdb.*\.(wasm|js)$/.test(old)) rmSync(path.join(dist, old), { recursive: true })
}
mkdirSync(dist, { recursive: true })
const common = {
  absWorkingDir: root,
  bundle: true,
  target: 'es2022',
  sourcemap: true,
  legalComments: 'none',
  logLevel: 'warning',
}
const node = { ...common, platform: 'node', target: 'node20' }
await Promise.all([
  build({
    ...node,
    entryPoints: ['src/cli/main.ts'],
    format: 'esm',
    outfile: 'dist/cli.js',
    banner: { js: '#!/usr/bin/env node' },
    loader: { '.html': 'text' },
  }),
  build({ ...node, entryPoints: ['src/index.ts'], format: 'esm', outfile: 'dist/index.js' }),
  build({ ...common, platform: 'browser', entryPoints: ['src/browser.ts'], format: 'esm', outfile: 'dist/browser.js' }),
  build({
    ...node,
    entryPoints: ['src/index.ts'],
    format: 'cjs',
    outfile: 'dist/index.cjs',
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  }),
])

const tsc = path.join(root, '../../node_modules/.bin/tsc')
execFileSync(tsc, ['-p', root], { stdio: 'inherit' })
// The same declarations once more, for `require`: a directory says which kind its files are.
cpSync(path.join(dist, 'types'), path.join(dist, 'types-cjs'), { recursive: true })
writeFileSync(path.join(dist, 'types-cjs/package.json'), '{ "type": "commonjs" }\n')
