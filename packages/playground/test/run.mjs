// node packages/playground/test/run.mjs [--browser NAME] [--long] [--shots DIRECTORY] [PATTERN]: clicks through the page as it was built.
import { mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { launch, NAMES } from 'tarbox-browser-tests/browsers.mjs'
import { serve } from 'tarbox-browser-tests/server.mjs'
import { Ui } from './ui.mjs'

const here = dirname(fileURLToPath(import.meta.url))
const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { browser: { type: 'string' }, long: { type: 'boolean' }, shots: { type: 'string' } },
})
const only = new RegExp(positionals[0] ?? '')
const dist = join(here, '../dist')

/** What no page may ever say. */
const WRONG = /page error|Content.Security.Policy|Refused to|Uncaught|Unhandled|TypeError|pwned/i

/** With `--long` everything runs several times, each in a browser of its own: what goes wrong now and then shows. */
const ROUNDS = options.long ? 5 : 1
const browsers = Array(ROUNDS)
  .fill(options.browser ? [options.browser] : NAMES)
  .flat()

const suites = await Promise.all(
  readdirSync(join(here, 'suites'))
    .sort()
    .map((file) => import(join(here, 'suites', file))),
)
const server = await serve([dist])
if (options.shots) mkdirSync(options.shots, { recursive: true })
let passed = 0
let failed = 0
let number = 0

for (const name of browsers) {
  const complaints = []
  const start = () => launch(name, { onConsole: (text) => WRONG.test(text) && complaints.push(text) })
  let browser = await start()
  for (const { tests = {}, chromiumOnly = {} } of suites) {
    for (const [title, run] of Object.entries({ ...tests, ...(name === 'chromium' && chromiumOnly) })) {
      if (!only.test(`${name} ${title}`)) continue
      const pages = []
      /** A page of a workspace of its own, or of one that is named. */
      const open = async ({
        workspace = `test-${++number}`,
        query = '',
        width = 1280,
        height = 800,
        origin = server.url,
        wait,
        before,
      } = {}) => {
        const ui = new Ui(await browser.newPage())
        pages.push(ui)
        ui.workspace = workspace
        await ui.size(width, height)
        if (before) await ui.before(before)
        await ui.goto(`${origin}/?name=${workspace}${query}`)
        // The sample project is complete when it is sealed.
        for (const selector of wait ? [wait] : ['.tree .row', '.moment[data-layer=sample]']) await ui.see(selector)
        return ui
      }
      const begun = Date.now()
      let error
      try {
        await run({ open, name, dist, images: options.shots, server })
        if (complaints.length > 0) error = `the page complained: ${complaints.join('\n')}`
      } catch (thrown) {
        error = thrown.stack
        if (process.env.TARBOX_SHOT)
          await pages
            .at(-1)
            ?.screenshot(process.env.TARBOX_SHOT)
            .catch(() => undefined)
      }
      complaints.length = 0
      for (const ui of pages) await ui.close().catch(() => undefined)
      console.log(`test ${name} ${title} ... ${error ? 'FAILED' : 'ok'}`)
      if (error) console.log(String(error).replace(/^/gm, '    '))
      if (process.env.TARBOX_TIMES) console.log(`    ${Date.now() - begun} ms`)
      if (error && !(await alive(browser))) {
        console.log('    the browser had gone; another one goes on')
        browser = await start()
      }
      if (error) failed += 1
      else passed += 1
    }
  }
  await browser.close()
}
server.close()
console.log(
  `test result: ${failed === 0 ? 'ok' : 'FAILED'}. ${passed} passed; ${failed} failed; 0 ignored; 0 measured; 0 filtered out`,
)
process.exit(failed === 0 ? 0 : 1)

async function alive(browser) {
  return browser
    .newPage()
    .then((page) => page.close())
    .then(
      () => true,
      () => false,
    )
}
