import { NervusDBError, codeOf } from '../errors.js'
import type { FileSystemSync } from '../storage/fs.js'

/** Others may take and release it as often while this one tries. */
const ATTEMPTS = 100
const HELD = ['ENOTEMPTY', 'EEXIST']
const OWNER = /^tab-[0-9a-f]{32}$/

/**
 * A directory with one entry, the owner, as `DirectoryLock` has it; but whether an owner lives is told by a lock of the browser that has its
 * name and ends with its tab.
 */
export class FsLock {
  private constructor(
    private readonly fs: FileSystemSync,
    private readonly path: string,
    private readonly name: string,
    private readonly end: () => void,
  ) {}

  /** Takes the lock, or says that another has it. */
  static async take(fs: FileSystemSync, path: string): Promise<FsLock> {
    const name = `tab-${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
    const end = await live(name)
    const lock = new FsLock(fs, path, name, end)
    const draft = `${path}.${name}`
    try {
      fs.mkdirSync(draft)
      fs.closeSync(fs.openSync(`${draft}/${name}`, 'wx'))
      await lock.#install(draft)
      return lock
    } catch (error) {
      attempt(() => fs.unlinkSync(`${draft}/${name}`))
      attempt(() => fs.rmdirSync(draft))
      end()
      throw error
    }
  }

  async #install(draft: string): Promise<void> {
    for (let tries = 0; tries < ATTEMPTS; tries++) {
      try {
        this.fs.renameSync(draft, this.path)
        return
      } catch (error) {
        if (!HELD.includes(codeOf(error) ?? '')) throw error
      }
      for (const owner of this.#owners()) {
        if (await isAlive(owner)) throw this.#held(owner)
        // No other owner ever has that name, so whoever does this late removes nothing.
        attempt(() => this.fs.unlinkSync(`${this.path}/${owner}`))
      }
    }
    throw this.#held('')
  }

  #owners(): string[] {
    try {
      return this.fs.readdirSync(this.path)
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return []
      throw error
    }
  }

  #held(owner: string): NervusDBError {
    const who = OWNER.test(owner) ? 'another tab or worker has it open; close it there' : `${owner} has locked it`
    return new NervusDBError(
      'LOCKED',
      `the database is in use: ${who} (lock ${this.path}; if nobody uses the database, remove that directory)`,
    )
  }

  release(): void {
    attempt(() => this.fs.unlinkSync(`${this.path}/${this.name}`))
    attempt(() => this.fs.rmdirSync(this.path))
    this.end()
  }
}

/** An entry that stays behind is one of an owner that is gone. */
function attempt(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (codeOf(error) === undefined) throw error
  }
}

const locks = (): LockManager | undefined => (globalThis.navigator as Navigator | undefined)?.locks

/** Holds the lock of a name; the result ends it. */
function live(name: string): Promise<() => void> {
  const manager = locks()
  if (manager === undefined) return Promise.resolve(() => {})
  return new Promise((resolve, reject) => {
    const held = manager.request(`nervusdb-${name}`, () => new Promise<void>((end) => resolve(end)))
    held.catch(reject)
  })
}

/** In doubt an owner is alive: two would be worse than none. */
async function isAlive(owner: string): Promise<boolean> {
  const manager = locks()
  if (manager === undefined || !OWNER.test(owner)) return true
  return manager.request(`nervusdb-${owner}`, { ifAvailable: true }, async (lock) => lock === null)
}
