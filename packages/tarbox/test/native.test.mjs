/** One database, and the native command beside Node.js: each reads what the other wrote, and neither opens what the other has. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import { TarboxFs } from 'tarbox'
import { scratch, TARBOX, tarbox } from '../testing/scratch.mjs'

const skip = !existsSync(TARBOX) && `there is no ${TARBOX}: cargo build --package tarbox-cli`

/** A program of Node.js that has a database open until it is killed. */
async function holder(t, path) {
  const script = `
    import { TarboxFs } from 'tarbox'
    const fs = await TarboxFs.open({ path: ${JSON.stringify(path)} })
    await fs.appendFile('/log', 'node ')
    console.log('open')
    setInterval(() => {}, 1000)
  `
  const program = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(program, 'exit')
  const kill = async () => {
    program.kill('SIGKILL')
    await ended
  }
  t.after(kill)
  await once(program.stdout, 'data')
  return { pid: program.pid, kill }
}

/** A command that has a database open until it gets its input, or is killed. */
async function reader(t, path) {
  const command = spawn(TARBOX, ['--db', path, 'append', '/log'], { stdio: ['pipe', 'ignore', 'inherit'] })
  const ended = once(command, 'exit')
  t.after(async () => {
    command.kill('SIGKILL')
    await ended
  })
  while (!readdirSync(`${path}-blocks/sessions`).some((name) => name.startsWith(`${command.pid}-`)))
    await new Promise((resolve) => setTimeout(resolve, 5))
  return { command, ended }
}

test('the command reads what Node.js wrote, and the other way round', { skip }, async (t) => {
  const path = scratch()
  const large = Buffer.alloc(1 << 20, 'large')
  let fs = await TarboxFs.open({ path })
  await fs.mkdir('/d')
  await fs.writeFile('/d/small', 'from node')
  await fs.writeFile('/d/large', large)
  await fs.layers.checkpoint('one')
  await fs.close()

  assert.equal(await tarbox(path, 'cat', '/d/small'), 'from node')
  assert.equal((await tarbox(path, 'cat', '/d/large')).length, large.length)
  await tarbox(path, 'fsck')
  await tarbox(path, 'mkdir', '/e')
  await tarbox(path, 'cp', '/d/large', '/e/copy')
  await tarbox(path, 'mv', '/d/small', '/e/small')
  assert.match(await tarbox(path, 'audit'), /node:/)

  fs = await TarboxFs.open({ path })
  assert.equal(await fs.readFile('/e/small', 'utf8'), 'from node')
  assert.ok(large.equals(await fs.readFile('/e/copy')))
  const { uid, gid } = await fs.stat('/e/small')
  assert.deepEqual([uid, gid], [process.getuid(), process.getgid()])
  assert.deepEqual(
    (await fs.layers.diff('one')).map(({ kind, path }) => `${kind} ${path}`).sort(),
    ['added /e', 'added /e/copy', 'renamed /e/small'].sort(),
  )
  assert.deepEqual(await fs.fsck(), [])
  assert.ok((await fs.audit()).some(({ agent }) => agent === 'cli'))
  await fs.close()
})

test('the command does not open what Node.js has, and opens it when that is gone, however it went', {
  skip,
}, async (t) => {
  const path = scratch()
  for (let round = 0; round < 3; round++) {
    const { pid, kill } = await holder(t, path)
    const before = readdirSync(`${path}-blocks`)
    for (const args of [['ls', '/'], ['fsck'], ['init'], ['mkdir', '/no']])
      await assert.rejects(tarbox(path, ...args), ({ code, stderr }) => {
        assert.match(stderr, new RegExp(`process ${pid} has the database open with the npm package`))
        return code !== 0
      })
    assert.deepEqual(
      readdirSync(`${path}-blocks`).filter((name) => !['sessions', 'holders'].includes(name)),
      before.filter((name) => !['sessions', 'holders'].includes(name)),
    )
    await kill()
    assert.equal(await tarbox(path, 'cat', '/log'), 'node '.repeat(round + 1))
    await tarbox(path, 'fsck')
  }
  const fs = await TarboxFs.open({ path })
  await assert.rejects(tarbox(path, 'ls'), { stderr: /npm package tarbox/ })
  await fs.close()
  assert.match(await tarbox(path, 'ls'), /log/)
})

test('Node.js does not open what a command has, and opens it when that is gone, however it went', {
  skip,
}, async (t) => {
  const path = scratch()
  await tarbox(path, 'init')
  for (const how of ['end', 'kill']) {
    const { command, ended } = await reader(t, path)
    await assert.rejects(TarboxFs.open({ path }), {
      code: 'EBUSY',
      message: new RegExp(`process ${command.pid} has it open with tarbox`),
    })
    // Others share it with the command meanwhile.
    await tarbox(path, 'ls', '/')
    if (how === 'end') command.stdin.end('cli ')
    else command.kill('SIGKILL')
    await ended
    const fs = await TarboxFs.open({ path })
    assert.equal(await fs.readFile('/log', 'utf8'), 'cli ')
    assert.deepEqual(await fs.fsck(), [])
    await fs.close()
  }
})

test('of commands and programs that begin together none goes wrong', { skip }, async (t) => {
  const path = scratch()
  const open = async (round) => {
    const fs = await TarboxFs.open({ path }).catch((error) => assert.equal(error.code, 'EBUSY', error))
    await fs?.writeFile(`/node${round}`, 'n')
    await fs?.close()
    return fs !== undefined
  }
  const run = (round) =>
    tarbox(path, 'init').then(
      () =>
        tarbox(path, 'mkdir', `/cli${round}`).then(
          () => true,
          ({ stderr }) => assert.match(stderr, /npm package/),
        ),
      ({ stderr }) => assert.match(stderr, /npm package/),
    )
  const made = []
  for (let round = 0; round < 6; round++) {
    const [node, cli] = await Promise.all([open(round), run(round)])
    if (node) made.push(`node${round}`)
    if (cli) made.push(`cli${round}`)
  }
  const fs = await TarboxFs.open({ path })
  assert.deepEqual((await fs.listDirectory('/')).map(({ name }) => name).sort(), made.sort())
  assert.deepEqual(await fs.fsck(), [])
  await fs.close()
})
