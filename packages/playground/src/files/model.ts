import type { ChangeEvent, Entry } from 'tarbox'
import { base, join, parent, within } from '../paths.js'
import { isMissing, words } from '../problems.js'
import { keptHere } from '../ui/kept.js'
import { Signal } from '../ui/signal.js'
import { problem } from '../ui/toast.js'
import type { Workspace } from '../workspace.js'

/** A file or directory in the tree. */
export interface Node {
  path: string
  name: string
  isDirectory: boolean
  isLink: boolean
  size: number
  level: number
  /** Which of its siblings it is, from 1 on, and of how many. */
  position: number
  siblings: number
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** What the tree shows: directories that are open have been read, others have not. */
export class TreeModel {
  readonly changed = new Signal()
  /** Something is called otherwise now. */
  readonly moved = new Signal<{ from: string; to: string }>()
  readonly #children = new Map<string, Entry[]>()
  readonly #open = new Set<string>(['/'])
  #rows: Node[] = []
  #index = new Map<string, number>()
  readonly #remember: string

  constructor(readonly workspace: Workspace) {
    this.#remember = `open:${workspace.name}`
    for (const path of keptHere.get<string[]>(this.#remember) ?? []) this.#open.add(path)
    workspace.changed.listen((events) => void this.#follow(events))
  }

  get rows(): readonly Node[] {
    return this.#rows
  }

  indexOf(path: string): number {
    return this.#index.get(path) ?? -1
  }

  node(path: string): Node | undefined {
    return this.#rows[this.indexOf(path)]
  }

  isOpen(path: string): boolean {
    return this.#open.has(path)
  }

  /** Reads what is open. */
  async load(): Promise<void> {
    await this.#read([...this.#open])
    this.#flatten()
  }

  async #read(paths: Iterable<string>): Promise<void> {
    await Promise.all(
      [...paths].map(async (path) => {
        try {
          this.#children.set(path, sorted(await this.workspace.fs.listDirectory(path), path))
        } catch (error) {
          // What is gone has no row when its parent has been read.
          if (!isMissing(error)) problem(`“${base(path)}” could not be read. ${words(error)}`)
          this.#children.delete(path)
          if (path !== '/') this.#open.delete(path)
        }
      }),
    )
  }

  async open(path: string): Promise<void> {
    this.#open.add(path)
    await this.#read([path])
    this.#flatten()
  }

  close(path: string): void {
    this.#open.delete(path)
    this.#flatten()
  }

  closeAll(): void {
    this.#open.clear()
    this.#open.add('/')
    this.#flatten()
  }

  /** Opens every directory above a path. */
  async reveal(path: string): Promise<void> {
    const above: string[] = []
    for (let at = parent(path); at !== '/'; at = parent(at)) above.push(at)
    const missing = above.filter((at) => !this.#open.has(at))
    for (const at of missing) this.#open.add(at)
    await this.#read([parent(path), ...missing])
    this.#flatten()
  }

  async #follow(events: ChangeEvent[]): Promise<void> {
    if (events.some(({ kind }) => kind === 'rescan')) return this.load()
    const touched = new Set<string>()
    for (const { path, from, kind } of events) {
      touched.add(parent(path))
      if (from === undefined) continue
      touched.add(parent(from))
      if (kind === 'rename') this.#moved(from, path)
    }
    const known = [...touched].filter((path) => this.#open.has(path))
    if (known.length === 0) return
    await this.#read(known)
    this.#flatten()
  }

  /** What was open in a directory stays open where it is now. */
  #moved(from: string, to: string): void {
    this.moved.tell({ from, to })
    for (const path of [...this.#open]) {
      if (!within(path, from)) continue
      this.#open.delete(path)
      const now = to + path.slice(from.length)
      this.#open.add(now)
      const children = this.#children.get(path)
      if (children) this.#children.set(now, children)
      this.#children.delete(path)
    }
  }

  #flatten(): void {
    const rows: Node[] = []
    const index = new Map<string, number>()
    const add = (directory: string, level: number) => {
      const children = this.#children.get(directory) ?? []
      children.forEach((entry, at) => {
        const path = join(directory, entry.name)
        const { name, isDirectory, isSymbolicLink: isLink, size } = entry
        index.set(path, rows.length)
        rows.push({ path, name, isDirectory, isLink, size, level, position: at + 1, siblings: children.length })
        if (isDirectory && this.#open.has(path)) add(path, level + 1)
      })
    }
    add('/', 1)
    this.#rows = rows
    this.#index = index
    keptHere.set(this.#remember, [...this.#open].slice(0, 500))
    this.changed.tell()
  }
}

function sorted(entries: Entry[], directory: string): Entry[] {
  return entries
    .filter(({ name }) => directory !== '/' || name !== '.tarbox')
    .sort(
      (one, other) =>
        Number(other.isDirectory) - Number(one.isDirectory) ||
        collator.compare(one.name, other.name) ||
        (one.name < other.name ? -1 : 1),
    )
}
