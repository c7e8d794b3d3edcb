// Modules of the source, for what the package does not export.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after } from 'node:test'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const directory = mkdtempSync(path.join(tmpdir(), 'nervusdb-source-'))
after(() => rmSync(directory, { recursive: true, force: true }))

/** Bundles a module below `src`, and gives the path of the bundle. */
export async function bundle(name) {
  const outfile = path.join(directory, name.replace('.ts', '.mjs'))
  await build({
    entryPoints: [path.join(import.meta.dirname, '../src', name)],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
  })
  return outfile
}

export const load = async (name) => import(pathToFileURL(await bundle(name)).href)
