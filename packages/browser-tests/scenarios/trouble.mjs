// Storage that is full, gone, forbidden or held by somebody else: each ends in a clear state.
import assert from 'node:assert/strict'
import { tab } from '../tab.mjs'

const MiB = 1 << 20

/** Runs on a page of a browser of its own; nothing may be left uncaught, neither on the page nor in its workers. */
function trouble(options, run) {
  return async (context) => {
    const uncaught = []
    const onConsole = (line) => /uncaught|unhandled/i.test(line) && uncaught.push(line)
    const browser = await context.launch(context.name, { ...options, onConsole })
    try {
      const one = await tab(browser, context)
      await run({ ...one, browser, context })
      assert.deepEqual(await one.act('rejections'), [])
      assert.deepEqual(uncaught, [])
    } finally {
      await browser.close()
    }
  }
}

export const tests = {
  'a site without room says so, keeps what it acknowledged, and goes on when there is room': trouble(
    { quota: 24 * MiB },
    async ({ page, act }) => {
      await act('open', 'full')
      await act('write', '/before', 'kept')
      const { count, error } = await act('fill', '/a')
      assert.match(error, /^TarboxError: ENOSPC/)
      assert.ok(count > 4, `${count} files of 256 KiB fit`)
      assert.match(await act('tryToReplace', '/before', 400), /^TarboxError: ENOSPC/)
      assert.equal(await act('read', '/before'), 'kept')
      assert.equal(await act('checkFilled', '/a', count), '')
      assert.deepEqual(await act('fsck'), [])

      // So it is for whoever opens it next.
      await page.reload()
      await act('open', 'full')
      assert.equal(await act('read', '/before'), 'kept')
      assert.equal(await act('checkFilled', '/a', count), '')
      assert.deepEqual(await act('fsck'), [])

      await act('remove', '/a')
      await act('gc')
      await act('write', '/after', 'there is room')
      assert.equal(await act('read', '/after'), 'there is room')
      assert.deepEqual(await act('fsck'), [])
    },
  ),

  'storage that is cleared under a workspace ends in an error or a new workspace': trouble(
    {},
    async ({ page, act }) => {
      await act('open', 'cleared')
      await act('write', '/before', 'gone soon')
      await act('clearSite')
      // Browsers let an open file live on, or take it away.
      assert.match(await act('tryToWrite', '/after', 'x'), /^written$|^TarboxError: E[A-Z]+/)
      await page.reload()
      await act('open', 'cleared')
      assert.match(await act('tryToWrite', '/again', 'x'), /^written$/)
      assert.equal(await act('read', '/again'), 'x')
      assert.deepEqual(await act('fsck'), [])
    },
  ),

  'a private window works, or says what it cannot': trouble({ isPrivate: true }, async ({ act, context }) => {
    const error = await act('openError', 'private')
    console.log(`    ${context.name}: in a private window ${error || 'the workspace works'}`)
    if (error) {
      assert.match(error, /^TarboxError: EACCES.*private window.*storage: 'memory'/)
      assert.equal(await act('open', 'private', 'memory'), 'memory')
    }
    await act('write', '/a', 'for now')
    assert.equal(await act('read', '/a'), 'for now')
    assert.deepEqual(await act('fsck'), [])
  }),

  'files that somebody else holds are waited for, and then refused': trouble({}, async ({ act }) => {
    await act('open', 'held')
    await act('write', '/a', 'mine')
    await act('close')
    assert.ok((await act('hold', 'held')) > 0)
    assert.match(await act('openError', 'held'), /^TarboxError: EBUSY.*another tab or worker has it open/)
    await act('letGo')
    assert.equal(await act('openError', 'held'), '')
    assert.equal(await act('read', '/a'), 'mine')
  }),
}
