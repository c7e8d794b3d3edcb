// Everybody at once: two tabs, a second device, the server, the command and a mount edit the same names, and end with the same.
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmdirSync } from 'node:fs'
import * as fsPromises from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { TarboxFs } from 'tarbox'
import { cuttingProxy } from '../../tarbox/testing/cutting-proxy.mjs'
import { below, edit, treeOf } from '../../tarbox/testing/edits.mjs'
import { scratch, TARBOX } from '../../tarbox/testing/scratch.mjs'
import { own as ownServer, portOf, tarbox } from '../../tarbox/testing/server.mjs'
import { tab, until } from '../tab.mjs'

const run = promisify(execFile)

/** A replica of the command, which is mounted, too. */
async function native({ url, key }) {
  const path = scratch()
  const env = { ...process.env, TARBOX_API_KEY: key, TARBOX_ALLOW_HTTP: '1' }
  const sync = () => run(TARBOX, ['--db', `sqlite:${path}?sync=${url}/?tenant=default`, 'sync'], { env })
  await sync()
  const directory = mkdtempSync(join(tmpdir(), 'tarbox-mounted-'))
  // It goes on in the background when it is ready.
  const [status] = await once(spawn(TARBOX, ['--db', path, 'mount', directory], { stdio: 'ignore' }), 'exit')
  assert.equal(status, 0, 'it is mounted')
  return {
    path,
    fs: below(directory, fsPromises),
    sync,
    async unmount() {
      await run(TARBOX, ['umount', directory])
      rmdirSync(directory)
    },
    /** What is in it, where nobody else has it open. */
    async tree() {
      const fs = await TarboxFs.open({ path })
      try {
        return await treeOf(fs)
      } finally {
        await fs.close()
      }
    },
  }
}

export const tests = {
  async 'two tabs, another device, the server, the command and a mount end with the same, byte for byte'(context) {
    const at = await ownServer({ cors: context.origin })
    const network = await cuttingProxy(portOf(at.url))
    const remote = new TarboxFs(at.url, at.key)
    const [here, there] = [await context.launch(context.name), await context.launch(context.name)]
    const command = await native(at)
    let isMounted = true
    try {
      const tabs = [await tab(here, context), await tab(here, context), await tab(there, context)]
      const [one, other, away] = tabs
      for (const each of [one, other]) await each.act('openReplica', 'everybody', at.url, at.key)
      // The other device has a network of its own.
      await away.act('openReplica', 'everybody', network.url, at.key)
      const own = []
      const editAll = (seed, count) => {
        const who = [...tabs.map((_, number) => `tab ${number}`), 'the server', 'the mount']
        own.push(...who.map((name, number) => `${name} ${seed + number}`))
        return Promise.all([
          ...tabs.map(({ act }, number) => act('call', String(edit), who[number], seed + number, count)),
          edit(remote, who[3], seed + 3, count),
          edit(command.fs, who[4], seed + 4, count),
        ])
      }
      const rounds = context.long ? 20 : 3
      for (let round = 0; round < rounds; round++) {
        await editAll(100 * round, 15)
        network.cutOff()
        await editAll(100 * round + 50, 10)
        await command.sync()
        network.mend()
      }
      await remote.writeFile('/marked.txt', 'with an attribute')
      await command.sync()
      await command.unmount()
      isMounted = false
      await tarbox(command.path, 'xattr', 'set', '/marked.txt', 'user.said', 'by the command')
      const sides = [
        ...[one, away].map(({ act }) => ({ sync: () => act('synced'), tree: () => act('call', String(treeOf)) })),
        { sync: command.sync, tree: command.tree },
        { sync: async () => undefined, tree: () => treeOf(remote) },
      ]
      // What one brings, the others have to fetch; it ends, since nobody edits any more.
      const trees = await until(
        async () => {
          for (const { sync } of sides) await sync()
          return Promise.all(sides.map(({ tree }) => tree()))
        },
        (trees) => trees.every((tree) => JSON.stringify(sorted(tree)) === JSON.stringify(sorted(trees[0]))),
      )
      assert.equal(JSON.stringify(sorted(await other.act('call', String(treeOf)))), JSON.stringify(sorted(trees[0])))
      console.log(`    ${context.name}: ${Object.keys(trees[0]).length} names on ${sides.length} sides`)
      for (const name of own) assert.match(trees[0][`/${name}.txt`], / by /, `${name} is there`)
      // Whoever lost a name to somebody else has a copy.
      const { conflicts } = await away.act('syncStatus')
      console.log(`    ${context.name}: ${conflicts.length} conflicts on the other device`)
      for (const { act } of tabs) assert.deepEqual(await act('fsck'), [])
      await tarbox(command.path, 'fsck')
      await at.end()
      await tarbox(at.db, 'fsck')
      assert.match(await tarbox(at.db, 'xattr', 'get', '/marked.txt', 'user.said'), /by the command/)
      for (const { act } of tabs) assert.deepEqual(await act('rejections'), [])
    } finally {
      if (isMounted) await command.unmount()
      await remote.close()
      network.close()
      await Promise.all([here.close(), there.close()])
      await at.end('SIGKILL')
    }
  },
}

function sorted(tree) {
  return Object.entries(tree).sort(([one], [other]) => (one < other ? -1 : 1))
}
