import assert from 'node:assert/strict'
import { messagesStay } from '../ui.mjs'

export const tests = {
  async 'the first visit finds a project to look at'({ open }) {
    const ui = await open()
    await ui.see('.prose h1', 'Welcome')
    assert.deepEqual(
      (await ui.texts('.tree .row .name')).sort(),
      ['README.md', 'art', 'data', 'notes', 'queries', 'src'].sort(),
    )
    await ui.see('.timeline .moment', 'sample')
    await ui.see('#status', 'On this device')
    await ui.click('.prose a', 'src/receipt.ts')
    await ui.see('.tab[data-front]', 'receipt.ts')
    await ui.reads('.cm-content', 'What the customer gets')
  },

  async 'a file saves itself, at once when asked, and is there after a reload'({ open }) {
    const ui = await open()
    await ui.openFile('/notes/ideas.md')
    await ui.typeAtBeginning('first ')
    await ui.see('.tab .dirty')
    await ui.unseen('.tab .dirty')
    await ui.type('second ')
    await ui.see('.tab .dirty')
    await ui.save()
    await ui.type('third ')
    await ui.save()
    await ui.reload()
    await ui.see('.tab[data-front]', 'ideas.md')
    await ui.reads('.cm-content', 'first second third # Ideas')
  },

  async 'files and folders are made, renamed, moved and deleted'({ open }) {
    const ui = await open({ before: messagesStay })
    await ui.click('[aria-label="New folder"]')
    await ui.type('drafts')
    await ui.press('Enter')
    await ui.see(ui.row('/drafts'))
    await ui.click('[aria-label="New file"]')
    await ui.see('dialog', 'in /drafts')
    await ui.type('a/b')
    await ui.press('Enter')
    await ui.see('dialog .problem', 'cannot contain a slash')
    await ui.press('Control+a')
    await ui.type('one.txt')
    await ui.press('Enter')
    await ui.see('.tab[data-front]', 'one.txt')
    await ui.see(ui.row('/drafts/one.txt'))
    await ui.drag(ui.row('/drafts/one.txt'), ui.row('/notes'))
    await ui.told('Moved “one.txt” to /notes')
    await ui.unseen(ui.row('/drafts/one.txt'))
    await ui.click('.toast button', 'Undo')
    await ui.see(ui.row('/drafts/one.txt'))
    await ui.choose('/drafts/one.txt', 'Rename')
    await ui.press('Control+a')
    await ui.type('two.txt')
    await ui.press('Enter')
    await ui.see(ui.row('/drafts/two.txt'))
    await ui.see('.tab', 'two.txt')
    await ui.choose('/drafts/two.txt', 'Duplicate')
    await ui.see(ui.row('/drafts/two copy.txt'))
    await ui.choose('/drafts/two copy.txt', 'Move…')
    await ui.press('Control+a')
    await ui.type('archive/2026')
    await ui.press('Enter')
    await ui.told('Moved “two copy.txt” to /archive/2026')
    await ui.unseen(ui.row('/drafts/two copy.txt'))
    await ui.click('.toast:last-child button', 'Undo')
    await ui.see(ui.row('/drafts/two copy.txt'))
    await ui.drag(ui.row('/drafts'), ui.row('/drafts/two.txt'))
    await ui.see('.toast.wrong', 'cannot be moved into itself')
    await ui.choose('/drafts', 'Delete')
    await ui.see('dialog', '2 items')
    await ui.click('dialog button', 'Delete')
    await ui.unseen(ui.row('/drafts'))
    await ui.see('.notice', 'deleted')
  },

  async 'the tree is used with the keyboard alone'({ open }) {
    const ui = await open()
    await ui.see('.prose')
    await ui.until(
      'the text to have the focus',
      () => ui.focused(),
      (name) => name === 'Rendered text',
    )
    // Backwards: forwards, Firefox goes on to its own buttons behind the last of the page, where no driver's keys follow.
    for (let tabs = 0; (await ui.evaluate(() => document.activeElement.getAttribute('role'))) !== 'tree'; tabs++) {
      assert.ok(tabs < 30, 'the tree can be reached')
      await ui.press('Shift+Tab')
    }
    await ui.press('Home')
    assert.equal(await ui.focused(), 'art')
    await ui.press('ArrowDown')
    assert.equal(await ui.focused(), 'data')
    await ui.press('ArrowRight')
    await ui.see(ui.row('/data/bakery.db'))
    await ui.press('ArrowRight')
    assert.equal(await ui.focused(), 'bakery.db')
    await ui.press('ArrowLeft', 'ArrowLeft')
    await ui.unseen(ui.row('/data/bakery.db'))
    assert.equal(await ui.focused(), 'data')
    await ui.type('no')
    assert.equal(await ui.focused(), 'notes')
    await ui.press('Enter')
    await ui.see(ui.row('/notes/ideas.md'))
    await ui.press('ArrowDown', 'F2')
    await ui.type('plans')
    await ui.press('Enter')
    await ui.see(ui.row('/notes/plans.md'))
    await ui.until(
      'the focus to be back',
      () => ui.focused(),
      (name) => name === 'plans.md',
    )
    await ui.press('Delete')
    await ui.see('dialog', 'Delete “plans.md”?')
    await ui.press('Escape')
    await ui.unseen('dialog')
    await ui.press('Delete')
    await ui.see('dialog')
    // What does no harm has the focus.
    await ui.until(
      'the focus in the dialog',
      () => ui.focused(),
      (name) => name === 'Cancel',
    )
    await ui.press('Tab')
    await ui.until(
      'the next button',
      () => ui.focused(),
      (name) => name === 'Delete',
    )
    await ui.press('Enter')
    await ui.unseen(ui.row('/notes/plans.md'))
    await ui.press('F6')
    await ui.until(
      'the next part',
      () => ui.focused(),
      (name) => name !== 'README.md',
    )
    await ui.press('Shift+F6')
    await ui.press('End')
    assert.equal(await ui.focused(), 'README.md')
    await ui.press('Shift+F10')
    await ui.see('.menu')
    await ui.press('Escape')
    await ui.unseen('.menu')
    const [level, size, position] = await Promise.all(
      ['aria-level', 'aria-setsize', 'aria-posinset'].map(
        async (name) => (await ui.attributes(ui.row('/README.md'), name))[0],
      ),
    )
    assert.deepEqual([level, size, position], ['1', '6', '6'])
  },

  async 'bytes, pictures and large texts are shown without reading them whole'({ open }) {
    const ui = await open()
    await ui.dropFiles('.tree', [['data.bin', Array.from({ length: 5000 }, (_, at) => at % 256)]])
    await ui.openFile('/data.bin')
    await ui.reads('.hexrow', '00000000')
    await ui.reads('.hexrow .octets', '00 01 02 03 04 05 06 07  08 09')
    await ui.click('.goto')
    await ui.type('0x1000')
    await ui.press('Enter')
    await ui.reads('.hexrow', '00001000')
    await ui.openFile('/art/loaf.svg')
    await ui.reads('.cm-content', 'ellipse')
    // What is not saved yet is in whatever it is opened as next.
    await ui.typeAtBeginning('<!-- rye -->')
    await ui.choose('/art/loaf.svg', 'Open as bytes')
    await ui.reads('.hexrow .letters', '<!-- rye -->')
    await ui.choose('/art/loaf.svg', 'Open as a picture')
    await ui.until('the picture', () =>
      ui.evaluate(() => [...document.querySelectorAll('.picture img')].some((image) => image.naturalWidth > 0)),
    )
    await ui.evaluate(() => {
      const transfer = new DataTransfer()
      const lines = Array.from({ length: 120_000 }, (_, at) => `line ${at} of a long story, which goes on and on\n`)
      transfer.items.add(new File(lines, 'long.log'))
      document
        .querySelector('.tree')
        .dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: transfer }))
    })
    // Before that it is shorter, and would be edited.
    await ui.told(/Imported 1 file, .* MiB/)
    await ui.openFile('/long.log')
    await ui.reads('.cm-content', 'line 0 of a long story')
    await ui.see('.tools', '512 KiB of')
    await ui.click('[aria-label="Next part"]')
    await ui.until(
      'the next part',
      () => ui.editor(),
      (text) => !text.includes('line 0 of') && text.includes('of a long story'),
    )
  },

  async 'Markdown reads as it is meant'({ open }) {
    const ui = await open()
    const content = `# Title

See https://example.org/a, www.example.org, me@example.org and [this](notes/ideas.md) &amp; &#x2192; &unknown;

- [x] done
  - below it
- [ ] to do

  more of it

| a | b |
| - | - |
| 1 | \`2\` |

> quoted *so*

\`\`\`js
code()
\`\`\`
`
    await ui.dropFiles('.tree', [['read.md', content]])
    await ui.openFile('/read.md')
    await ui.click('[aria-label="Read"]')
    await ui.see('.prose h1', 'Title')
    assert.deepEqual(await ui.texts('.prose > p'), [
      'See https://example.org/a, www.example.org, me@example.org and this & → &unknown;',
    ])
    assert.deepEqual(await ui.attributes('.prose p a', 'href'), [
      'https://example.org/a',
      'https://www.example.org',
      '#',
    ])
    assert.deepEqual(await ui.texts('.prose li li'), ['below it'])
    assert.deepEqual(await ui.texts('.prose .task p'), ['more of it'])
    assert.deepEqual(await ui.texts('.prose td'), ['1', '2'])
    assert.deepEqual(await ui.texts('.prose blockquote em'), ['so'])
    assert.deepEqual(await ui.texts('.prose pre'), ['code()'])
    await ui.click('.prose a', 'this')
    await ui.see('.tab[data-front]', 'ideas.md')
  },

  async 'names and contents are never read as markup'({ open }) {
    const ui = await open()
    const name = '<img src=x onerror="window.pwned=1">'
    const content = `<script>window.pwned=1</script>\n\n<img src=x onerror=window.pwned=1>\n\n[a](javascript:window.pwned=1) **${name}**\n`
    await ui.dropFiles('.tree', [
      [`${name}.md`, content],
      ['"quoted\'`${1}.txt', 'x'],
      ['‮right.txt', 'x'],
      ['__proto__', 'x'],
      ['constructor.constructor', 'x'],
    ])
    await ui.see('.tree .row', `${name}.md`)
    await ui.click('.tree .row', `${name}.md`)
    await ui.reads('.cm-content', 'window.pwned')
    await ui.click('[aria-label="Read"]')
    await ui.see('.prose pre', '<script>')
    assert.equal(await ui.count('.prose img, .prose script, .prose a[href^=javascript]'), 0)
    await ui.click('.tree .row', '__proto__')
    await ui.see('.tab[data-front]', '__proto__')
    assert.equal(await ui.count('.tree .row .kind path[d]'), await ui.count('.tree .row'), 'every row has its icon')
    await ui.click('.tree .row', 'constructor.constructor')
    await ui.see('.tab[data-front]', 'constructor.constructor')
    await ui.seal('<b>layer')
    await ui.click('[aria-label^="What changed from sample"]')
    await ui.see('.change .name', `${name}.md`)
    await ui.click('#tab-activity')
    await ui.see('.record', `${name}.md`)
    assert.equal(await ui.evaluate(() => window.pwned), undefined)
    assert.equal(await ui.count('#panes img:not(.picture img)'), 0)
  },
}
