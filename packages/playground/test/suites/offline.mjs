import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serve } from 'tarbox-browser-tests/server.mjs'

export const tests = {
  async 'after the first visit it works without a server'({ open, dist }) {
    const server = await serve([dist])
    const ui = await open({ origin: server.url })
    await ui.see('#status', 'Works offline')
    server.close()
    server.drop()
    await assert.rejects(fetch(server.url), 'the server is really gone')
    await ui.reload()
    await ui.see('.prose h1', 'Welcome')
    // Parts that were not needed before, too.
    await ui.openFile('/src/oven.rs')
    await ui.reads('.cm-content', 'The oven heats')
    await ui.typeAtBeginning('// offline ')
    await ui.save()
    await ui.openFile('/data/bakery.db')
    await ui.see('.grid .line')
    await ui.reload()
    await ui.openFile('/src/oven.rs')
    await ui.reads('.cm-content', '// offline //!')
  },

  async 'a new version is offered and not forced'({ open, dist }) {
    const copy = mkdtempSync(join(tmpdir(), 'tarbox-playground-'))
    cpSync(dist, copy, { recursive: true })
    const server = await serve([copy])
    try {
      const ui = await open({ origin: server.url })
      await ui.see('#status', 'Works offline')
      const page = readFileSync(join(copy, 'index.html'), 'utf8')
      writeFileSync(join(copy, 'index.html'), page.replace('<body>', '<body class="newer">'))
      const worker = readFileSync(join(copy, 'service-worker.js'), 'utf8')
      const version = /[0-9a-f]{12}/.exec(worker)[0]
      writeFileSync(join(copy, 'service-worker.js'), worker.replaceAll(version, 'newer-000000'))
      await ui.evaluate(() =>
        navigator.serviceWorker
          .getRegistration()
          .then((registration) => registration.update())
          .then(() => undefined),
      )
      await ui.see('#status .update', 'New version')
      assert.equal(await ui.count('body.newer'), 0, 'nothing happens by itself')
      await ui.reload()
      await ui.see('.tree .row')
      assert.equal(await ui.count('body.newer'), 0, 'not by a reload either')
      await ui.click('#status .update')
      await ui.see('body.newer')
      await ui.see('.tree .row')
    } finally {
      server.close()
      server.drop()
      rmSync(copy, { recursive: true })
    }
  },

  async 'it can be installed'({ open, dist, server }) {
    const ui = await open()
    assert.equal(
      await ui.evaluate(() => document.querySelector('link[rel=manifest]').href),
      `${server.url}/manifest.webmanifest`,
    )
    const manifest = JSON.parse(readFileSync(join(dist, 'manifest.webmanifest'), 'utf8'))
    assert.equal(manifest.display, 'standalone')
    for (const { src, type } of manifest.icons) {
      const answer = await fetch(`${server.url}/${src}`)
      assert.equal(answer.headers.get('content-type'), type)
      assert.match(await answer.text(), /^<svg/)
    }
  },
}
