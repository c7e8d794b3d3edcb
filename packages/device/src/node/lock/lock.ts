import { DirectoryLock } from './directory-lock.js'
import { EXCLUSIVE, SystemLock } from './system-lock.js'

/** A lock between processes. One that a dead process has left behind is free, however the process ended. */
export interface FileLock {
  readonly isHeld: boolean
  /** Takes the lock; false if another process, or another part of this one, has it. */
  take(): boolean
  release(): void
  /** Who has it, in words. */
  holder(): string
}

/** The lock at a path, by what the system has for it. */
export function fileLock(path: string): FileLock {
  return EXCLUSIVE === undefined ? new DirectoryLock(path) : new SystemLock(path, EXCLUSIVE)
}
