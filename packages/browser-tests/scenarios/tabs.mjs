// Many tabs, reloads, and browsers that are killed.
import assert from 'node:assert/strict'
import { tab, until } from '../tab.mjs'

export const tests = {
  async 'all tabs see one workspace, and another takes over when the owner goes'(context) {
    const browser = await context.launch(context.name)
    try {
      const tabs = [await tab(browser, context), await tab(browser, context), await tab(browser, context)]
      for (const { act } of tabs) assert.equal(await act('open', 'tabs'), 'opfs')
      await tabs[1].act('watch', '/')
      await tabs[0].act('write', '/from-first', 'one')
      assert.equal(await tabs[2].act('read', '/from-first'), 'one')
      await tabs[2].act('write', '/from-third', 'three')
      assert.equal(await tabs[1].act('read', '/from-third'), 'three')

      // A call is on its way while the owner closes: it is done by the next one.
      await tabs[0].page.close()
      const before = performance.now()
      assert.equal(await tabs[2].act('read', '/from-first'), 'one')
      const took = performance.now() - before
      console.log(`    ${context.name}: the first answer after the owner was closed came in ${took.toFixed(0)} ms`)
      await tabs[2].act('write', '/after', 'still there')
      assert.equal(await tabs[1].act('read', '/after'), 'still there')
      const seen = await until(
        () => tabs[1].act('seen'),
        (seen) => seen.includes('create /after'),
      )
      assert.ok(seen.includes('create /from-third') && seen.includes('create /from-first'))
      assert.deepEqual(await tabs[1].act('fsck'), [])
      for (const { act } of tabs.slice(1)) assert.deepEqual(await act('rejections'), [])
    } finally {
      await browser.close()
    }
  },

  async 'a storm of reloads ends in a clear state'(context) {
    const browser = await context.launch(context.name)
    try {
      const one = await tab(browser, context)
      await one.act('open', 'storm')
      for (let round = 0; round < 8; round++) {
        await one.act('writeForEver', `/r${round}`)
        const count = await until(
          () => one.act('acknowledged'),
          (count) => count >= 3,
        )
        await one.page.reload()
        await one.act('open', 'storm')
        assert.equal(await one.act('check', `/r${round}`, count), '')
      }
      assert.deepEqual(await one.act('fsck'), [])
      assert.deepEqual(await one.act('rejections'), [])
    } finally {
      await browser.close()
    }
  },

  async 'what was acknowledged survives a browser that is killed'(context) {
    for (const storage of ['opfs', 'indexeddb']) {
      let profile
      const written = []
      let last
      const rounds = context.long ? 100 : storage === 'opfs' ? 10 : 3
      for (let round = 0; round < rounds; round++) {
        const browser = await context.launch(context.name, { ...(profile && { profile }) })
        profile = browser.profile
        last = browser
        const { act } = await tab(browser, context)
        await act('open', 'killed', storage)
        for (const [directory, count] of written)
          assert.equal(await act('check', directory, count), '', `${storage}, round ${round}`)
        assert.deepEqual(await act('fsck'), [], `${storage}, round ${round}`)
        await act('writeForEver', `/round-${round}`)
        // A different moment each time.
        const count = await until(
          () => act('acknowledged'),
          (count) => count > 5 + ((round * 13) % 30),
        )
        await browser.kill()
        written.push([`/round-${round}`, count])
      }
      last.remove()
    }
  },
}
