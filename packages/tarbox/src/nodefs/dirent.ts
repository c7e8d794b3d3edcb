import { FileType } from '../stats.js'

/** An entry of a directory, as `readdir` with `withFileTypes` gives it. */
export class Dirent<Name extends string | Uint8Array = string> extends FileType {
  readonly name: Name
  /** The directory that it is in, as it was asked for. */
  readonly parentPath: string
  /** @deprecated The same. */
  readonly path: string
  readonly #type: number

  constructor(name: Name, parentPath: string, type: number) {
    super()
    this.name = name
    this.parentPath = parentPath
    this.path = parentPath
    this.#type = type
  }

  protected override get type(): number {
    return this.#type
  }
}
