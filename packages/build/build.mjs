// node packages/build/build.mjs PACKAGE=MODULE.wasm…: bundles each package's entries into its dist, with its modules
// beside them and declarations that need nothing but themselves.
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const packages = fileURLToPath(new URL('..', import.meta.url))

/**
 * What each package ships: its entries, its workers (each one file, to start at once), what its modules are called there, and
 * whether all of it is there for Node.js, too.
 */
const SHIPPED = {
  'sqlite-opfs': { entries: ['index'], workers: [], modules: { 'sqlite-opfs.wasm': 'sqlite.wasm' } },
  quickjs: {
    entries: ['index'],
    workers: ['worker'],
    modules: { 'tarbox-quickjs-web.wasm': 'quickjs.wasm' },
    node: true,
  },
  tarbox: {
    entries: ['index', 'fs', 'sync'],
    workers: ['worker'],
    modules: { 'tarbox-web.wasm': 'tarbox.wasm', 'tarbox-sync.wasm': 'tarbox-sync.wasm' },
    node: true,
  },
}

const given = process.argv.slice(2).map((argument) => argument.split('='))
for (const [name, shipped] of Object.entries(SHIPPED)) {
  const modules = given.filter(([of]) => of === name).map(([, wasm]) => wasm)
  if (modules.length > 0) await pack(name, shipped, modules)
}

/** A C function that nobody defined does not fail to link: it becomes an import. */
function refuseStrangeImports(wasm) {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(wasm)))
  const strange = imports.filter(({ module }) => module !== 'tarbox').map(({ module, name }) => `${module}.${name}`)
  if (strange.length > 0) throw new Error(`${wasm} imports what nobody provides: ${strange.join(', ')}`)
}

async function pack(name, { entries, workers, modules, node = false }, built) {
  built.forEach(refuseStrangeImports)
  const from = join(packages, name)
  const dist = join(from, 'dist')
  rmSync(dist, { recursive: true, force: true })
  mkdirSync(dist, { recursive: true })
  const options = {
    outdir: dist,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  }
  const sources = (names) => names.map((entry) => join(from, `src/${entry}.ts`))
  await build({ ...options, entryPoints: sources(entries), splitting: true })
  if (workers.length > 0) await build({ ...options, entryPoints: sources(workers) })
  for (const wasm of built) copyFileSync(wasm, join(dist, modules[basename(wasm)]))
  declarations(from, dist)
  if (node)
    await forNode(
      { ...options, platform: 'node', target: 'node20' },
      { from, dist, name, entries, workers: sources(workers) },
    )
}

/**
 * For Node.js all entries are one CommonJS script, which `import` gets as well: a class is the same one, however a program and its
 * libraries come by it.
 */
async function forNode(options, { from, dist, name, entries, workers }) {
  const outdir = join(dist, 'node')
  const all = join(outdir, `${name}.cjs`)
  await build({ ...options, outdir, entryPoints: workers })
  await build({
    ...options,
    outdir: undefined,
    outfile: all,
    stdin: {
      contents: entries.map((entry) => `export * as ${entry} from './src/${entry}.ts'`).join('\n'),
      resolveDir: from,
    },
    format: 'cjs',
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
  })
  const made = createRequire(import.meta.url)(all)
  for (const entry of entries) {
    writeFileSync(join(outdir, `${entry}.cjs`), `module.exports = require('./${name}.cjs').${entry}\n`)
    const names = Object.keys(made[entry]).filter((exported) => exported !== 'default')
    const lines = [`import all from './${name}.cjs'`, `export const { ${names.join(', ')} } = all.${entry}`]
    if ('default' in made[entry]) lines.push(`export default all.${entry}.default`)
    writeFileSync(join(outdir, `${entry}.js`), `${lines.join('\n')}\n`)
  }
  // The same declarations once more, for `require`: a directory says which kind its files are.
  cpSync(join(dist, 'types'), join(dist, 'types-cjs'), { recursive: true })
  writeFileSync(join(dist, 'types-cjs/package.json'), '{ "type": "commonjs" }\n')
}

/** Emits declarations of the package and of what it bundles, and points one at the other. */
function declarations(from, dist) {
  const types = join(dist, 'types')
  const tsc = join(packages, '../node_modules/.bin/tsc')
  execFileSync(
    tsc,
    [
      '-p',
      from,
      '--noEmit',
      'false',
      '--emitDeclarationOnly',
      '--sourceMap',
      'false',
      '--rootDir',
      packages,
      '--outDir',
      types,
    ],
    {
      stdio: 'inherit',
    },
  )
  const device = join(types, 'device/src/index.js')
  for (const file of readdirSync(types, { recursive: true })
    .filter((file) => file.endsWith('.d.ts'))
    .map((file) => join(types, file))) {
    let path = relative(dirname(file), device)
    if (!path.startsWith('.')) path = `./${path}`
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll("'tarbox-device'", `'${path}'`))
  }
}
