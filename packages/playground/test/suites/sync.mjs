// A workspace that is kept in step with a server, through a network that can be cut.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { deflateSync, crc32 } from 'node:zlib'
import { TarboxFs } from 'tarbox'
import { cuttingProxy } from '../../../tarbox/testing/cutting-proxy.mjs'
import { own, portOf, tarbox } from '../../../tarbox/testing/server.mjs'
import { ALL, shoot, theme, violations } from '../rules.mjs'

/** A server, the network before it, and somebody who works there without that network. */
async function elsewhere({ server }, run) {
  const at = await own({ cors: server.url })
  const network = await cuttingProxy(portOf(at.url))
  const remote = new TarboxFs(at.url, at.key)
  try {
    await run({ ...at, remote, network, url: network.url })
  } finally {
    await remote.close()
    network.close()
    await at.end('SIGKILL')
  }
}

/** Connects by hand, as a person does. */
async function connect(ui, { url, key }) {
  await ui.click('.pill', 'Connect')
  await ui.click('.sync .button', 'Connect to a server')
  await fillIn(ui, url, key)
  await ui.unseen('dialog')
  await ui.see('.pill', 'In step')
}

async function fillIn(ui, url, key) {
  await ui.see('dialog input[type=password]')
  for (const [kind, text] of [
    ['url', url],
    ['password', key],
  ]) {
    if (text === undefined) continue
    await ui.click(`dialog input[type=${kind}]`)
    await ui.press('Control+a')
    await ui.type(text)
  }
  await ui.press('Enter')
}

/** Changes files here and there while the network is cut, and has both meet. */
async function clash(ui, { remote, network }, files) {
  const [paths, found] = [Object.keys(files), Object.keys(files).length]
  network.cutOff()
  await ui.dropFiles(
    '.tree',
    paths.map((path) => [path.slice(1), typeof files[path][0] === 'string' ? files[path][0] : [...files[path][0]]]),
  )
  await ui.click('dialog .button', 'Replace')
  await ui.see('.pill', `Offline · ${found} to send`)
  for (const path of paths) await remote.writeFile(path, files[path][1])
  network.mend()
  await ui.see('.pill', `${found} ${found === 1 ? 'conflict' : 'conflicts'}`)
}

const until = (remote, path, text) => async () => (await remote.readFile(path, 'utf8').catch(() => '')).includes(text)

/** A picture of one colour. */
function png(red, green, blue, size) {
  const chunk = (type, data) => {
    const body = Buffer.concat([Buffer.from(type), data])
    const framed = Buffer.alloc(body.length + 8)
    framed.writeUInt32BE(data.length)
    body.copy(framed, 4)
    framed.writeUInt32BE(crc32(body), body.length + 4)
    return framed
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.set([8, 2], 8)
  const line = Buffer.concat([Buffer.from([0]), ...Array(size).fill(Buffer.from([red, green, blue]))])
  const pixels = deflateSync(Buffer.concat(Array(size).fill(line)))
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([signature, chunk('IHDR', head), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))])
}

const RECIPE = `# Rye loaf

* 500 g rye flour
* 350 g water
* 10 g salt
* 100 g sourdough

Mix everything in the evening, and let it rest until the morning.
Bake it at 240 °C for ten minutes, then at 200 °C for fifty.
`

const FILES = {
  '/bread.md': [
    RECIPE.replace('350 g water', '380 g water').replace('fifty', 'forty-five'),
    RECIPE.replace('10 g salt', '12 g salt').replace('in the evening', 'at noon'),
  ],
  '/logo.png': [png(11, 98, 93, 96), png(168, 40, 31, 128)],
  '/ovens.bin': [Buffer.from([0, 1, 2, 3]), Buffer.from([0, 9, 9])],
}

export const tests = {
  async 'a workspace is connected, works through a cut of the network, and says how it stands'(context) {
    await elsewhere(context, async (at) => {
      await at.remote.writeFile('/shared.md', '# Shared\n')
      const ui = await context.open()
      await ui.click('.pill', 'Connect')
      await ui.click('.sync .button', 'Connect to a server')
      // Nothing of this is sent to anybody.
      await fillIn(ui, 'files.example.org', at.key)
      await ui.see('dialog .problem', 'Type the address of a server')
      await fillIn(ui, at.url, 'secret')
      await ui.see('dialog .problem', 'A key begins with tbx_')
      await fillIn(ui, at.url, at.key.replace(/[0-9a-f]{8}$/, '00000000'))
      await ui.see('dialog .problem', 'does not accept this key')
      await fillIn(ui, at.url, at.key)
      await ui.unseen('dialog')
      await ui.see('.pill', 'In step')
      // The sample was not touched, and has given way to what the server has.
      await ui.see(ui.row('/shared.md'))
      await ui.unseen(ui.row('/README.md'))
      await ui.openFile('/shared.md')
      await ui.typeAtBeginning('From the page. ')
      await ui.save()
      await ui.until('it at the server', until(at.remote, '/shared.md', 'From the page. # Shared'))
      await at.remote.writeFile('/new.md', 'from elsewhere')
      await ui.see(ui.row('/new.md'))

      at.network.cutOff()
      await ui.typeAtBeginning('Without a network. ')
      await ui.save()
      await ui.see('.pill', 'Offline · 1 to send')
      await ui.click('.pill')
      await ui.see('.sync .now', 'The server cannot be reached. Everything is saved on this device.')
      // It is the same after the page was closed.
      await ui.reload()
      await ui.see('.pill', 'Offline · 1 to send')
      await ui.reads('.cm-content', 'Without a network. From the page.')
      at.network.mend()
      await ui.click('.pill')
      await ui.click('.sync .button', 'Sync now')
      await ui.see('.pill', 'In step')
      await ui.until('it at the server', until(at.remote, '/shared.md', 'Without a network. From the page.'))

      await ui.click('.sync .button', 'Disconnect')
      await ui.click('dialog .button', 'Disconnect')
      await ui.see('.pill', 'Connect')
      await ui.see(ui.row('/shared.md'))
      assert.equal(await ui.evaluate(() => JSON.stringify(localStorage).includes('tbx_')), false)
    })
  },

  async 'both contents of a conflict are seen beside each other, and one is chosen'(context) {
    await elsewhere(context, async (at) => {
      await at.remote.writeFile('/bread.md', RECIPE)
      await at.remote.writeFile('/logo.png', png(0, 0, 0, 8))
      await at.remote.writeFile('/ovens.bin', new Uint8Array([0]))
      const ui = await context.open()
      await connect(ui, at)
      await clash(ui, at, FILES)
      await ui.click('.pill')
      await ui.click('.paths .button', 'bread.md')
      await ui.see('.conflict .sides', 'On this device')
      await ui.reads('.cm-merge-a .cm-content', '380 g water')
      await ui.reads('.cm-merge-b .cm-content', '12 g salt')
      await ui.click('.side.ours .button', 'Keep this device’s')
      await ui.until('ours at the server', until(at.remote, '/bread.md', '380 g water'))
      // The next one comes by itself.
      await ui.see('.tab[data-front] .name', 'logo.png')
      await ui.see('.pair img')
      await ui.until(
        'the sizes of both pictures',
        async () => (await ui.texts('.pair figcaption')).join(' '),
        (text) => text.includes('96 × 96') && text.includes('128 × 128'),
      )
      await ui.click('.side.theirs .button', 'Keep the server’s')
      await ui.see('.tab[data-front] .name', 'ovens.bin')
      await ui.see('.pair dd', '4 bytes')
      await ui.see('.pair dd', '3 bytes')
      await ui.until(
        'two hashes',
        () => ui.texts('.pair .hash'),
        (hashes) => hashes.length === 2 && hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash)),
      )
      await ui.click('.conflict .tools .button', 'Keep both')
      await ui.see('.pill', 'In step')
      await ui.unseen('.conflict')
      const names = (await at.remote.listDirectory('/')).map(({ name }) => name).sort()
      assert.equal(names.length, 4 + Number(names.includes('.tarbox')), String(names))
      assert.ok(names.some((name) => /^ovens\.conflict-[0-9a-f]+\.bin$/.test(name)))
    })
  },

  async 'a phone shows a conflict in one column, and keys reach everything'(context) {
    await elsewhere(context, async (at) => {
      await at.remote.writeFile('/bread.md', RECIPE)
      const ui = await context.open()
      await connect(ui, at)
      await clash(ui, at, { '/bread.md': FILES['/bread.md'] })
      await ui.size(390, 844)
      await ui.click('.pill')
      await ui.see('.sync .paths .button')
      await ui.evaluate(() => document.querySelector('.sync .paths .button').focus())
      await ui.press('Enter')
      await ui.reads('.in-one >>> .cm-content', '380 g water')
      await ui.see('.in-one >>> .cm-deletedChunk', '12 g salt')
      const wide = await ui.evaluate(
        () =>
          [...document.querySelectorAll('.conflict button, .pill')].filter(
            (one) => one.getBoundingClientRect().right > 391 || one.scrollWidth > one.clientWidth + 1,
          ).length,
      )
      assert.equal(wide, 0, 'everything fits')
      assert.match(await ui.focused(), /Keep this device/)
      await ui.press('Tab')
      assert.match(await ui.focused(), /Keep the server/)
      await ui.press('Enter')
      await ui.told('Kept the content of the server.')
      await ui.click('.toast .button', 'Bring the other back')
      await ui.until('what was not chosen', until(at.remote, '/bread (other).md', '380 g water'))
      assert.match(await at.remote.readFile('/bread.md', 'utf8'), /12 g salt/)
    })
  },

  async 'a key that is revoked is said, and another one goes on'(context) {
    await elsewhere(context, async (at) => {
      const made = JSON.parse(await tarbox(at.db, '--json', 'key', 'create', '--scope', 'write', '--as', '0:0'))
      const ui = await context.open()
      await connect(ui, { ...at, key: made.key })
      await tarbox(at.db, 'key', 'revoke', made.id)
      await ui.dropFiles('.tree', [['late.txt', 'written with a key that is refused']])
      await ui.see('.pill', 'Key refused')
      await ui.click('.pill')
      await ui.click('.sync .button', 'Another key')
      await fillIn(ui, undefined, at.key)
      await ui.see('.pill', 'In step')
      await ui.until('it at the server', until(at.remote, '/late.txt', 'written with a key'))
    })
  },

  async 'all tabs of a workspace are connected together'(context) {
    await elsewhere(context, async (at) => {
      const one = await context.open()
      const two = await context.open({ workspace: one.workspace })
      await connect(one, at)
      await two.see('.pill', 'In step')
      await one.close()
      await two.dropFiles('.tree', [['two.txt', 'from the other tab']])
      await two.until('it at the server', until(at.remote, '/two.txt', 'from the other tab'))
      await two.see('.pill', 'In step')
    })
  },
}

export const chromiumOnly = {
  async 'what is about the server breaks no rule of accessibility, in light and dark, on a desk and a phone'(context) {
    await elsewhere(context, async (at) => {
      await at.remote.writeFile('/bread.md', RECIPE)
      await at.remote.writeFile('/logo.png', png(0, 0, 0, 8))
      const ui = await context.open({ workspace: 'bakery-sync', wait: '.prose' })
      const found = []
      const look = async (view, wanted = {}) => {
        for (const [size, width, height] of [
          ['desk', 1280, 800],
          ['phone', 390, 844],
        ]) {
          await ui.size(width, height)
          if (wanted[size]) await ui.see(wanted[size])
          for (const colours of ['light', 'dark']) {
            // The dialog is in front of the button that changes them.
            if (view !== 'dialog') await theme(ui, colours)
            else if (colours === 'dark') continue
            const name = `playground-sync-${view}-${size}-${colours}`
            if (context.images) await shoot(ui, join(context.images, `${name}.png`))
            const rules = colours === 'light' ? ALL : ['color-contrast']
            found.push(...(await violations(ui, rules)).map((one) => `${name}: ${one}`))
          }
        }
        await ui.size(1280, 800)
        await theme(ui, 'light').catch(() => undefined)
      }
      await ui.click('.pill')
      await look('new')
      await ui.click('.sync .button', 'Connect to a server')
      await ui.see('dialog')
      await look('dialog')
      await ui.press('Escape')
      await connect(ui, at)
      await ui.click('.pill')
      await ui.see('.sync .now', 'In step')
      await look('in-step')
      await clash(ui, at, { '/bread.md': FILES['/bread.md'], '/logo.png': FILES['/logo.png'] })
      await ui.click('.pill')
      await ui.see('.paths .button')
      await look('conflicts')
      at.network.cutOff()
      await ui.dropFiles('.tree', [['offline.txt', 'offline']])
      await ui.see('.pill', 'Offline · 2 conflicts')
      await ui.see('.sync .now', '1 change will be sent')
      await look('offline')
      await ui.click('.paths .button', 'bread.md')
      await ui.reads('.cm-merge-a .cm-content', '380 g water')
      await look('text', { desk: '.contents >>> .cm-mergeView', phone: '.in-one >>> .cm-deletedChunk' })
      await ui.click('.side.ours .button')
      await ui.see('.pair img')
      await look('picture')
      at.network.mend()
      await ui.see('.pill', '1 conflict')
      await tarbox(at.db, 'key', 'revoke', at.key.split('_')[1])
      await ui.dropFiles('.tree', [['late.txt', 'late']])
      await ui.see('.pill', 'Key refused')
      await ui.click('.pill')
      await ui.see('.sync .now', 'does not accept the key')
      await look('refused')
      assert.deepEqual(found, [])
    })
  },
}
