import { OpenFile } from '../file.js'
import { integer } from './arguments.js'

/** Numbers below are the standard streams of a process. */
const FIRST = 3

/** Open files by their numbers: the lowest that is free, as in a process. */
export class Files {
  readonly #open = new Map<number, OpenFile>()

  add(file: OpenFile): number {
    let fd = FIRST
    while (this.#open.has(fd)) fd++
    this.#open.set(fd, file)
    return fd
  }

  remove(fd: number): void {
    this.#open.delete(fd)
  }

  /** The file, or one that is not open. */
  get(fd: unknown): OpenFile {
    return this.#open.get(integer(fd, 'fd', 0, 2 ** 31 - 1)) ?? OpenFile.NONE
  }
}
