import type { Layer } from 'tarbox'
import { attempt } from '../problems.js'
import { confirm, prompt } from '../ui/dialog.js'
import { count } from '../ui/format.js'
import { toast } from '../ui/toast.js'
import type { Workspace } from '../workspace.js'

/** What a layer is called where people read it. All that are sealed have names. */
export function layerName({ name }: Layer): string {
  return name ?? 'Now'
}

/** A layer as calls name it. */
export function reference({ name }: Layer): string {
  return name ?? 'head'
}

/** What is done with layers. Before any of it, what is typed is written. */
export class LayerActions {
  constructor(
    readonly workspace: Workspace,
    private readonly saveAll: () => Promise<boolean>,
  ) {}

  async checkpoint(name: string, description: string): Promise<boolean> {
    if (!(await this.saveAll())) return false
    const sealed = await attempt('The checkpoint could not be created', () =>
      this.workspace.checkpoint(name || this.#next(), description),
    )
    if (sealed) toast(`Sealed “${layerName(sealed)}”. This state will not change.`)
    return sealed !== undefined
  }

  /** A name for who does not want to think of one. */
  #next(): string {
    const taken = new Set(this.workspace.layers.map(({ name }) => name))
    for (let number = 1; ; number++) if (!taken.has(`checkpoint-${number}`)) return `checkpoint-${number}`
  }

  /** Brings a state into view, and offers the way back. */
  async switch(layer: Layer): Promise<void> {
    const before = this.workspace.current
    if (layer.id === before.id || !(await this.saveAll())) return
    const done = await attempt(`“${layerName(layer)}” could not be shown`, async () => {
      await this.workspace.switch(reference(layer))
      return true
    })
    if (!done) return
    const back = this.workspace.layers.find(({ id }) => id === before.id)
    toast(
      layer.sealed === null ? 'Back to now' : `Looking at “${layerName(layer)}”`,
      back && { text: 'Undo', act: () => this.switch(back) },
    )
  }

  back(): Promise<void> {
    return this.switch(this.workspace.layers.at(-1)!)
  }

  async continueHere(): Promise<void> {
    const { current, layers } = this.workspace
    const later = layers.filter(({ id, sealed }) => id > current.id && sealed !== null)
    const lost =
      later.length === 0
        ? 'All changes since then will be lost.'
        : `All changes since then will be lost, including the ${later.length === 1 ? 'layer' : 'layers'} ${later.map((layer) => `“${layerName(layer)}”`).join(', ')}.`
    if (
      !(await confirm(`Continue from “${layerName(current)}”?`, `${lost} This cannot be undone.`, 'Continue from here'))
    )
      return
    await attempt('Could not continue from here', () => this.workspace.continueHere())
  }

  async drop(layer: Layer): Promise<void> {
    const text = 'You will no longer be able to view or return to this state. The current files stay as they are.'
    if (!(await confirm(`Drop “${layerName(layer)}”?`, text, 'Drop'))) return
    await attempt(`“${layerName(layer)}” could not be dropped`, () => this.workspace.drop(reference(layer)))
  }

  async tag(layer: Layer): Promise<void> {
    const tag = await prompt(`Tag “${layerName(layer)}”`, {
      label: 'Tag',
      placeholder: 'released',
      act: 'Tag',
      note: 'A tag is another name for a layer. It can be moved to another layer later.',
      check: (value) => (value.trim() === '' ? 'Type a tag.' : undefined),
    })
    if (tag !== undefined)
      await attempt('The tag could not be set', () => this.workspace.tag(tag.trim(), reference(layer)))
  }

  async untag(tag: string): Promise<void> {
    const layer = this.workspace.layers.find(({ tags }) => tags.includes(tag))
    await attempt('The tag could not be removed', () => this.workspace.tag(tag, null))
    toast(
      `Removed the tag “${tag}”`,
      layer && {
        text: 'Undo',
        act: () => attempt('The tag could not be set', () => this.workspace.tag(tag, reference(layer))),
      },
    )
  }

  describe(changes: readonly { kind: string }[]): string {
    const of = (kind: string) => changes.filter((change) => change.kind === kind).length
    const parts = [
      [of('added'), 'added'],
      [of('modified'), 'changed'],
      [of('renamed'), 'moved'],
      [of('deleted'), 'removed'],
    ] as const
    return changes.length === 0
      ? 'no difference'
      : `${count(changes.length, 'difference')}: ${parts
          .filter(([number]) => number > 0)
          .map(([number, word]) => `${number} ${word}`)
          .join(', ')}`
  }
}
