/** The package as people get it: packed, installed in an empty project, and used in both kinds of module. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { build } from 'esbuild'

const here = import.meta.dirname
const root = join(here, '../../..')
let project

const run = (program, ...args) => execFileSync(program, args, { cwd: project, encoding: 'utf8' })
const put = (name, text) => writeFileSync(join(project, name), text)

before(() => {
  project = realpathSync(mkdtempSync(join(tmpdir(), 'tarbox-project-')))
  const [{ filename, files }] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', project], { cwd: join(here, '..'), encoding: 'utf8' }),
  )
  assert.ok(files.every(({ path }) => /^(dist\/|README.md$|package.json$|LICENSE$)/.test(path)))
  put('package.json', '{ "private": true }')
  run('npm', 'install', '--offline', '--no-audit', '--no-fund', `./${filename}`)
})
after(() => rmSync(project, { recursive: true }))

const BODY = `
  const fs = await TarboxFs.open({ path: process.argv[2] })
  await createFs(fs).promises.appendFile('/log', process.argv[3] + ' ')
  console.log(await fs.readFile('/log', 'utf8'), (await fs.stat('/missing').catch((error) => error)) instanceof TarboxError)
  await fs.close()
  const sync = await openSync({ path: process.argv[2] })
  sync.appendFileSync('/log', 'sync ')
  await sync.close()
`

test('a module and a script use it, one after the other', () => {
  put(
    'module.mjs',
    `import { TarboxFs, TarboxError } from 'tarbox'\nimport { createFs } from 'tarbox/fs'\nimport { openSync } from 'tarbox/sync'\n${BODY}`,
  )
  put(
    'script.cjs',
    `const { TarboxFs, TarboxError } = require('tarbox')\nconst { createFs } = require('tarbox/fs')\nconst { openSync } = require('tarbox/sync')\n;(async () => {${BODY}})()`,
  )
  assert.equal(run('node', 'module.mjs', 'a.db', 'one'), 'one  true\n')
  assert.equal(run('node', 'script.cjs', 'a.db', 'two'), 'one sync two  true\n')
  put(
    'same.mjs',
    `import { createRequire } from 'node:module'\nimport { TarboxFs } from 'tarbox'\nconsole.log(createRequire(import.meta.url)('tarbox').TarboxFs === TarboxFs)`,
  )
  assert.equal(run('node', 'same.mjs'), 'true\n', 'a class is the same one in both')
})

test('both kinds of TypeScript find its types', () => {
  const text = `import { TarboxFs, type Entry } from 'tarbox'
import { createFs } from 'tarbox/fs'
import { openSync } from 'tarbox/sync'
export async function names(path: string | URL): Promise<string[]> {
  const fs = await TarboxFs.open({ path })
  const found: Entry[] = await fs.listDirectory('/')
  const text: string = await createFs(fs).promises.readFile('/f', 'utf8')
  ;(await openSync({ path })).writeFileSync('/f', text)
  // @ts-expect-error: there is no such option
  await TarboxFs.open({ pth: path })
  return found.map(({ name }) => name)
}
`
  put('types.mts', text)
  put('types.cts', text)
  const tsc = join(root, 'node_modules/.bin/tsc')
  for (const [file, module] of [
    ['types.mts', 'nodenext'],
    ['types.cts', 'nodenext'],
    ['types.mts', 'preserve'],
  ]) {
    const lib = ['--lib', 'es2023,dom,esnext.disposable', '--types', '']
    run(tsc, '--ignoreConfig', '--noEmit', '--strict', '--target', 'es2022', '--module', module, ...lib, file)
  }
})

test('a bundle for browsers has nothing of Node.js, and one for Node.js nothing of browsers', async () => {
  put(
    'entry.mjs',
    `export { TarboxFs } from 'tarbox'; export { createFs } from 'tarbox/fs'; export { openSync } from 'tarbox/sync'`,
  )
  const bundled = async (platform) => {
    const entry = join(project, 'entry.mjs')
    const result = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: 'esm',
      platform,
      metafile: true,
    })
    return [Object.keys(result.metafile.inputs).join(), result.outputFiles[0].text]
  }
  const [inBrowser, forBrowser] = await bundled('browser')
  assert.doesNotMatch(inBrowser, /dist\/node/)
  assert.doesNotMatch(forBrowser, /node:|require\(/)
  const [inNode, forNode] = await bundled('node')
  assert.match(inNode, /dist\/node\/tarbox.cjs/)
  assert.doesNotMatch(inNode, /dist\/(index|fs|sync).js/)
  assert.doesNotMatch(forNode, /getDirectory\(\)\.then/)
})

test('the quick start in the README runs as it is pasted', () => {
  const readme = readFileSync(join(here, '../README.md'), 'utf8')
  const [, script, output] = /## In Node\.js[^]*?```js\n([^]*?)```[^]*?```text\n([^]*?)```/.exec(readme)
  put('pasted.mjs', script)
  assert.equal(run('node', 'pasted.mjs'), output)
})
