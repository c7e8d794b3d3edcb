import { TarboxError } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'
import { assert, equal, fails, portOfPage, test } from './harness.js'
import { open, where } from './workspaces.js'

test('the facade has the shape of node:fs/promises', async () => {
  const { promises } = createFs(await open({ name: 'facade', storage: 'memory' }))
  await promises.mkdir('/d/e', { recursive: true })
  await promises.writeFile('/d/f', 'text')
  equal(await promises.readFile('/d/f', 'utf8'), 'text')
  equal(await promises.readFile('/d/f', { encoding: 'utf8' }), 'text')
  assert((await promises.readFile('/d/f')) instanceof Uint8Array)
  equal(await promises.readdir('/d'), ['e', 'f'])
  equal(
    (await promises.readdir('/d', { withFileTypes: true })).map((entry) => [
      entry.name,
      entry.isDirectory(),
      entry.isFile(),
    ]),
    [
      ['e', true, false],
      ['f', false, true],
    ],
  )
  const error = (await fails(() => promises.stat('/nope'), /ENOENT/)) as TarboxError
  equal([error.code, error.errno], ['ENOENT', -2])
  await promises.cp('/d', '/copy', { recursive: true })
  equal(await promises.readFile('/copy/f', 'utf8'), 'text')
  await promises.unlink('/d/f')
  await promises.rm('/d', { recursive: true })
})

test('synchronous calls work in an isolated worker', async () => {
  const fs = await openSync({ ...where, name: 'sync', worker: await portOfPage() })
  fs.rmSync('/s', { recursive: true, force: true })
  fs.mkdirSync('/s/t', { recursive: true })
  fs.writeFileSync('/s/a', 'now')
  equal(fs.readFileSync('/s/a', 'utf8'), 'now')
  const large = new Uint8Array(3 << 20).fill(9)
  fs.writeFileSync('/s/large', large)
  assert(fs.readFileSync('/s/large').every((byte) => byte === 9))
  equal([fs.readdirSync('/s'), fs.existsSync('/s/b'), fs.statSync('/s/a').size], [['a', 'large', 't'], false, 3])
  const file = fs.openSync('/s/a', 'r+')
  fs.writeSync(file, 'NO', 0)
  const buffer = new Uint8Array(3)
  equal([fs.readSync(file, buffer, { position: 0 }), new TextDecoder().decode(buffer)], [3, 'NOw'])
  fs.closeSync(file)
  await fails(() => fs.readFileSync('/s/missing'), /^ENOENT/)
  const { version } = fs.statSync('/s/a')
  fs.cpSync('/s', '/s2', { recursive: true })
  await fails(() => fs.cpSync('/s', '/s2', { recursive: true, errorOnExist: true, force: false }), /EEXIST/)
  await fails(() => fs.renameSync('/s2/a', '/s/large', { replace: false }), /^EEXIST/)
  await fails(() => fs.writeFileSync('/s/a', '', { exclusive: true }), /^EEXIST/)
  fs.utimesSync('/s/a', 1, 1)
  await fails(() => fs.writeFileSync('/s/a', '', { ifVersion: version }), /^ESTALE/)
  fs.rmSync('/s2', { recursive: true })
  const other = await open({ name: 'sync' })
  equal(await other.readFile('/s/a', 'utf8'), 'NOw', 'another user of the same workspace')
  await other.close()
  await fs.close()
})
