import * as fs from 'node:fs'
import * as path from 'node:path'
import { codeOf } from '../code.js'
import { entries } from './entries.js'

/** What may stand beside a database: its log, the journal of another mode, the records of a redo log. */
const BESIDE = ['', '-wal', '-journal', '-redo']

/** Where the files of a database are (`docs/format.md`, "Files"), by the names that the module has for them. */
export class Layout {
  readonly database: string
  /** The directory of segments, and of what processes agree by. */
  readonly blocks: string

  /** `name` is what the module calls the database. */
  constructor(
    file: string,
    readonly name: string,
  ) {
    // SQLite has its log beside the file that a symbolic link leads to, and the store its blocks beside the link.
    this.database = resolved(file)
    this.blocks = `${file}-blocks`
  }

  pathOf(name: string): string {
    const inBlocks = `${this.name}-blocks/`
    if (name.startsWith(inBlocks)) return path.join(this.blocks, name.slice(inBlocks.length))
    if (name.startsWith(this.name)) return this.database + name.slice(this.name.length)
    return path.join(this.blocks, name)
  }

  /** The names of the files that are there. */
  names(): string[] {
    const beside = BESIDE.filter((end) => fs.existsSync(this.database + end)).map((end) => this.name + end)
    const tenants = entries(this.blocks).filter((entry) => /^t\d+$/.test(entry))
    const segments = tenants.flatMap((tenant) =>
      entries(path.join(this.blocks, tenant))
        .filter((entry) => /^\d+$/.test(entry))
        .map((entry) => `${this.name}-blocks/${tenant}/${entry}`),
    )
    return [...beside, ...segments]
  }
}

function resolved(file: string): string {
  try {
    return fs.realpathSync(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return file
    throw error
  }
}
