/** isomorphic-git on the facade: a clone from a bundle, commits, log, checkout. */
import git from 'isomorphic-git'
import { createFs } from 'tarbox/fs'
import { TarboxFs } from 'tarbox'
import { assert, equal, test } from './harness.js'

const where = { wasm: '/packages/tarbox/dist/tarbox.wasm', worker: '/packages/tarbox/dist/worker.js' }
const author = { name: 'A. Writer', email: 'writer@example.org', timestamp: 1_700_000_000, timezoneOffset: 0 }
const dir = '/repo'

/** The objects of a bundle (as `git bundle` writes it) and the branch it holds, put into a repository. */
async function cloneFromBundle(fs: ReturnType<typeof createFs>, bundle: Uint8Array): Promise<void> {
  const start = bundle.findIndex(
    (byte, at) => byte === 0x50 && bundle[at + 1] === 0x41 && bundle[at + 2] === 0x43 && bundle[at + 3] === 0x4b,
  )
  const header = new TextDecoder().decode(bundle.subarray(0, start))
  const [, oid, branch] = /^([0-9a-f]{40}) refs\/heads\/(\S+)$/m.exec(header)!
  await git.init({ fs, dir, defaultBranch: branch! })
  await fs.promises.mkdir(`${dir}/.git/objects/pack`, { recursive: true })
  await fs.promises.writeFile(`${dir}/.git/objects/pack/pack-bundle.pack`, bundle.subarray(start))
  await git.indexPack({ fs, dir, filepath: '.git/objects/pack/pack-bundle.pack' })
  await git.writeRef({ fs, dir, ref: `refs/heads/${branch}`, value: oid! })
  await git.checkout({ fs, dir, ref: branch! })
}

test('isomorphic-git clones from a bundle, commits, logs and checks out', async () => {
  const workspace = await TarboxFs.open({ ...where, name: `git-${crypto.randomUUID().slice(0, 8)}` })
  const fs = createFs(workspace)
  const bundle = new Uint8Array(await (await fetch('/sample.bundle')).arrayBuffer())
  await cloneFromBundle(fs, bundle)
  equal(
    (await git.log({ fs, dir })).map(({ commit }) => commit.message.trim()),
    ['Third', 'Second', 'First'],
  )
  equal(await workspace.readFile(`${dir}/src/main.c`, 'utf8'), 'int main(void) { return 2; }\n')

  await workspace.layers.checkpoint('cloned')
  await workspace.writeFile(`${dir}/src/main.c`, 'int main(void) { return 3; }\n')
  await workspace.writeFile(`${dir}/new.txt`, 'new')
  equal(await git.status({ fs, dir, filepath: 'src/main.c' }), '*modified')
  await git.add({ fs, dir, filepath: ['src/main.c', 'new.txt'] })
  const oid = await git.commit({ fs, dir, author, message: 'Fourth' })
  equal((await git.log({ fs, dir }))[0]!.oid, oid)
  await git.branch({ fs, dir, ref: 'other', checkout: true })
  await workspace.writeFile(`${dir}/new.txt`, 'other')
  await git.add({ fs, dir, filepath: 'new.txt' })
  await git.commit({ fs, dir, author, message: 'Fifth' })
  await git.checkout({ fs, dir, ref: 'main' })
  equal(await workspace.readFile(`${dir}/new.txt`, 'utf8'), 'new')
  equal(await git.listBranches({ fs, dir }), ['main', 'other'])
  const rows = await git.statusMatrix({ fs, dir })
  assert(
    rows.every(([, head, work, stage]) => head === 1 && work === 1 && stage === 1),
    'a clean tree',
  )
  assert((await workspace.layers.diff('cloned')).some(({ path }) => path === `${dir}/new.txt`))
  await workspace.close()
})
