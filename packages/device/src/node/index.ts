/// What packages need of Node.js: locks between processes, and the files of a database as slots of a pool.
export { codeOf } from '../code.js'
export { FileSlots } from './files.js'
export { type FileLock, fileLock } from './lock/lock.js'
export { forget, releaseOnExit } from './lock/on-exit.js'
export { syncDirectory } from './sync-directory.js'
