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

  async restore(): Promise<void> {
    this.fill()
  }

  /** Makes it whole, if there is room for more than that. */
  fill(): void {
    const missing = FILES.map((file) => path.join(this.#directory, file)).filter(
      (file) => fs.statSync(file, { throwIfNoEntry: false })?.size !== FILE_LEN,
    )
    if (missing.length === 0) return
    try {
      fs.mkdirSync(this.#directory, { recursive: true })
      const { bavail, bsize } = fs.statfsSync(this.#directory)
      if (bavail * bsize < FILES.length * FILE_LEN + KEPT) return
      for (const file of missing) fs.writeFileSync(file, new Uint8Array(FILE_LEN))
    } catch {
      // Without any room there is nothing to keep: the next deletion makes some.
    }
  }
}
