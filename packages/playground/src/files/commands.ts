import { TarboxError } from 'tarbox'
import { base, join, parent, splitName, resolve, within, wrongName } from '../paths.js'
import { attempt, ifThere } from '../problems.js'
import { confirm, prompt } from '../ui/dialog.js'
import { count } from '../ui/format.js'
import { problem, toast } from '../ui/toast.js'
import type { Workspace } from '../workspace.js'
import type { Node } from './model.js'

/** What is done to files, by name and with a word when it fails. Each says whether it was done. */
export class Commands {
  constructor(readonly workspace: Workspace) {}

  /** Says so if nothing can be changed at the moment. */
  #locked(): boolean {
    if (this.workspace.readOnly)
      problem('You are looking at a past state, which cannot be changed. Return to the present first.')
    return this.workspace.readOnly
  }

  async create(directory: string, kind: 'file' | 'folder'): Promise<string | undefined> {
    if (this.#locked()) return undefined
    const name = await prompt(kind === 'file' ? 'New file' : 'New folder', {
      label: directory === '/' ? 'Name' : `Name, in ${directory}`,
      placeholder: kind === 'file' ? 'notes.md' : 'drafts',
      act: 'Create',
      check: wrongName,
    })
    if (name === undefined) return undefined
    const path = join(directory, name)
    const { fs } = this.workspace
    return attempt(`“${name}” could not be created`, async () => {
      if (kind === 'file') await fs.writeFile(path, '', { exclusive: true })
      else await fs.mkdir(path)
      return path
    })
  }

  async rename(node: Node, name: string): Promise<boolean> {
    if (this.#locked()) return true
    const wrong = wrongName(name)
    if (wrong !== undefined) {
      problem(wrong)
      return false
    }
    return (await this.move(node.path, join(parent(node.path), name))) !== undefined
  }

  /** Moves without ever putting one thing in another's place. */
  async move(from: string, to: string): Promise<string | undefined> {
    if (this.#locked() || from === to) return undefined
    if (within(to, from)) {
      problem('A folder cannot be moved into itself.')
      return undefined
    }
    const { fs } = this.workspace
    return attempt(`“${base(from)}” could not be moved`, async () => {
      const there = await ifThere(fs.lstat(to))
      if (there) throw new TarboxError('EEXIST', `“${base(to)}” already exists in ${parent(to)}.`)
      await fs.rename(from, to)
      if (parent(from) !== parent(to)) {
        toast(`Moved “${base(from)}” to ${parent(to)}`, { text: 'Undo', act: () => this.move(to, from) })
      }
      return to
    })
  }

  /** Moves without a mouse: the folder is typed. */
  async moveTo(node: Node): Promise<void> {
    if (this.#locked()) return
    const folder = await prompt(`Move “${node.name}”`, {
      label: 'To the folder',
      value: parent(node.path),
      placeholder: '/notes',
      act: 'Move',
      note: 'Missing folders are created.',
    })
    if (folder === undefined) return
    const to = resolve('/', folder.trim())
    const made = await attempt(`The folder ${to} could not be created`, async () => {
      if (to !== '/') await this.workspace.fs.mkdir(to, { recursive: true })
      return true
    })
    if (made) await this.move(node.path, join(to, node.name))
  }

  async duplicate(node: Node): Promise<string | undefined> {
    if (this.#locked()) return undefined
    const [stem, end] = splitName(node.name)
    const to = join(parent(node.path), `${stem} copy${end}`)
    return attempt(`“${node.name}” could not be copied`, async () => {
      await this.workspace.fs.copy(node.path, to, { exclusive: true })
      return to
    })
  }

  async remove(node: Node): Promise<boolean> {
    if (this.#locked()) return false
    const { fs } = this.workspace
    let inside = ''
    if (node.isDirectory) {
      const entries = await attempt(`“${node.name}” could not be read`, () => fs.listDirectory(node.path))
      if (!entries) return false
      inside =
        entries.length === 0
          ? 'It is empty.'
          : `${count(entries.length, 'item')} in it and everything below will be deleted, too.`
    }
    const sealed = this.workspace.layers.length > 1 ? ' Sealed layers keep their copies of it.' : ''
    if (
      !(await confirm(`Delete “${node.name}”?`, `${inside}${sealed}`.trim() || 'No layer has a copy of it.', 'Delete'))
    )
      return false
    return (
      (await attempt(`“${node.name}” could not be deleted`, async () => {
        await fs.rm(node.path, { recursive: node.isDirectory })
        return true
      })) ?? false
    )
  }
}
