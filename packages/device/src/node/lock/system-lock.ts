import * as fs from 'node:fs'
import { codeOf } from '../../code.js'
import type { FileLock } from './lock.js'

/**
 * libuv's `UV_FS_O_EXLOCK`, where the system has it: opening with it locks the file until it is closed, which the system does when
 * the process ends. Linux has no such flag.
 */
export const EXCLUSIVE = (
  { darwin: 0x20, freebsd: 0x20, openbsd: 0x20, win32: 0x10000000 } as Partial<Record<NodeJS.Platform, number>>
)[process.platform]

const BUSY = ['EAGAIN', 'EBUSY', 'EWOULDBLOCK']
const FORBIDDEN = ['EACCES', 'EPERM', 'EROFS']

/** A file that is open exclusively. It stays when it is released: one that is removed could be locked twice, by its name and without. */
export class SystemLock implements FileLock {
  readonly #path: string
  readonly #exclusive: number
  #file: number | undefined

  constructor(path: string, exclusive: number) {
    this.#path = path
    this.#exclusive = exclusive
  }

  get isHeld(): boolean {
    return this.#file !== undefined
  }

  take(): boolean {
    if (this.#file !== undefined) return true
    const { O_RDWR, O_CREAT, O_NONBLOCK = 0 } = fs.constants
    try {
      this.#file = fs.openSync(this.#path, O_RDWR | O_CREAT | O_NONBLOCK | this.#exclusive, 0o666)
    } catch (error) {
      const code = codeOf(error) ?? ''
      // Who cannot write here cannot become a writer.
      if (BUSY.includes(code) || FORBIDDEN.includes(code)) return false
      throw error
    }
    fs.ftruncateSync(this.#file)
    fs.writeSync(this.#file, String(process.pid))
    return true
  }

  release(): void {
    if (this.#file === undefined) return
    fs.closeSync(this.#file)
    this.#file = undefined
  }

  holder(): string {
    let pid = ''
    try {
      pid = fs.readFileSync(this.#path, 'latin1')
    } catch {
      // Windows does not let others read it.
    }
    if (!/^\d+$/.test(pid)) return 'another process'
    return Number(pid) === process.pid ? 'this process' : `process ${pid}`
  }
}
