// JavaScript on a workspace beside quickjs-emscripten with a file system of the host, and Node.js: node main.mjs TARBOX JS_WASM [--quick]
//
// Rows as `cargo xtask bench` prints them: row, ours, peer, ratio of the costs (under 1 is ahead), goal, unit.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const [tarbox, module] = process.argv.slice(2)
const rounds = process.argv.includes('--quick') ? '2' : '7'
const dir = mkdtempSync(join(tmpdir(), 'tarbox-bench-'))
const here = import.meta.dirname

function run(program, args) {
  const output = execFileSync(program, args, { cwd: dir, encoding: 'utf8' })
  return JSON.parse(output.trim().split('\n').at(-1))
}
function row(name, ours, peer, goal, unit = 'µs') {
  const ratio = ours / peer
  const verdict = goal === undefined ? '-' : `${ratio <= goal ? 'ok' : 'over'} <= ${goal}`
  console.log([name, ours.toFixed(3), peer.toFixed(3), ratio.toFixed(3), verdict, unit].join('\t'))
}

try {
  execFileSync(tarbox, ['init'], { cwd: dir })
  execFileSync(tarbox, ['import', join(here, 'work.cjs'), '/work.cjs'], { cwd: dir })
  mkdirSync(join(dir, 'lent'))
  copyFileSync(join(here, 'work.cjs'), join(dir, 'lent/work.cjs'))
  const compiled = run(tarbox, ['js', '--no-cache', '/work.cjs', '/bench', rounds])
  // The second time, what the first has compiled is there.
  run(tarbox, ['js', '/work.cjs', '/bench', rounds])
  const native = run(tarbox, ['js', '/work.cjs', '/bench', rounds])
  // A workspace in a database that lies in another: both are in the module's way to the device.
  const inside = ['run', '--dir', '/inside::/inside', module, '--db', '/inside/w.db']
  execFileSync(tarbox, ['mkdir', '/inside'], { cwd: dir })
  const code = execFileSync(tarbox, ['cat', '/work.cjs'], { cwd: dir, encoding: 'utf8' })
  execFileSync(tarbox, [...inside, '-e', 'fs.writeFileSync("/work.cjs", process.argv[1])', code], { cwd: dir })
  const wasm = run(tarbox, [...inside, '/work.cjs', '/bench', rounds])
  const node = run(process.execPath, [join(here, 'work.cjs'), join(dir, 'bench'), rounds])
  const bridge = run(process.execPath, [join(here, 'bridge.mjs'), rounds])
  const GOALS = { stat: ['statSync', 0.4], read: ['readFileSync of 4 KiB', 2], write: ['writeFileSync of 1 KiB', 3] }
  for (const [key, [name, goal]] of Object.entries(GOALS)) {
    row(`quickjs wasm ${name} vs goal`, wasm[key], goal, 1)
    row(`quickjs wasm ${name} vs quickjs-emscripten on memfs`, wasm[key], bridge[key], 0.1)
    row(`quickjs native ${name} vs quickjs-emscripten on memfs`, native[key], bridge[key])
    row(`quickjs native ${name} vs Node.js on files`, native[key], node[key])
  }
  row('quickjs native require of a module, kept vs compiled', native.require, compiled.require, 0.5)
  row('quickjs native require of a module vs Node.js', native.require, node.require)
  row('quickjs wasm require of a module vs Node.js', wasm.require, node.require)
} finally {
  rmSync(dir, { recursive: true })
}
