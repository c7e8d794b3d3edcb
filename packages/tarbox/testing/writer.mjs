/**
 * Writes files of many sizes in the database that is named, and says of each when it is durable: `name version`. With `relaxed`,
 * that is after `sync`, with `facade` after `fsync` of the facade. Whoever started it ends it.
 */
import { TarboxFs } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { contentOf } from './content.mjs'

const [path, first, how] = process.argv.slice(2)
const workspace = await TarboxFs.open({ path, durability: how === 'strict' ? 'strict' : 'relaxed' })
const fs = createFs(workspace)

for (let version = Number(first); ; version++) {
  const names = Array.from({ length: 1 + (version % 3) }, (_, at) => `f${(version * 7 + at) % 20}`)
  if (how === 'facade') {
    for (const name of names) {
      const file = await fs.open(`/${name}.new`, 'w')
      await file.write(contentOf(name, version))
      await file.sync()
      await file.close()
      await fs.rename(`/${name}.new`, `/${name}`)
    }
    await workspace.sync()
  } else {
    await Promise.all(names.map((name) => workspace.writeFile(`/${name}`, contentOf(name, version))))
    if (how === 'relaxed') await workspace.sync()
  }
  if (version % 10 === 9) await workspace.layers.checkpoint(`l${version}`)
  process.stdout.write(names.map((name) => `${name} ${version}\n`).join(''))
}
