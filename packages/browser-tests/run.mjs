// node packages/browser-tests/run.mjs [--browser NAME] [--long] [TEXT]: runs the tests whose names contain TEXT.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'
import { makeBundle } from './bundle.mjs'
import { launch, NAMES } from './browsers.mjs'
import { serve } from './server.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../..')
const out = join(here, 'dist')
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: 'string' }, long: { type: 'boolean' } },
})
const only = positionals[0] ?? ''

/** Tests that run inside a worker, and scenarios that need more than one page or browser. */
const suites = readdirSync(join(here, 'src'), { withFileTypes: true })
  .filter((entry) => entry.name.endsWith('.test.ts'))
  .map((entry) => entry.name.replace('.test.ts', ''))
const scenarios = await Promise.all(
  readdirSync(join(here, 'scenarios'))
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => import(join(here, 'scenarios', name))),
)

/** In Firefox a workspace on IndexedDB was seen to hang (`the audit and the usage tell`), so these run when asked for, or with `--long`. */
const FIREFOX_ON_REQUEST = ['tarbox', 'scenarios']
const asked = (name, suite) => {
  const held = name === 'firefox' && !options.long && only === '' && FIREFOX_ON_REQUEST.includes(suite)
  if (held) console.log(`NOT RUN: ${name} ${suite}; run them with --long, or by a part of a name`)
  return !held
}

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
await build({
  entryPoints: [...suites.map((suite) => join(here, `src/${suite}.test.ts`)), join(here, 'src/page.ts'), join(here, 'src/actions.ts')],
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
writeFileSync(join(out, 'page.html'), '<!doctype html><meta charset="utf-8"><title>Tests</title><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>')

writeFileSync(join(out, 'actions.html'), '<!doctype html><meta charset="utf-8"><title>Actions</title><link rel="icon" href="data:,"><script type="module" src="/actions.js"></script>')

makeBundle(join(out, 'sample.bundle'))
const server = await serve([out, root])
let passed = 0
let failed = 0
for (const name of options.browser ? [options.browser] : NAMES) {
  const context = { name, url: `${server.url}/page.html`, origin: server.url, long: options.long ?? false, launch, root }
  await inWorkers(context)
  for (const { tests } of asked(name, 'scenarios') ? scenarios : []) {
    for (const [title, run] of Object.entries(tests)) {
      if (`${name} ${title}`.includes(only)) await one(`${name} ${title}`, () => run(context))
    }
  }
}
server.close()
console.log(`test result: ${failed === 0 ? 'ok' : 'FAILED'}. ${passed} passed; ${failed} failed; 0 ignored; 0 measured; 0 filtered out`)
process.exit(failed === 0 ? 0 : 1)

async function inWorkers({ name, url }) {
  const browser = await launch(name, { onConsole: (text) => console.log(`    ${name}: ${text}`) })
  try {
    for (const suite of suites.filter((suite) => asked(name, suite))) {
      const page = await browser.newPage(url)
      await page.evaluate(([suite, only]) => window.startSuite(suite, only), [suite, suite.includes(only) ? '' : only])
      for (let done = false; !done; await new Promise((resolve) => setTimeout(resolve, 50))) {
        for (const result of await page.evaluate(() => window.takeResults())) {
          if (result.done) done = true
          else report(`${name} ${suite}: ${result.name}`, result.error)
        }
      }
      await page.close()
    }
  } finally {
    await browser.close()
  }
}

async function one(title, run) {
  try {
    await run()
    report(title)
  } catch (error) {
    report(title, error.stack)
  }
}

function report(title, error) {
  console.log(`test ${title} ... ${error ? 'FAILED' : 'ok'}`)
  if (error) console.log(error.replace(/^/gm, '    '))
  if (error) failed += 1
  else passed += 1
}
