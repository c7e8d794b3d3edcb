// Pages that are left, but not closed: the browser keeps them, and nothing in them runs until the user comes back.
import assert from 'node:assert/strict'
import { tab, until } from '../tab.mjs'

/** Goes to an address of another site, so that the page is kept whole; with `back` comes back to it. */
async function leave({ page, act }, { origin }) {
  const away = `${origin.replace('127.0.0.1', 'localhost')}/other.html`
  await act('leave', away)
  await page.waitForFunction(() => location.pathname === '/other.html')
}

async function comeBack({ page }) {
  await page.evaluate(() => void setTimeout(() => history.back()))
  await page.waitForFunction(() => 'actions' in window)
}

/** Two tabs of one workspace; the first has the files. */
function twoTabs(run) {
  return async (context) => {
    const browser = await context.launch(context.name, { cachesPages: true })
    try {
      const [one, other] = [await tab(browser, context), await tab(browser, context)]
      await one.act('open', 'aside')
      await one.act('write', '/first', 'one')
      await other.act('open', 'aside')
      assert.equal(await other.act('read', '/first'), 'one')
      await run({ one, other, browser, context })
      assert.deepEqual(await other.act('fsck'), [])
      assert.deepEqual(await other.act('rejections'), [])
    } finally {
      await browser.close()
    }
  }
}

/** The other tab goes on, and says how long that took. */
async function goesOn({ other, context }, what) {
  const before = performance.now()
  assert.equal(await other.act('read', '/first'), 'one')
  console.log(
    `    ${context.name}: the first answer after the owner ${what} came in ${(performance.now() - before).toFixed(0)} ms`,
  )
  await other.act('write', '/second', 'two')
}

export const tests = {
  'a tab whose page is left gives the files to another, and asks anew when the page is back': twoTabs(async (all) => {
    const { one, other, context } = all
    await one.act('whenLeft', 'say')
    await one.act('watch', '/')
    await leave(one, context)
    console.log(`    ${context.name}: the page is ${(await other.act('mayComeBack')) ? 'kept' : 'not kept'}`)
    await goesOn(all, 'was left')
    await comeBack(one)
    if (await one.act('isSame')) {
      // What happened meanwhile is told, too.
      await until(
        () => one.act('seen'),
        (seen) => seen.includes('create /second'),
      )
    } else await one.act('open', 'aside')
    assert.equal(await one.act('read', '/second'), 'two')
    await one.act('write', '/third', 'three')
    assert.equal(await other.act('read', '/third'), 'three')
    assert.deepEqual(await one.act('rejections'), [])
  }),

  'what a page begins while it is left is done, or done when it is back': twoTabs(async (all) => {
    const { one, other, context } = all
    await one.act('whenLeft', 'write')
    await leave(one, context)
    await goesOn(all, 'was left')
    await comeBack(one)
    if (!(await one.act('isSame'))) return
    await one.act('written')
    assert.equal(await other.act('read', '/last'), 'written on the way out')
  }),

  'a page that closes the workspace while it is left keeps nobody waiting': twoTabs(async (all) => {
    await all.one.act('whenLeft', 'close')
    await leave(all.one, all.context)
    await goesOn(all, 'was left and closed')
  }),

  'another page in the same tab opens the workspace': twoTabs(async ({ one, other, context }) => {
    await other.page.goto(`${context.origin}/other.html`)
    await one.page.goto(`${context.origin}/actions.html?again`)
    await one.act('open', 'aside')
    assert.equal(await one.act('read', '/first'), 'one')
    await other.page.goto(`${context.origin}/actions.html?again`)
    await other.act('open', 'aside')
    assert.equal(await other.act('read', '/first'), 'one')
  }),

  'a page that is frozen gives the files to another, and asks anew when it goes on': twoTabs(async (all) => {
    const { one, other } = all
    for (let round = 0; round < 5; round++) {
      await one.act('freeze', true)
      await goesOn(all, 'was frozen')
      await one.act('freeze', false)
      await one.act('write', `/round-${round}`, 'again')
      assert.equal(await other.act('read', `/round-${round}`), 'again')
      await other.act('freeze', true)
      assert.equal(await one.act('read', '/second'), 'two')
      await other.act('freeze', false)
    }
    assert.deepEqual(await one.act('rejections'), [])
  }),
}
