import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ALL, shoot, theme, violations } from '../rules.mjs'

/** Every part of the page, one after the other. */
const VIEWS = {
  async read() {},
  async edit(ui) {
    await ui.openFile('/src/receipt.ts')
    await ui.reads('.cm-content', 'receipt')
  },
  async sql(ui) {
    await ui.openFile('/data/bakery.db')
    await ui.see('.grid .line')
    await ui.click('.schema summary', 'product')
    await ui.see('.schema li', 'price')
    await ui.click('.console >>> .cm-content')
    await ui.press('Control+a')
    await ui.paste(
      'SELECT name, price / 100.0 AS euros, sum(count) AS sold\n  FROM sale JOIN product ON product.id = sale.product\n GROUP BY product.id ORDER BY sold DESC;',
    )
    await ui.press('Control+Enter')
    await ui.see('.message', '12 rows')
  },
  async diff(ui) {
    await ui.openFile('/src/receipt.ts')
    await ui.reads('.cm-content', 'receipt')
    await ui.click('.cm-content')
    await ui.press('Control+End', 'Enter')
    await ui.paste(
      '\n/** Half price in the evening. */\nexport const evening = (price: number) => Math.ceil(price / 2)',
    )
    await ui.save()
    await ui.dropFiles('.tree', [['fig-loaf.md', '# Fig loaf\n\nRye, figs, salt.\n']])
    await ui.see('.moment .facts', '2 changes')
    await ui.click('[aria-label="What changed from sample to Now"]')
    await ui.click('.change', 'receipt.ts')
    await ui.see('.cm-changedLine')
  },
  async past(ui) {
    await ui.click('.moment[data-layer="sample"]')
    await ui.see('.banner')
  },
  async activity(ui) {
    await ui.click('#tab-activity')
    await ui.see('.record')
  },
  async storage(ui) {
    await ui.click('#tab-storage')
    await ui.see('.storage dd')
  },
  async dialog(ui) {
    await ui.click('[aria-label="Help and keys"]')
    await ui.see('dialog .keys')
  },
  async menu(ui) {
    await ui.press('Escape')
    await ui.click('[aria-label="Import"]')
    await ui.see('.menu')
  },
}

export const tests = {
  async 'a phone shows one panel at a time, and all of it'({ open, images }) {
    const ui = await open({ workspace: 'bakery-phone', width: 360, height: 740, wait: '.prose' })
    const fits = async (where) =>
      assert.ok(
        await ui.evaluate(
          () =>
            document.documentElement.scrollWidth <= 360 &&
            [...document.querySelectorAll('button, input, select')].every((one) => {
              const box = one.getBoundingClientRect()
              return (
                box.width === 0 ||
                getComputedStyle(one).visibility === 'hidden' ||
                one.closest('.strip, .grid, .schema') ||
                box.right <= 361
              )
            }),
        ),
        `${where} fits`,
      )
    await fits('a text')
    if (images) await ui.screenshot(join(images, 'playground-phone.png'))
    await ui.click('#tabs button', 'Files')
    await ui.click(ui.row('/data'))
    await fits('the tree')
    await ui.click(ui.row('/data/bakery.db'))
    await ui.see('.grid .line')
    await fits('the console')
    if (images) await ui.screenshot(join(images, 'playground-phone-sql.png'))
    await ui.click('#tabs button', 'History')
    await ui.seal('on the go')
    await fits('the history')
    await ui.click('#tabs button', 'Activity')
    await ui.see('.record', 'on the go')
    await fits('the activity')
    await ui.click('#tabs button', 'Storage')
    await ui.see('.storage dd', '2 sealed')
    await fits('the storage')
    await ui.click('[aria-label="Help and keys"]')
    await ui.see('dialog')
    await fits('a dialog')
  },

  async 'what is worked on has room on every screen'({ open }) {
    const ui = await open({ width: 1024 })
    await ui.evaluate(() =>
      ['--files-width', '--side-width'].forEach((name) => document.documentElement.style.setProperty(name, '600px')),
    )
    const room = () => ui.evaluate(() => document.getElementById('work').getBoundingClientRect().width)
    await ui.until('room between wide panels', room, (width) => width >= 320 && width < 700)
    await ui.size(768, 1024)
    await ui.until('all the room of a tablet', room, (width) => width === 768)
  },
}

export const chromiumOnly = {
  async 'nothing breaks the rules of accessibility, in light and dark'({ open, images }) {
    const ui = await open({ workspace: 'bakery', wait: '.prose' })
    await ui.see('#status', 'Works offline')
    const found = []
    for (const [view, show] of Object.entries(VIEWS)) {
      await theme(ui, 'light')
      await show(ui)
      for (const colours of view === 'menu' || view === 'dialog' ? ['light'] : ['light', 'dark']) {
        await theme(ui, colours)
        if (images) await shoot(ui, join(images, `playground-${view}-${colours}.png`))
        // Other colours are all that differs.
        found.push(
          ...(await violations(ui, colours === 'light' ? ALL : ['color-contrast'])).map(
            (one) => `${view}, ${colours}: ${one}`,
          ),
        )
      }
    }
    assert.deepEqual(found, [])
    await ui.press('Escape')
    await ui.size(360, 740)
    found.push(...(await violations(ui)))
    assert.deepEqual(found, [])
  },
}
