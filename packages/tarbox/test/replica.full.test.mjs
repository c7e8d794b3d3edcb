/** A replica where there is no room, here or at the server, and two that want one file: each is said, and nothing is lost. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { TarboxFs } from 'tarbox'
import { at as atServer, replica, until } from '../testing/replicas.mjs'
import { node, scratch, tarbox } from '../testing/scratch.mjs'
import { alone, tenant } from '../testing/server.mjs'
import { small } from '../testing/small.mjs'

const MiB = 1 << 20

test('what finds no room here stays at the server, and comes when there is room', async (t) => {
  const directory = small(t)
  if (!directory) return t.skip('nothing can be mounted here')
  const at = await tenant()
  const remote = atServer(t, at)
  const path = join(directory, 'work.db')
  let local = await replica(t, at, { path })
  const ours = randomBytes(4 * MiB)
  await local.writeFile('/ours', ours)
  await local.synced()
  const theirs = randomBytes(30 * MiB)
  await remote.writeFile('/theirs', theirs)
  const lacksRoom = ({ state, refused }) =>
    state === 'full' || Object.values(refused).some((why) => /here: .*room|here: .*ENOSPC|here: .*space/i.test(why))
  const { state, error, refused } = await until(local, lacksRoom)
  t.diagnostic(`${state} ${error?.message} ${JSON.stringify(refused)}`)
  assert.ok(ours.equals(await local.readFile('/ours')))
  assert.deepEqual(await local.fsck(), [])
  // What was there is there for whoever opens it next, too.
  await local.close()
  local = await replica(t, at, { path })
  assert.ok(ours.equals(await local.readFile('/ours')))
  assert.ok(theirs.equals(await remote.readFile('/theirs')))
  // Less is wanted, and that fits.
  await remote.writeFile('/theirs', theirs.subarray(0, 2 * MiB))
  await until(local, ({ state, refused }) => state === 'in step' && Object.keys(refused).length === 0)
  assert.ok(theirs.subarray(0, 2 * MiB).equals(await local.readFile('/theirs')))
  await local.writeFile('/more', 'there is room')
  await local.synced()
  assert.equal(await remote.readFile('/more', 'utf8'), 'there is room')
  assert.deepEqual(await local.fsck(), [])
})

test('what the quota of the server has no room for stays here, is said, and is sent when there is room', async (t) => {
  const at = await alone(t)
  const remote = atServer(t, at)
  const path = scratch()
  const local = await replica(t, at, { path })
  await local.writeFile('/small', 'fits')
  await local.synced()
  await tarbox(at.db, 'tenant', 'quota', 'default', '--bytes', String(MiB))
  const large = randomBytes(2 * MiB)
  await local.writeFile('/large', large)
  await local.writeFile('/also small', 'fits, too')
  const { refused } = await until(local, ({ refused }) => '/large' in refused)
  assert.match(refused['/large'], /^at the server: .*quota/)
  // The others are not kept waiting.
  assert.equal(await remote.readFile('/also small', 'utf8'), 'fits, too')
  assert.ok(large.equals(await local.readFile('/large')))
  await tarbox(at.db, 'tenant', 'quota', 'default', '--bytes', 'none')
  await local.synced()
  assert.ok(large.equals(await remote.readFile('/large')))
  assert.deepEqual((await local.replica.status()).refused, {})
})

test('a file is the replica of one program at a time, and each goes on where the other was', async (t) => {
  const at = await alone(t)
  const path = scratch()
  const local = await replica(t, at, { path })
  await local.writeFile('/one', 'by this program')
  await local.synced()
  await assert.rejects(TarboxFs.open({ path, sync: { url: at.url, key: at.key } }), { code: 'EBUSY' })
  const other = `
    import { TarboxFs } from 'tarbox'
    const fs = await TarboxFs.open(${JSON.stringify({ path, sync: { url: at.url, key: at.key } })}).catch((error) => console.log(error.message))
    if (fs) {
      await fs.writeFile('/two', 'by another program')
      await fs.synced()
      console.log((await fs.replica.status()).state)
      await fs.close()
    }
  `
  assert.match(await node(other), new RegExp(`process ${process.pid} has it open`))
  const place = `sqlite:${path}?sync=${at.url}/?tenant=default`
  process.env.TARBOX_API_KEY = at.key
  process.env.TARBOX_ALLOW_HTTP = '1'
  await assert.rejects(tarbox(place, 'sync'), ({ stderr }) => /has it open|busy|locked/i.test(stderr))
  await local.close()
  assert.equal(await node(other), 'in step\n')
  // The command is the same replica: it has nothing to connect, and nothing to copy.
  const report = JSON.parse(await tarbox(place, '--json', 'sync'))
  assert.deepEqual([report.pulled, report.pushed, report.conflicts.length], [0, 0, 0])
  await tarbox(path, 'write', '/three', 'by the command')
  await tarbox(place, 'sync')
  const again = await replica(t, at, { path })
  await again.synced()
  const remote = atServer(t, at)
  for (const workspace of [again, remote])
    assert.deepEqual(
      (await workspace.listDirectory('/')).map(({ name }) => name).filter((name) => name !== '.tarbox'),
      ['one', 'three', 'two'],
    )
  assert.deepEqual((await again.replica.status()).conflicts, [])
})
