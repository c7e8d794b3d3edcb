// A small repository as a bundle, made by git itself.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export function makeBundle(file) {
  const directory = mkdtempSync(join(tmpdir(), 'tarbox-bundle-'))
  const env = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' }
  const git = (...words) =>
    execFileSync('git', ['-c', 'user.name=A. Writer', '-c', 'user.email=writer@example.org', ...words], {
      cwd: directory,
      env,
      stdio: 'pipe',
    })
  git('init', '-b', 'main')
  mkdirSync(join(directory, 'src'))
  for (const [number, message] of ['First', 'Second', 'Third'].entries()) {
    writeFileSync(join(directory, 'src/main.c'), `int main(void) { return ${number}; }\n`)
    writeFileSync(join(directory, `file-${number}.txt`), `${message}\n`.repeat(200))
    git('add', '.')
    git('commit', '-m', message)
  }
  git('bundle', 'create', file, 'main')
  rmSync(directory, { recursive: true })
}
