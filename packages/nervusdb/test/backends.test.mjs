// WebAssembly and JavaScript: one behaviour, one format. Also the package as users install it.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { NervusDB, fact, fresh, sorted } from '../testing/helpers.mjs'

const root = path.join(import.meta.dirname, '..')

test('each backend opens what the other wrote', async () => {
  const file = fresh()
  const expected = []
  for (const [round, useWasm] of [true, false, true, false].entries()) {
    const db = await NervusDB.open(file, { useWasm })
    assert.deepEqual(sorted(db.listFacts()), [...expected].sort())
    const facts = Array.from({ length: 3_000 }, (_, n) => ({
      subject: `s${round}`,
      predicate: `p${n % 5}`,
      object: `ö${n}`,
    }))
    db.addFacts(facts)
    db.addFact(fact('a b c'), { subjectProperties: { round, labels: [`r${round}`] } })
    expected.push(...facts.map(({ subject, predicate, object }) => `${subject} ${predicate} ${object}`))
    if (round === 0) expected.push('a b c')
    assert.equal(db.findByLabel(`r${round}`).length, 1)
    // One leaves its changes to the log, the next one to tables.
    if (round % 2 === 0) db[Symbol.dispose]()
    else await db.close()
  }
})

test('without WebAssembly the other backend is taken by itself', () => {
  const program = `
        delete globalThis.WebAssembly;
        const { NervusDB } = await import('nervusdb');
        const db = await NervusDB.open(':memory:');
        db.addFact({ subject: 'a', predicate: 'b', object: 'c' });
        console.log(db.listFacts().length);
        await db.close();
    `
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { cwd: root, encoding: 'utf8' })
  assert.equal(output, '1\n')
})

test('the packed package works in an empty project, by import and by require', () => {
  const project = path.dirname(fresh())
  const npm = (...args) =>
    execFileSync('npm', [...args, '--silent', '--no-audit', '--no-fund', '--offline'], {
      cwd: project,
      encoding: 'utf8',
    })
  const tarball = execFileSync('npm', ['pack', '--silent', '--pack-destination', project], {
    cwd: root,
    encoding: 'utf8',
  }).trim()
  fs.writeFileSync(path.join(project, 'package.json'), '{ "name": "empty", "version": "1.0.0" }')
  npm('install', `./${tarball}`)
  const use = `
        NervusDB.open('x.db').then(async (db) => {
            db.addFact({ subject: 'a', predicate: 'b', object: 'c' });
            console.log(db.find({ subject: 'a' }).all()[0].object);
            await db.close();
        });`
  const node = (...args) => execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8' })
  assert.equal(node('-e', `const { NervusDB } = require('nervusdb');${use}`), 'c\n')
  assert.equal(node('--input-type=module', '-e', `import { NervusDB } from 'nervusdb';${use}`), 'c\n')
  const stats = JSON.parse(
    execFileSync(path.join(project, 'node_modules/.bin/nervusdb'), ['stats', 'x.db'], {
      cwd: project,
      encoding: 'utf8',
    }),
  )
  assert.equal(stats.triples, 1)
  const files = fs.readdirSync(path.join(project, 'node_modules/nervusdb'), { recursive: true })
  assert.ok(files.includes('dist/types/index.d.ts') && files.includes('LICENSE') && files.includes('README.md'))
  for (const [name, kind] of [
    ['esm.mts', 'import'],
    ['cjs.cts', 'require'],
  ]) {
    fs.writeFileSync(
      path.join(project, name),
      `import { NervusDB, type FactRecord } from 'nervusdb';
            export const facts = async (): Promise<FactRecord[]> => (await NervusDB.open(':memory:')).find({ subject: '${kind}' }).all();`,
    )
  }
  const tsc = path.join(root, '../../node_modules/typescript/bin/tsc')
  execFileSync(
    process.execPath,
    [
      tsc,
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2022,esnext.disposable,dom',
      '--types',
      '',
      'esm.mts',
      'cjs.cts',
    ],
    { cwd: project, encoding: 'utf8', stdio: ['ignore', 'inherit', 'inherit'] },
  )
})
