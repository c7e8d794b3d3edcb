/**
 * Where the facade differs on purpose: each with its reason, and how to know it. A sequence ends at one of these, since the trees
 * may differ from there on.
 */
export const ACCEPTED = [
  {
    reason:
      'Node.js deletes the file at the target when a directory is to be copied onto it, or says what else is wrong with the target; the facade says that a directory is no file, and keeps it.',
    is: (source, node, tarbox) =>
      source.includes('.copyFile') && node.error?.syscall === 'copyfile' && /^E(ISDIR|EXIST)$/.test(tarbox.error?.code),
  },
  {
    reason: 'The promised cp of Node.js asks for source and target at once, and names the one whose error comes first.',
    is: (source, node, tarbox) =>
      source.startsWith('fs.cp(') &&
      /^E(NOENT|NOTDIR)$/.test(node.error?.code) &&
      /^E(NOENT|NOTDIR)$/.test(tarbox.error?.code),
  },
  {
    reason: 'A recursive mkdir that fails names the path that it was asked for; Node.js sometimes names one above it.',
    is: (source, node, tarbox) =>
      source.includes('.mkdir') &&
      node.error?.code !== undefined &&
      node.error.code === tarbox.error?.code &&
      node.error.path !== tarbox.error.path,
  },
  {
    reason: 'realpathSync is realpathSync.native: the system looks, not the text of the path.',
    is: (source, node, tarbox) =>
      source.startsWith('fs.realpathSync(') && node.error?.message !== tarbox.error?.message,
  },
  {
    reason: 'The opendirSync of Node.js forgets the path in its errors.',
    is: (source, node, tarbox) =>
      source.includes('.opendirSync(') && node.error?.path === undefined && node.error?.code === tarbox.error?.code,
  },
  {
    reason: 'The cpSync of Node.js gives EISDIR the number of EINVAL.',
    is: (source, node, tarbox) =>
      source.startsWith('fs.cpSync(') &&
      node.error?.code === 'ERR_FS_EISDIR' &&
      node.error.message === tarbox.error?.message,
  },
  {
    reason: 'A recursive rmdir, which is deprecated, asks for what is there with stat in both shapes.',
    is: (source, node, tarbox) =>
      source.startsWith('fs.rmdirSync(') &&
      source.includes('recursive: true') &&
      node.error !== undefined &&
      tarbox.error !== undefined,
  },
  {
    reason: 'The forced rmSync of Node.js does not mind why it cannot see what is there, and fails when it unlinks it.',
    is: (source, node, tarbox) =>
      source.startsWith('fs.rmSync(') && node.error?.code === tarbox.error?.code && tarbox.error?.syscall === 'lstat',
  },
  {
    reason:
      'Asked to remove `..`, Node.js removes everything in the directory above; the facade refuses, as rmdir does.',
    is: (source, node, tarbox) =>
      /^fs\.rm(dir)?(Sync)?\(/.test(source) && source.includes('/..') && tarbox.error?.code === 'ENOTEMPTY',
  },
  {
    reason:
      'Linux says EISDIR of a new file where a link says a name with a slash behind it, and does not look what is there; the facade looks.',
    is: (_, node, tarbox) =>
      node.error?.syscall === 'open' && node.error.code === 'EISDIR' && /^E(LOOP|NOTDIR)$/.test(tarbox.error?.code),
  },
  {
    reason: 'Of a number that is not open readFileSync says so when it reads, not when it asks for the size.',
    is: (source, node, tarbox) =>
      source.startsWith('fs.readFileSync(h[') && node.error?.code === 'EBADF' && tarbox.error?.code === 'EBADF',
  },
  {
    reason:
      'Where a link to nowhere is in the way, mkdirSync says ENOENT and the promised mkdir ENOTDIR; the facade says the latter.',
    is: (_, node, tarbox) =>
      node.error?.syscall === 'mkdir' && node.error.code === 'ENOENT' && tarbox.error?.code === 'ENOTDIR',
  },
]
