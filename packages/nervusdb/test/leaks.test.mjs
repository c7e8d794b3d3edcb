// Nothing is left behind by a database that was opened and closed.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import test from 'node:test'

test('heap, external memory, handles and listeners do not grow', () => {
  const root = path.join(import.meta.dirname, '..')
  const rounds = process.env.TARBOX_LONG ? '1000' : '20'
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', 'scripts/memory-leak-analysis.mjs', rounds],
    { cwd: root, encoding: 'utf8' },
  )
  assert.equal(status, 0, `${stdout}${stderr}`)
})
