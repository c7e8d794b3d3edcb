import assert from 'node:assert/strict'

export const tests = {
  async 'two tabs see each other work'({ open }) {
    const one = await open()
    const two = await open({ workspace: one.workspace })
    await one.openFile('/notes/ideas.md')
    await two.openFile('/notes/ideas.md')
    await one.typeAtBeginning('From the one. ')
    await two.reads('.cm-content', 'From the one. # Ideas')
    await two.click('[aria-label="New folder"]')
    await two.type('shared')
    await two.press('Enter')
    await one.see(one.row('/notes/shared'))
    await one.seal('together')
    await two.see('.moment .name', 'together')
    await two.see('.moment .facts', 'as “together”')
    await two.click('.moment[data-layer="sample"]')
    await one.see('.banner', 'You are looking at “sample”')
    await one.click('.banner button', 'Back to now')
    await two.unseen('.banner')
    // The first tab may hold the files; the second goes on without it.
    await one.close()
    await two.typeAtBeginning('From the other. ')
    await two.reads('.cm-content', 'From the other. From the one.')
    await two.save()
    await two.reload()
    await two.reads('.cm-content', 'From the other. From the one.')
  },

  async 'two tabs opened at once for the first time get one sample'({ open }) {
    const tabs = await Promise.all([open({ workspace: 'at-once' }), open({ workspace: 'at-once' })])
    for (const ui of tabs) {
      await ui.see('.prose h1', 'Welcome')
      assert.equal(await ui.count('.moment'), 2)
      assert.equal(await ui.text('.toast.wrong'), '')
    }
    await tabs[0].click('#tab-activity')
    await tabs[0].see('.record', 'sample')
    assert.equal((await tabs[0].texts('.record')).filter((text) => text.startsWith('sealed')).length, 1)
  },

  async 'nobody writes over what somebody else has written'({ open }) {
    const one = await open()
    const two = await open({ workspace: one.workspace })
    await one.openFile('/notes/ideas.md')
    await two.openFile('/notes/ideas.md')
    // Both type in the same moment: neither has saved, since each saves only after a pause.
    await two.toBeginning()
    await one.typeAtBeginning('Mine. ')
    await two.type('Theirs. ')
    await Promise.all([one.press('Control+s'), two.press('Control+s')])
    const [loser, winner] = await one.until('one of them to hear of it', async () =>
      (await one.count('.notice')) ? [one, two] : (await two.count('.notice')) ? [two, one] : undefined,
    )
    await loser.see('.notice', 'Your changes are not saved yet')
    await loser.click('.notice button', 'Keep my version')
    await loser.unseen('.notice')
    await loser.unseen('.tab .dirty')
    const text = await loser.editor()
    await winner.until(
      'the other’s text',
      () => winner.editor(),
      (now) => now === text,
    )
    assert.ok(text.includes(loser === one ? 'Mine' : 'Theirs'))
  },

  async 'without handles for files the status bar says where they are'({ open }) {
    const database = await open({ query: '&storage=indexeddb' })
    await database.see('#status', 'IndexedDB')
    const memory = await open({ query: '&storage=memory' })
    await memory.see('#status .warn', 'In memory only')
    await memory.openFile('/data/bakery.db')
    await memory.see('.grid .line')
  },

  async 'where the browser keeps nothing for the site, it works in memory'({ open }) {
    const ui = await open({
      query: '&storage=memory',
      before: () => {
        const get = () => {
          throw new DOMException('The operation is insecure.', 'SecurityError')
        }
        for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get })
      },
    })
    await ui.openFile('/data/bakery.db')
    await ui.see('.grid .line')
    const theme = () => ui.evaluate(() => document.documentElement.dataset.theme)
    const before = await theme()
    await ui.click('[aria-label$=" colours"]')
    await ui.until('other colours', theme, (now) => now !== before)
  },

  async 'a workspace that cannot be opened says why, and what to do'({ open }) {
    const ui = await open({ workspace: '..', wait: '.failed' })
    await ui.see('.failed', "A workspace's name must have 1 to 64 letters")
    await ui.click('.failed button', 'Open “playground”')
    await ui.see('.tree .row')
    const other = await open({
      wait: '.failed',
      before: () => {
        if (location.search.includes('memory')) return
        window.Worker = class {
          constructor() {
            throw new DOMException('No workers here.', 'SecurityError')
          }
        }
      },
    })
    await other.see('.failed', 'No workers here.')
    await other.click('.failed button', 'Work in memory')
    await other.see('.tree .row')
    await other.see('#status .warn', 'In memory only')
  },
}
