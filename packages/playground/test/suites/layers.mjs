import assert from 'node:assert/strict'
import { messagesStay } from '../ui.mjs'

async function edit(ui, path, text) {
  await ui.openFile(path)
  await ui.typeAtBeginning(text)
  await ui.save()
}

export const tests = {
  async 'states are sealed, compared, looked at and gone back to'({ open }) {
    const ui = await open({ before: messagesStay })
    await edit(ui, '/src/oven.rs', '// one\n')
    await ui.see('.moment .facts', '1 change since “sample”')
    await ui.seal('before')
    await edit(ui, '/src/oven.rs', '// two\n')
    await ui.choose('/src/forecast.py', 'Delete')
    await ui.click('dialog button', 'Delete')
    await ui.dropFiles('.tree', [['new.txt', 'new']])
    await ui.see(ui.row('/new.txt'))

    await ui.click('[aria-label="What changed from before to Now"]')
    await ui.see('.summary', '3 differences: 1 added, 1 changed, 1 removed')
    await ui.click('.change', 'src/oven.rs')
    await ui.reads('.cm-changedLine', '// two')
    await ui.click('.change', 'src/forecast.py')
    await ui.reads('.cm-deletedChunk', 'How many loaves')

    await ui.click('.moment[data-layer="before"]')
    await ui.see('.banner', 'You are looking at “before”')
    await ui.see('#status', 'Looking at “before”')
    await ui.see(ui.row('/src/forecast.py'))
    await ui.openFile('/src/oven.rs')
    await ui.until(
      'the file as it was',
      () => ui.editor(),
      (text) => text.includes('// one') && !text.includes('// two'),
    )
    await ui.click('.cm-content')
    await ui.type('no')
    assert.ok(!(await ui.editor()).includes('no//'), 'a past state is read-only')
    await ui.press('F2')
    await ui.click('.toast button', 'Undo')
    await ui.unseen('.banner')
    await ui.until(
      'the file as it is',
      () => ui.editor(),
      (text) => text.includes('// two'),
    )
    await ui.unseen(ui.row('/src/forecast.py'))
  },

  async 'tags, drops and going on from the past'({ open }) {
    const ui = await open({ before: messagesStay })
    await edit(ui, '/src/oven.rs', '// one\n')
    await ui.seal('one')
    await edit(ui, '/src/oven.rs', '// two\n')
    await ui.seal('two')
    await edit(ui, '/src/oven.rs', '// three\n')
    await ui.click('[aria-label="More for one"]')
    await ui.click('.menu button', 'Tag')
    await ui.type('good')
    await ui.press('Enter')
    await ui.see('.tag', 'good')
    await ui.click('.tag', 'good')
    await ui.unseen('.tag')
    await ui.click('.toast button', 'Undo')
    await ui.see('.tag', 'good')
    await ui.click('[aria-label="What changed from one to two"]')
    await ui.see('.tab[data-front]', 'one → two')
    await ui.click('[aria-label="More for two"]')
    await ui.click('.menu button', 'Drop')
    await ui.click('dialog button', 'Drop')
    await ui.unseen('.moment .name', 'two')
    // What compared it compares with what there is.
    await ui.see('.tab[data-front]', 'one → Now')
    await ui.reads('.cm-changedLine', '// three')
    await ui.openFile('/src/oven.rs')
    await ui.click('.moment[data-layer="one"]')
    await ui.see('.banner')
    await ui.click('.banner button', 'Continue from here')
    await ui.see('dialog', 'cannot be undone')
    await ui.click('dialog button', 'Continue from here')
    await ui.unseen('.banner')
    await ui.until(
      'the file of then',
      () => ui.editor(),
      (text) => text.includes('// one') && !text.includes('// three'),
    )
  },

  async 'the audit tells what happens, as it happens'({ open }) {
    const ui = await open()
    await ui.click('#tab-activity')
    await ui.see('.record', '/README.md')
    await ui.dropFiles('.tree', [['watched.txt', 'x']])
    await ui.see('.record', '/watched.txt')
    await ui.click('.filters input[type=search]')
    await ui.type('/src')
    await ui.unseen('.record', '/watched.txt')
    await ui.see('.record', '/src/oven.rs')
    assert.ok((await ui.texts('.record .path')).every((path) => path.startsWith('/src')))
  },

  async 'the audit goes back to the beginning, however much was done at once'({ open }) {
    const ui = await open()
    await ui.dropFiles(
      '.tree',
      Array.from({ length: 300 }, (_, at) => [`file-${at}.txt`, 'x']),
    )
    await ui.told('Imported 300 files')
    await ui.click('#tab-activity')
    await ui.see('.record', '.txt')
    const scroll = () =>
      ui.evaluate(() => {
        const records = document.querySelector('.records')
        records.scrollTop = records.scrollHeight
      })
    await ui.until('the first file', async () => (await scroll(), ui.count('.record', '/README.md')))
    assert.ok((await ui.count('.record')) < 100, 'only what is seen is there')
  },

  async 'the storage panel counts, checks and collects'({ open }) {
    const ui = await open()
    await ui.click('#tab-storage')
    await ui.see('.storage', 'that the browser allows')
    await ui.see('.storage dd', '1 sealed')
    await ui.click('.storage button', 'Check everything')
    await ui.told('No problems found.')
    await ui.click('.storage button', 'Collect garbage')
    await ui.told(/space to free|Freed/)
    await ui.click('.storage button', 'Add the sample')
    await ui.see(ui.row('/sample'))
  },
}
