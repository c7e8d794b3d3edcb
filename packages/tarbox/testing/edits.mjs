/** Edits by chance, the same for each seed, of workspaces and of directories: functions that also run in a page, from their source. */

/**
 * Does so many things to a few names that others use, too, by the functions of a workspace or of `node:fs/promises`. What cannot be done as
 * things are is left out. The last is a file of its own, `/WHO SEED.txt`, which nobody else touches.
 */
export async function edit(fs, who, seed, count) {
  let state = seed * 2654435761 + 1
  const pick = (list) => {
    state = Math.imul(state ^ (state >>> 15), 2246822519) + 0x9e3779b9
    return list[(state >>> 0) % list.length]
  }
  const names = ['/a.txt', '/b.txt', '/c.txt', '/d/a.txt', '/d/b.txt', '/e/a.txt', '/e/f/a.txt', '/link']
  const folders = ['/d', '/e', '/e/f', '/g']
  const expected = new Set(['ENOENT', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ENOTEMPTY', 'EINVAL', 'ELOOP', 'ERR_FS_EISDIR'])
  const what = {
    write: (number) => fs.writeFile(pick(names), `${who} wrote ${number} `.repeat(1 + (number % 400))),
    append: (number) => fs.appendFile(pick(names), `${who} appended ${number}\n`),
    make: () => fs.mkdir(pick(folders)),
    move: () => fs.rename(pick(names), pick(names)),
    moveFolder: () => fs.rename(pick(folders), pick(folders)),
    remove: () => fs.rm(pick([...names, '/g'])),
    removeFolder: () => fs.rm(pick(folders), { recursive: true }),
    mode: () => fs.chmod(pick(names), pick([0o600, 0o644, 0o755])),
    link: () => fs.symlink(pick(['a.txt', 'd/b.txt', 'nowhere']), '/link'),
  }
  const often = ['write', 'write', 'write', 'append', 'append', 'make', 'make', 'mode', 'link']
  for (let number = 0; number < count; number++) {
    const does = pick([...often, 'move', 'move', 'moveFolder', 'remove', 'removeFolder'])
    await what[does](number).catch((error) => {
      if (!expected.has(error.code)) throw error
    })
  }
  await fs.writeFile(`/${who} ${seed}.txt`, `by ${who}, ${seed}`)
}

/** Everything of a workspace that is the same on all sides of it: kinds, modes, times and contents of files, targets of links. */
export async function treeOf(fs, path = '/') {
  const found = {}
  for (const { name } of await fs.listDirectory(path)) {
    if (path === '/' && name === '.tarbox') continue
    const at = `${path === '/' ? '' : path}/${name}`
    const stats = await fs.lstat(at)
    const mode = (stats.mode & 0o7777).toString(8)
    if (stats.isDirectory()) Object.assign(found, { [at]: `directory ${mode}` }, await treeOf(fs, at))
    else if (stats.isSymbolicLink()) found[at] = `link to ${await fs.readlink(at)}`
    else found[at] = `file ${mode} ${stats.mtimeMs} ${await fs.readFile(at, 'utf8')}`
  }
  return found
}

/** A directory of this machine, called as a workspace is. */
export function below(directory, fs) {
  const at = (path) => directory + path
  return {
    writeFile: (path, data) => fs.writeFile(at(path), data),
    appendFile: (path, data) => fs.appendFile(at(path), data),
    mkdir: (path) => fs.mkdir(at(path)),
    rename: (from, to) => fs.rename(at(from), at(to)),
    rm: (path, options) => fs.rm(at(path), options),
    chmod: (path, mode) => fs.chmod(at(path), mode),
    symlink: (target, path) => fs.symlink(target, at(path)),
  }
}
