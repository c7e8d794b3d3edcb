/** What a call gave, and what a tree is, in a form that can be compared. */

/** Before this, a time was set; later, it is now. */
const PINNED_BEFORE = 1_650_000_000_000
const pinned = (ms) => (Number(ms) < PINNED_BEFORE ? Number(ms) : 'now')

/** The facade's user is root. */
const ownerOf = ({ uid, gid }) => (process.getuid() === 0 ? `${uid}:${gid}` : 'own')

const KINDS = ['isFile', 'isDirectory', 'isSymbolicLink', 'isFIFO', 'isSocket', 'isBlockDevice', 'isCharacterDevice']
const kindOf = (of) => KINDS.filter((kind) => of[kind]()).join()

export function shown(value) {
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? `${value}n` : value
  if (ArrayBuffer.isView(value))
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex') }
  if (Array.isArray(value)) return value.map(shown)
  if ('parentPath' in value)
    return {
      name: shown(value.name),
      parentPath: String(value.parentPath),
      path: String(value.path),
      kind: kindOf(value),
    }
  if ('birthtimeMs' in value) {
    const { mode, nlink, size } = value
    const isDirectory = value.isDirectory()
    const dates = ['atime', 'mtime', 'ctime', 'birthtime'].every(
      (name) => value[name] instanceof Date && Math.abs(value[name].getTime() - Number(value[`${name}Ms`])) < 1,
    )
    return {
      mode: shown(mode),
      nlink: isDirectory || shown(nlink),
      owner: ownerOf(value),
      size: isDirectory || shown(size),
      kind: kindOf(value),
      mtime: pinned(value.mtimeMs),
      dates,
    }
  }
  const plain = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item)]))
  return plain
}

/** A list of names comes in any order. */
export function ordered(value) {
  if (!Array.isArray(value) || value.length < 2) return value
  const key = (item) => JSON.stringify(item)
  return typeof value[0] === 'string' || value[0]?.kind || value[0]?.bytes !== undefined
    ? [...value].sort((one, other) => (key(one) < key(other) ? -1 : 1))
    : value
}

export function failed(error) {
  const { code, errno, syscall, path, dest, message } = error
  if (syscall === 'mkdtemp') return { code, errno, path: path.slice(0, -6), message: message.slice(0, -7) }
  const ours = { code, errno, syscall, path, dest, message }
  // What a file system says has a class of its own; what Node.js says of arguments has Node's.
  return String(code).startsWith('ERR_') ? { name: error.name, ...ours } : ours
}

/** Everything below a directory: what it is, with which content and which links. `call` makes a call of either shape. */
export async function treeOf(call, top) {
  const inodes = new Map()
  const found = {}
  const visit = async (path) => {
    const stats = await call('lstat', path)
    if (!inodes.has(stats.ino)) inodes.set(stats.ino, inodes.size)
    const { mode, nlink, size } = stats
    const mtime = pinned(stats.mtimeMs)
    const item = { mode: mode.toString(8), owner: ownerOf(stats), inode: inodes.get(stats.ino), mtime }
    if (stats.isDirectory()) {
      found[path] = item
      for (const name of (await call('readdir', path)).sort()) await visit(`${path}/${name}`)
    } else if (stats.isSymbolicLink()) found[path] = { ...item, nlink, target: await call('readlink', path) }
    else {
      const content = await call('readFile', path)
      const short =
        content.length > 64
          ? `${content.length} bytes, ${content.reduce((sum, byte) => (sum * 31 + byte) | 0, 0)}`
          : Buffer.from(content).toString('latin1')
      found[path] = { ...item, nlink, size, content: short }
    }
  }
  await visit(top)
  return found
}
