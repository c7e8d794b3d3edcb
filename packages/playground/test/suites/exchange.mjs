import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Files and folders from the desktop, as only Chromium's protocol can drop them. */
async function dropFromDesktop(ui, selector, paths) {
  const at = await ui.evaluate((selector) => {
    const box = document.querySelector(selector).getBoundingClientRect()
    return { x: box.x + 100, y: box.bottom - 20 }
  }, selector)
  const session = await ui.page.context().newCDPSession(ui.page)
  const data = { items: [], files: paths, dragOperationsMask: 1 }
  for (const type of ['dragEnter', 'dragOver', 'drop'])
    await session.send('Input.dispatchDragEvent', { type, ...at, data })
  await session.detach()
}

export const tests = {
  async 'everything goes out as a tar archive and comes back'({ open }) {
    const ui = await open()
    await ui.catchDownloads()
    await ui.click('[aria-label="Export everything as a tar archive"]')
    const [name, bytes] = await ui.download()
    assert.equal(name, `${ui.workspace}.tar`)
    const directory = mkdtempSync(join(tmpdir(), 'tarbox-playground-'))
    try {
      // What a real tar makes of it.
      writeFileSync(join(directory, 'all.tar'), Buffer.from(bytes))
      const listed = execFileSync('tar', ['-tf', join(directory, 'all.tar')])
        .toString()
        .split('\n')
      assert.ok(listed.includes('data/bakery.db') && listed.includes('src/receipt.ts'))
      mkdirSync(join(directory, 'real/inner'), { recursive: true })
      writeFileSync(join(directory, 'real/inner/ü.txt'), 'from a real tar')
      execFileSync('tar', ['-czf', join(directory, 'real.tar.gz'), '-C', directory, 'real'])
      const { readFileSync } = await import('node:fs')
      await ui.dropFiles('.tree', [['real.tar.gz', [...readFileSync(join(directory, 'real.tar.gz'))]]])
      await ui.told('Unpacked 1 file')
      await ui.openFile('/real/inner/ü.txt')
      await ui.reads('.cm-content', 'from a real tar')
      await ui.dropFiles('.tree', [['broken.tar', 'this is no archive at all '.repeat(50)]])
      await ui.see('.toast.wrong', '“broken.tar” could not be unpacked')
    } finally {
      rmSync(directory, { recursive: true })
    }
  },

  async 'what is there already is asked about'({ open }) {
    const ui = await open()
    await ui.dropFiles('.tree', [
      ['README.md', 'another'],
      ['new.txt', 'new'],
    ])
    await ui.see('dialog', '“README.md” already exists')
    await ui.click('dialog button', 'Keep both')
    await ui.see(ui.row('/README 2.md'))
    await ui.told('Imported 2 files')
    await ui.openFile('/README 2.md')
    await ui.reads('.cm-content', 'another')
  },
}

export const chromiumOnly = {
  async 'a folder of thousands of files is dropped, and the tree stays quick'({ open }) {
    const directory = mkdtempSync(join(tmpdir(), 'tarbox-playground-'))
    try {
      mkdirSync(join(directory, 'many/deep'), { recursive: true })
      for (let at = 0; at < 3000; at++) writeFileSync(join(directory, `many/file-${at}.txt`), `content ${at}`)
      writeFileSync(join(directory, 'many/deep/bottom.txt'), 'the bottom')
      writeFileSync(join(directory, 'big.bin'), Buffer.alloc(6 << 20, 7))
      const ui = await open()
      await dropFromDesktop(ui, '.tree', [join(directory, 'many'), join(directory, 'big.bin')])
      await ui.told('Imported 3,002 files')
      await ui.click(ui.row('/many'))
      await ui.see(ui.row('/many/deep'))
      await ui.press('End')
      await ui.press('ArrowUp', 'ArrowUp')
      assert.ok((await ui.count('.tree .row')) < 100, 'only what is seen is there')
      await ui.press('Home')
      await ui.type('file-2999')
      await ui.until(
        'the file',
        () => ui.focused(),
        (name) => name === 'file-2999.txt',
      )
      await ui.press('Enter')
      await ui.reads('.cm-content', 'content 2999')
      await ui.evaluate(() => (document.querySelector('.tree').scrollTop = 0))
      await ui.openFile('/many/deep/bottom.txt')
      await ui.reads('.cm-content', 'the bottom')
    } finally {
      rmSync(directory, { recursive: true })
    }
  },
}
