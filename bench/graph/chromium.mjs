// Stores in a worker of Chromium, ours in its private file system: node chromium.mjs D NAME…; prints one JSON object.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { build } from 'esbuild'
import { launch } from '../../packages/browser-tests/browsers.mjs'
import { serve } from '../../packages/browser-tests/server.mjs'

const [d, ...names] = process.argv.slice(2)
const root = path.join(import.meta.dirname, '../..')
const out = mkdtempSync(path.join(tmpdir(), 'graph-chromium-'))
await build({
  entryPoints: [path.join(import.meta.dirname, 'browser/worker.mjs')],
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  define: { global: 'globalThis' },
  // The engine is found beside the package's own module, which therefore stays as it is.
  plugins: [
    {
      name: 'nervusdb',
      setup: ({ onResolve }) =>
        onResolve({ filter: /^nervusdb$/ }, () => ({ path: '/packages/nervusdb/dist/browser.js', external: true })),
    },
  ],
  logLevel: 'error',
})
writeFileSync(path.join(out, 'index.html'), '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">')
const server = await serve([out, root])
const results = {}
try {
  for (const name of names) {
    const browser = await launch('chromium', { onConsole: (text) => process.stderr.write(`${name}: ${text}\n`) })
    const page = await browser.newPage(`${server.url}/index.html`)
    results[name] = await page.evaluate(
      ([name, d]) =>
        new Promise((resolve, reject) => {
          const worker = new Worker('/worker.js', { type: 'module' })
          worker.onmessage = ({ data }) => resolve(data)
          worker.onerror = ({ message }) => reject(new Error(message))
          worker.postMessage([name, d])
        }),
      [name, Number(d)],
    )
    await browser.close()
  }
} finally {
  server.close()
  rmSync(out, { recursive: true })
}
console.log(JSON.stringify(results))
process.exit()
