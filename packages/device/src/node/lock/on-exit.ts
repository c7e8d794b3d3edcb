import type { FileLock } from './lock.js'

/** Locks to release when the process ends in an orderly way. */
const held = new Set<FileLock>()
const onExit = (): void => held.forEach((lock) => lock.release())
const onSignal = (signal: NodeJS.Signals): void => {
  onExit()
  // Others that listen decide themselves; a signal nobody else wants ends the process as if no one had listened.
  if (process.listenerCount(signal) === 0) process.exit(signal === 'SIGINT' ? 130 : 143)
}

export function releaseOnExit(lock: FileLock): void {
  if (held.size === 0) {
    process.on('exit', onExit)
    process.once('SIGINT', onSignal)
    process.once('SIGTERM', onSignal)
  }
  held.add(lock)
}

/** For a lock that has been released. */
export function forget(lock: FileLock): void {
  if (!held.delete(lock) || held.size > 0) return
  process.off('exit', onExit)
  process.off('SIGINT', onSignal)
  process.off('SIGTERM', onSignal)
}
