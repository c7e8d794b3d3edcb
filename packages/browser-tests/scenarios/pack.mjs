// The packages as npm packs them, in an empty Vite project without any settings: its server and its build.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build, createServer, preview } from 'vite'

const MAIN = `
import { TarboxFs } from 'tarbox'
import { createFs } from 'tarbox/fs'

const said = []
const fs = await TarboxFs.open({ name: 'vite' })
await fs.writeFile('/a.txt', 'files')
said.push(await createFs(fs).promises.readFile('/a.txt', 'utf8'))
const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module' })
said.push(await new Promise((resolve, reject) => {
  worker.onmessage = ({ data }) => resolve(data)
  worker.onerror = (event) => reject(new Error(event.message))
}))
document.body.textContent = said.join(' and ')
`
const WORKER = `
import sqlite3InitModule from 'sqlite-opfs'

async function start() {
  const sqlite3 = await sqlite3InitModule()
  const pool = await sqlite3.installOpfsSAHPoolVfs()
  const db = new pool.OpfsSAHPoolDb('/a.db')
  return db.selectValue("SELECT 'SQL'")
}
start().then(postMessage, (error) => postMessage(String(error.stack)))
`

/** A project with nothing in it but the packages. */
function project(root) {
  const directory = mkdtempSync(join(tmpdir(), 'tarbox-vite-'))
  const modules = join(directory, 'node_modules')
  for (const name of ['tarbox', 'sqlite-opfs']) {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', directory], { cwd: join(root, 'packages', name) })
    mkdirSync(join(modules, name), { recursive: true })
  }
  for (const archive of readdirSync(directory).filter((file) => file.endsWith('.tgz'))) {
    const name = archive.replace(/-\d.*/, '')
    execFileSync('tar', ['-xzf', join(directory, archive), '-C', join(modules, name), '--strip-components=1'])
  }
  symlinkSync(join(root, 'node_modules/vite'), join(modules, 'vite'))
  writeFileSync(join(directory, 'package.json'), '{ "private": true, "type": "module" }')
  writeFileSync(join(directory, 'index.html'), '<!doctype html><body><script type="module" src="/main.js"></script>')
  writeFileSync(join(directory, 'main.js'), MAIN)
  writeFileSync(join(directory, 'worker.js'), WORKER)
  return directory
}

async function shows(browser, url) {
  const page = await browser.newPage(url)
  await page.waitForFunction(() => document.body.textContent.trim() !== '')
  assert.equal(await page.evaluate(() => document.body.textContent), 'files and SQL')
  await page.close()
}

export const tests = {
  async 'the packed packages work in an empty Vite project'(context) {
    const directory = project(context.root)
    const browser = await context.launch(context.name, {
      onConsole: (text) => console.log(`    ${context.name}: ${text}`),
    })
    const quiet = { root: directory, configFile: false, logLevel: 'error' }
    try {
      const server = await (await createServer({ ...quiet, server: { port: 0 } })).listen()
      await shows(browser, server.resolvedUrls.local[0])
      await server.close()
      await build({ ...quiet, build: { target: 'es2022' } })
      const built = await preview({ ...quiet, preview: { port: 0 } })
      await shows(browser, built.resolvedUrls.local[0])
      await built.close()
    } finally {
      await browser.close()
      rmSync(directory, { recursive: true, force: true })
    }
  },
}
