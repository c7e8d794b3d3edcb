// node packages/browser-tests/run.mjs [--browser NAME] [--part suites|scenarios] [--long] [TEXT]: runs the tests whose names
// contain TEXT.
import { copyFileSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { makeBundle } from './bundle.mjs'
import { launch, NAMES } from './browsers.mjs'
import { within } from './patience.mjs'
import { serve } from './server.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const out = join(here, 'dist')
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: 'string' }, part: { type: 'string' }, long: { type: 'boolean' } },
})
const only = positionals[0] ?? ''
const wanted = (part) => (options.part ?? part) === part

/** Tests that run inside a worker, and scenarios that need more than one page or browser. */
const suites = readdirSync(join(here, 'src'), { withFileTypes: true })
  .filter((entry) => entry.name.endsWith('.test.ts'))
  .map((entry) => entry.name.replace('.test.ts', ''))
const scenarios = await Promise.all(
  readdirSync(join(here, 'scenarios'))
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => import(join(here, 'scenarios', name))),
)

/** Seconds without a word from a suite, and seconds of a scenario: a small part of either is enough. */
const SILENCE = 900
const SCENARIO = options.long ? 7200 : 1800

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
await build({
  entryPoints: [
    ...suites.map((suite) => join(here, `src/${suite}.test.ts`)),
    join(here, 'src/page.ts'),
    join(here, 'src/actions.ts'),
  ],
  outdir: out,
  bundle: true,
  splitting: true,
  format: 'esm',
  target: 'es2022',
  sourcemap: 'inline',
  inject: [join(here, 'src/buffer-shim.ts')],
  external: ['/packages/*', '/node_modules/*'],
  logLevel: 'warning',
})
writeFileSync(
  join(out, 'page.html'),
  '<!doctype html><meta charset="utf-8"><title>Tests</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>',
)

writeFileSync(
  join(out, 'actions.html'),
  '<!doctype html><meta charset="utf-8"><title>Actions</title><link rel="icon" href="data:,"><script type="module" src="/actions.js"></script>',
)

writeFileSync(
  join(out, 'other.html'),
  '<!doctype html><meta charset="utf-8"><title>Elsewhere</title><link rel="icon" href="data:,">',
)

makeBundle(join(out, 'sample.bundle'))
const conformance = process.env.TARBOX_CONFORMANCE_WASM
if (!conformance)
  throw new Error(
    'TARBOX_CONFORMANCE_WASM does not say where the conformance suites are: run `cargo xtask test browsers`, which builds them',
  )
copyFileSync(conformance, join(out, 'conformance.wasm'))
const server = await serve([out, root])
let passed = 0
let failed = 0
for (const name of options.browser ? [options.browser] : NAMES) {
  const context = {
    name,
    url: `${server.url}/page.html`,
    origin: server.url,
    long: options.long ?? false,
    launch,
    root,
  }
  if (wanted('suites')) await inWorkers(context)
  for (const { tests } of wanted('scenarios') ? scenarios : []) {
    for (const [title, run] of Object.entries(tests)) {
      if (`${name} ${title}`.includes(only)) await one(`${name} ${title}`, run, context)
    }
  }
}
server.close()
console.log(
  `test result: ${failed === 0 ? 'ok' : 'FAILED'}. ${passed} passed; ${failed} failed; 0 ignored; 0 measured; 0 filtered out`,
)
process.exit(failed === 0 ? 0 : 1)

async function inWorkers({ name, url }) {
  let browser
  for (const suite of suites) {
    let running = 'its first test'
    try {
      browser ??= await launch(name, { onConsole: (text) => console.log(`    ${name}: ${text}`) })
      const page = await browser.newPage(url)
      const ask = (work) => within(SILENCE, () => `${running}: no word for ${SILENCE} seconds`, work)
      await ask(
        page.evaluate(([suite, only]) => window.startSuite(suite, only), [suite, suite.includes(only) ? '' : only]),
      )
      for (let done = false; !done; ) {
        for (const result of await ask(page.evaluate(() => window.takeResults()))) {
          if (result.done) done = true
          else if (result.started) running = result.name
          else report(`${name} ${suite}: ${result.name}`, result.error)
        }
      }
      await page.close()
    } catch (error) {
      report(`${name} ${suite}: ${running}`, error.stack)
      await browser?.kill()
      browser?.remove()
      browser = undefined
    }
  }
  await browser?.close()
}

/** A scenario; one that does not end loses its browsers. */
async function one(title, run, context) {
  const browsers = []
  const launchNoted = async (...options) => {
    const browser = await launch(...options)
    browsers.push(browser)
    return browser
  }
  try {
    await within(SCENARIO, () => `did not end within ${SCENARIO} seconds`, run({ ...context, launch: launchNoted }))
    report(title)
  } catch (error) {
    report(title, error.stack)
    await Promise.all(browsers.map((browser) => browser.kill()))
  }
}

function report(title, error) {
  console.log(`test ${title} ... ${error ? 'FAILED' : 'ok'}`)
  if (error) console.log(error.replace(/^/gm, '    '))
  if (error) failed += 1
  else passed += 1
}
