// Locks between processes: whose owner lives, whose is dead, and that there are never two.
import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import test from 'node:test'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import { database, fresh } from '../testing/helpers.mjs'

const here = import.meta.dirname
const program = (text) => ['--input-type=module', '-e', `import { NervusDB } from 'nervusdb'; ${text}`]
/** Opens a database, writes without giving the right to write back, says so, and stays. */
const HOLD = (file, options = {}) => `
    globalThis.db = await NervusDB.open(${JSON.stringify(file)}, ${JSON.stringify(options)});
    db.addFact({ subject: 'a', predicate: 'b', object: String(process.pid) });
    console.log('holds', process.pid);
    setInterval(() => {}, 1e6);
`
const WRITE = (file) => `
    const db = await NervusDB.open(${JSON.stringify(file)});
    try { db.addFact({ subject: 'c', predicate: 'd', object: 'e' }); console.log('wrote', process.pid); } catch (e) { console.log(e.code, e.message); }
    await db.close();
`

/** A process that has said its first word. */
async function started(command, args) {
  const child = spawn(command, args, { cwd: here, stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => ['ended'])])
  return { child, said: String(said) }
}
const node = (text) => started(process.execPath, program(text))
const ended = (child) => ((child.exitCode ?? child.signalCode) === null ? once(child, 'exit') : undefined)
async function kill({ child }) {
  child.kill('SIGKILL')
  await ended(child)
}
const write = (file) => execFileSync(process.execPath, program(WRITE(file)), { cwd: here, encoding: 'utf8' })

/** A command as the first process of a container: ids count from 1, and others cannot be seen. */
const isRoot = process.getuid() === 0
const CONTAINER = [
  ...(isRoot ? [] : ['sudo', '-n']),
  'unshare',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
  process.execPath,
]
const inContainer = (text) => started(CONTAINER[0], [...CONTAINER.slice(1), ...program(text)])
const writeInContainer = (file) => {
  const { stdout, stderr } = spawnSync(CONTAINER[0], [...CONTAINER.slice(1), ...program(WRITE(file))], {
    cwd: here,
    encoding: 'utf8',
  })
  return stdout + stderr
}

const lockOf = (file) => path.join(`${file}.pages`, 'writer')
const ownerOf = (file) => fs.readdirSync(lockOf(file))[0]

/** Replaces the owner of a lock by one of our making, as a dead process leaves it. */
function forge(file, change) {
  const [pid, start, space, boot, host, unique] = ownerOf(file).split('-')
  fs.rmSync(lockOf(file), { recursive: true })
  fs.mkdirSync(lockOf(file))
  const owner = { pid, start, space, boot, host, unique, ...change }
  fs.writeFileSync(path.join(lockOf(file), Object.values(owner).join('-')), '')
}

for (const options of [{}, { enableLock: true }]) {
  test(`a killed process has no lock any more ${JSON.stringify(options)}`, async () => {
    const file = fresh()
    await kill(await node(HOLD(file, options)))
    assert.match(write(file), /^wrote/)
    const db = await database(file, options)
    assert.equal(db.listFacts().length, 2)
    await db.close()
    assert.deepEqual(fs.readdirSync(path.dirname(file)).sort(), ['graph.db', 'graph.db.pages'], 'and nothing is left')
  })
}

test('the next process with the same id is another one', async () => {
  const file = fresh()
  const holder = await inContainer(HOLD(file))
  assert.match(holder.said, /holds 1\n/)
  assert.match(
    writeInContainer(file),
    /^LOCKED .*process 1 in another container is writing/,
    'while it lives, in a container beside it',
  )
  assert.match(write(file), /^LOCKED/, 'and outside')
  await kill(holder)
  assert.match(writeInContainer(file), /^wrote 1\n/, 'the same id, in the next container')
  await kill(await inContainer(HOLD(file)))
  assert.match(write(file), /^wrote/, 'and outside')
})

test('an id that another program has been given says nothing', async () => {
  const file = fresh()
  const db = await database(file)
  db.addFact({ subject: 'a', predicate: 'b', object: 'c' })
  const other = spawn('sleep', ['1000'])
  forge(file, { pid: other.pid })
  assert.match(write(file), /^wrote/)
  other.kill()
})

test('a dead process that nobody has asked about is dead', async () => {
  const file = fresh()
  // The shell starts it, becomes something that asks about no child, and stays its parent.
  const holder = await started('sh', ['-c', '"$@" & exec sleep 1000', 'sh', process.execPath, ...program(HOLD(file))])
  process.kill(Number(/holds (\d+)/.exec(holder.said)[1]), 'SIGKILL')
  assert.match(write(file), /^wrote/)
  await kill(holder)
})

test('another start of the machine is told from another machine', async () => {
  const file = fresh()
  const db = await database(file)
  db.addFact({ subject: 'a', predicate: 'b', object: 'c' })
  forge(file, { boot: '0'.repeat(12) })
  assert.match(write(file), /^wrote/)
})

test('what is no lock of ours is left alone', async () => {
  const file = fresh()
  const db = await database(file)
  await db.close()
  fs.writeFileSync(lockOf(file), 'mine')
  assert.match(write(file), /^LOCKED .*writer/)
  assert.equal(fs.readFileSync(lockOf(file), 'utf8'), 'mine')
})

test('a thread holds a lock as long as it runs', async () => {
  const file = fresh()
  const worker = new Worker(
    `import(${JSON.stringify(import.meta.resolve('nervusdb'))}).then(async ({ NervusDB }) => { ${HOLD(file)}; require('node:worker_threads').parentPort.postMessage('up'); })`,
    { eval: true, stdout: true },
  )
  await once(worker, 'message')
  const db = await database(file)
  const add = () => db.addFact({ subject: 'x', predicate: 'y', object: 'z' })
  assert.throws(add, { code: 'LOCKED', message: /this process/ })
  await worker.terminate()
  add()
  assert.equal(db.listFacts().length, 2)
})

test('of many that race for a lock, and are killed at any moment, never two have it', async () => {
  const directory = path.dirname(fresh())
  const script = path.join(directory, 'lock.mjs')
  await build({
    entryPoints: [path.join(here, '../../device/src/node/lock/lock.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
  })
  const racer = `
        import fs from 'node:fs';
        import { fileLock } from ${JSON.stringify(script)};
        const lock = fileLock('contested');
        let seed = process.pid;
        const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
        const cell = new Int32Array(new SharedArrayBuffer(4));
        for (let taken = 0; taken < 30; ) {
            if (!lock.take()) {
                Atomics.wait(cell, 0, 0, 3 * random());
                continue;
            }
            taken++;
            // Whoever has the lock is alone with this file; one that was killed has left it.
            const other = fs.readFileSync('inside', 'latin1');
            if (other !== '' && fs.existsSync('/proc/' + other) && !fs.existsSync('dead/' + other)) fs.appendFileSync('two', other + ' and ' + process.pid + ' ');
            fs.writeFileSync('inside', String(process.pid));
            if (random() < 0.03) { fs.writeFileSync('dead/' + process.pid, ''); process.kill(process.pid, 'SIGKILL'); }
            fs.appendFileSync('taken', 'x');
            fs.writeFileSync('inside', '');
            lock.release();
        }
    `
  fs.writeFileSync(path.join(directory, 'inside'), '')
  fs.mkdirSync(path.join(directory, 'dead'))
  const racers = Array.from({ length: 10 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', racer], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    return once(child, 'exit')
  })
  const ends = await Promise.all(racers)
  assert.ok(
    ends.some(([, signal]) => signal === 'SIGKILL'),
    'some were killed',
  )
  assert.ok(
    ends.every(([code, signal]) => code === 0 || signal === 'SIGKILL'),
    'and none failed otherwise',
  )
  assert.equal(fs.existsSync(path.join(directory, 'two')), false)
  // Each goes on until it was killed, or had the lock as often as it wanted.
  const survivors = ends.filter(([code]) => code === 0).length
  assert.ok(fs.readFileSync(path.join(directory, 'taken')).length >= 30 * survivors)
})
