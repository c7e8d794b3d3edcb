import * as fs from 'node:fs'
import * as path from 'node:path'
import type { Reserve } from '../slots.js'

/** The files of the reserve, their length, and what else has to be free for them: `crates/store-sqlite/src/room.rs`. */
const FILES = ['0', '1', '2', '3']
const FILE_LEN = 1 << 20
const KEPT = 2 << 20

/** Files that only take room, which native programs keep, too: whoever deletes something on a full device gives them up first. */
export class FileReserve implements Reserve {
  readonly #directory: string

  constructor(blocks: string) {
    this.#directory = path.join(blocks, 'reserve')
  }

  async spend(): Promise<void> {
    for (const file of [...FILES].reverse()) fs.rmSync(path.join(this.#directory, file), { force: true })
  }

  /** Takes as much as there is room for, before others do. */
  async restore(): Promise<void> {
    try {
      for (const file of this.#missing()) this.#make(file)
    } catch {
      // The next deletion makes some.
    }
  }

  /** Makes it whole, if there is room for more than that. */
  fill(): void {
    const missing = this.#missing()
    if (missing.length === 0) return
    const { bavail, bsize } = fs.statfsSync(path.dirname(this.#directory))
    if (bavail * bsize < missing.length * FILE_LEN + KEPT) return
    fs.mkdirSync(this.#directory, { recursive: true })
    void this.restore()
  }

  #missing(): string[] {
    const paths = FILES.map((file) => path.join(this.#directory, file))
    return paths.filter((file) => fs.statSync(file, { throwIfNoEntry: false })?.size !== FILE_LEN)
  }

  #make(file: string): void {
    try {
      fs.writeFileSync(file, new Uint8Array(FILE_LEN))
    } catch (error) {
      fs.rmSync(file, { force: true })
      throw error
    }
  }
}
