import * as fs from 'node:fs'
import * as path from 'node:path'
import { codeOf } from '../code.js'
import { DeviceError } from '../errors.js'
import { entries } from './entries.js'
import type { Layout } from './layout.js'
import { type FileLock, fileLock } from './lock/lock.js'
import { isAlive, nameOf, parseName } from './lock/owner.js'
import { EXCLUSIVE } from './lock/system-lock.js'

/** Milliseconds between two attempts, and how many there are: a command of the terminal is done by then. */
const PAUSE = 25
const ATTEMPTS = 20

/**
 * A database that one process of Node.js has alone. Native processes share theirs by locks that Node.js cannot take, so each side shows
 * a sign first, and looks for the other's afterwards: native ones a file in `sessions`, this one the lock `owner`
 * (`crates/store-sqlite/src/owner.rs`). Whoever sees the other's withdraws.
 */
export class Ownership {
  readonly #lock: FileLock

  constructor(private readonly layout: Layout) {
    this.#lock = fileLock(path.join(layout.blocks, 'owner'))
  }

  /** Takes the database, or says who has it. */
  async take(): Promise<void> {
    let holder: string | undefined
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE))
      holder = this.#try()
      if (holder === undefined) return
    }
    throw new DeviceError('EBUSY', `${this.layout.database} is in use: ${holder}`)
  }

  #try(): string | undefined {
    if (!this.#lock.take()) return `${this.#lock.holder()} has it open; close it there, or share its workspace`
    const native = this.#native()
    if (native !== undefined) this.release()
    return native
  }

  release(): void {
    this.#lock.release()
  }

  /** A native process that has the database open. */
  #native(): string | undefined {
    const sessions = path.join(this.layout.blocks, 'sessions')
    for (const name of entries(sessions)) {
      const entry = path.join(sessions, name)
      const owner = parseName(name)
      if (EXCLUSIVE === undefined ? owner !== undefined && !isAlive(owner, entry) : isUnlocked(entry, EXCLUSIVE))
        continue
      const who = owner === undefined ? 'a program' : nameOf(owner)
      return `${who} has it open with tarbox; end it, or if there is no such program, run any command of tarbox there, which removes ${entry}`
    }
    return undefined
  }
}

/** Whether nobody has a lock on a file, where Node.js can ask. */
function isUnlocked(file: string, exclusive: number): boolean {
  try {
    fs.closeSync(fs.openSync(file, fs.constants.O_RDWR | (fs.constants.O_NONBLOCK ?? 0) | exclusive))
    return true
  } catch (error) {
    return codeOf(error) === 'ENOENT'
  }
}
