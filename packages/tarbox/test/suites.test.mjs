/** What browsers run on their places for a workspace, on those of Node.js. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const SUITES = ['files', 'history', 'exchange']
const here = import.meta.dirname
const suites = join(here, '../testing/suites')

/** Gives a suite this package, and what it has for words. */
const words = {
  name: 'words',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/(harness|workspaces)\.js$/ }, ({ path }) => ({
      path: join(suites, path.replace('.js', '.mjs')),
      ...(path.includes('workspaces') && { external: true }),
    }))
    onResolve({ filter: /^tarbox$/ }, () => ({ path: import.meta.resolve('tarbox'), external: true }))
  },
}

const directory = mkdtempSync(join(tmpdir(), 'tarbox-suites-'))
after(() => rmSync(directory, { recursive: true }))
for (const suite of SUITES) {
  const outfile = join(directory, `${suite}.mjs`)
  await build({
    entryPoints: [join(here, `../../browser-tests/src/tarbox-${suite}.test.ts`)],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    logLevel: 'warning',
    plugins: [words],
  })
  await import(pathToFileURL(outfile).href)
}
