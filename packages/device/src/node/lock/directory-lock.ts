import * as fs from 'node:fs'
import type * as net from 'node:net'
import * as path from 'node:path'
import { codeOf } from '../../code.js'
import { light } from './beacon.js'
import type { FileLock } from './lock.js'
import { isAlive, nameOf, newName, parseName } from './owner.js'

/** Others may take and release it as often while this one tries. */
const ATTEMPTS = 100
const HELD = ['ENOTEMPTY', 'EEXIST']
/** The names by which this thread holds locks. */
const mine = new Set<string>()
const FORBIDDEN = ['EACCES', 'EPERM', 'EROFS']

/**
 * A directory with one entry, the owner.
 *
 * It is made elsewhere and renamed, which the system does only where there is no directory or an empty one. So nobody sees a lock without
 * its owner, and to take one over its owner's entry is removed. No other owner ever has that name, so whoever does so late removes nothing.
 */
export class DirectoryLock implements FileLock {
  readonly #path: string
  #name: string | undefined
  #beacon: net.Server | undefined

  constructor(path: string) {
    this.#path = path
  }

  get isHeld(): boolean {
    return this.#name !== undefined
  }

  take(): boolean {
    if (this.#name !== undefined) return true
    if (!this.#isFree()) return false
    const name = newName()
    const draft = `${this.#path}.${name}`
    try {
      fs.mkdirSync(draft)
    } catch (error) {
      // Without its directory there is nothing yet to keep apart.
      if (codeOf(error) === 'ENOENT') return true
      // Who cannot write here cannot become a writer.
      if (FORBIDDEN.includes(codeOf(error) ?? '')) return false
      throw error
    }
    try {
      this.#beacon = light(path.join(draft, name))
      if (this.#beacon === undefined) fs.writeFileSync(path.join(draft, name), '', { flag: 'wx' })
      if (!this.#install(draft)) return false
      this.#name = name
      mine.add(name)
      return true
    } finally {
      if (this.#name === undefined) {
        this.#beacon?.close()
        fs.rmSync(draft, { recursive: true, force: true })
      }
    }
  }

  #install(draft: string): boolean {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        fs.renameSync(draft, this.#path)
        return true
      } catch (error) {
        if (codeOf(error) === 'ENOTDIR') return false
        if (!HELD.includes(codeOf(error) ?? '')) throw error
      }
      if (!this.#isFree()) return false
    }
    return false
  }

  release(): void {
    if (this.#name === undefined) return
    // First, since it removes what has its name.
    this.#beacon?.close()
    fs.rmSync(path.join(this.#path, this.#name), { force: true })
    mine.delete(this.#name)
    this.#name = undefined
    this.#beacon = undefined
    this.#removeEmpty()
  }

  holder(): string {
    const owner = this.#owners()
      .map(parseName)
      .find((owner) => owner !== undefined)
    return owner === undefined ? 'another process' : nameOf(owner)
  }

  /** Whether nobody has it; owners that are dead are removed. */
  #isFree(): boolean {
    for (const name of this.#owners()) {
      const owner = parseName(name)
      const entry = path.join(this.#path, name)
      if (owner === undefined || mine.has(name) || isAlive(owner, entry)) return false
      fs.rmSync(entry, { force: true })
      this.#removeDrafts()
    }
    return true
  }

  /** What processes have left that died between making a draft and renaming it. */
  #removeDrafts(): void {
    const directory = path.dirname(this.#path)
    const prefix = `${path.basename(this.#path)}.`
    for (const draft of fs.readdirSync(directory)) {
      const name = draft.startsWith(prefix) ? draft.slice(prefix.length) : ''
      const owner = parseName(name)
      if (owner === undefined || isAlive(owner, path.join(directory, draft, name))) continue
      fs.rmSync(path.join(directory, draft), { recursive: true, force: true })
    }
  }

  #owners(): string[] {
    try {
      return fs.readdirSync(this.#path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      // A file of somebody else.
      if (codeOf(error) === 'ENOTDIR' || FORBIDDEN.includes(codeOf(error) ?? '')) return ['']
      throw error
    }
  }

  /** Somebody may have taken it in the same moment. */
  #removeEmpty(): void {
    try {
      fs.rmdirSync(this.#path)
    } catch (error) {
      if (!['ENOENT', ...HELD].includes(codeOf(error) ?? '')) throw error
    }
  }
}
