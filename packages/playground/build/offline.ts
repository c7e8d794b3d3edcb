import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { build } from 'esbuild'
import type { Plugin } from 'vite'

/** Fonts for other scripts are fetched when a text needs them. */
const ON_DEMAND = /-(cyrillic|greek|vietnamese|latin-ext)(-ext)?-wght/

/** Compiles the service worker with the list of files it keeps. Its version is made of their contents. */
export function offline(): Plugin {
  return {
    name: 'offline',
    apply: 'build',
    async writeBundle({ dir }) {
      const root = dir!
      const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
        .filter((file) => statSync(join(root, file)).isFile() && !file.endsWith('.map') && !ON_DEMAND.test(file))
        .map((file) => relative(root, join(root, file)).split(sep).join('/'))
        .sort()
      const hash = createHash('sha256')
      for (const file of files) hash.update(file).update(readFileSync(join(root, file)))
      const worker = join(import.meta.dirname, '../src/workers/service-worker.ts')
      hash.update(readFileSync(worker))
      await build({
        entryPoints: [worker],
        outfile: join(root, 'service-worker.js'),
        bundle: true,
        minify: true,
        format: 'iife',
        target: 'es2022',
        define: { __FILES__: JSON.stringify(files), __VERSION__: JSON.stringify(hash.digest('hex').slice(0, 12)) },
      })
    },
  }
}
