// node packages/browser-bench/run.mjs [--browser NAME] [--quick] [sqlite|small|large|scale|start]: one line a row,
// `name <TAB> ours <TAB> theirs <TAB> ratio`.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { launch, NAMES } from '../browser-tests/browsers.mjs'
import { serve } from '../browser-tests/server.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const out = join(here, 'dist')
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: 'string' }, quick: { type: 'boolean' } },
})
const wanted = (suite) => positionals.length === 0 || positionals.includes(suite)
const quick = options.quick ?? false

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
await build({
  entryPoints: ['files', 'sqlite', 'floor', 'start'].map((name) => join(here, `src/${name}.ts`)),
  outdir: out,
  bundle: true,
  splitting: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  external: ['/node_modules/*'],
  logLevel: 'error',
})
for (const name of ['files', 'start']) {
  writeFileSync(
    join(out, `${name}.html`),
    `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script type="module" src="/${name}.js"></script>`,
  )
}
const server = await serve([out, join(here, '../..')])
for (const name of options.browser ? [options.browser] : NAMES) {
  const browser = await launch(name, { onConsole: (text) => hear(name, text) })
  for (const suite of ['sqlite', 'small', 'large', 'scale'].filter(wanted)) {
    const page = await browser.newPage(`${server.url}/files.html`)
    await page.waitForFunction(() => 'runSuite' in window)
    await page.evaluate(([suite, quick]) => window.runSuite(suite, quick), [suite, quick])
    await page.close()
  }
  if (wanted('start')) await start(browser, name)
  await browser.close()
}
server.close()

/** The time from navigation to the first file read, warm, in its parts. */
async function start(browser, name) {
  const all = []
  for (let round = 0; round < (quick ? 3 : 9); round++) {
    const page = await browser.newPage(`${server.url}/start.html`)
    await page.waitForFunction(() => 'times' in window)
    const times = await page.evaluate(() => window.times)
    if (round > 0) all.push(times)
    await page.close()
  }
  const median = (of) => all.map(of).sort((one, other) => one - other)[all.length >> 1]
  print(
    `${name}: navigation to first file read, warm / 150 ms`,
    median(({ read }) => read),
    150,
    'ms',
  )
  process.stderr.write(
    `${name}: of which the page ${median(({ loaded }) => loaded).toFixed(0)} ms, opening ${median(({ loaded, opened }) => opened - loaded).toFixed(0)} ms, reading ${median(({ opened, read }) => read - opened).toFixed(1)} ms\n`,
  )
}

/** A row, or what the page complains about. */
function hear(name, text) {
  if (!text.startsWith('row ')) return void process.stderr.write(`${name}: ${text}\n`)
  const { name: row, ours, theirs, unit } = JSON.parse(text.slice(4))
  print(`${name}: ${row}`, ours, theirs, unit)
}

function print(name, ours, theirs, unit) {
  console.log(`${name}\t${ours.toFixed(1)} ${unit}\t${theirs.toFixed(1)} ${unit}\t${(ours / theirs).toFixed(2)}`)
}
