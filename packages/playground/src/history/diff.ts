import { unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import type { Change, Layer } from 'tarbox'
import { basics, mount } from '../documents/editor.js'
import { Frame } from '../documents/frame.js'
import type { Doc } from '../documents/document.js'
import { languageOf } from '../documents/languages.js'
import { attempt } from '../problems.js'
import { el, fill, set } from '../ui/dom.js'
import { bytes } from '../ui/format.js'
import { icon } from '../ui/icons.js'
import { Signal } from '../ui/signal.js'
import { VirtualList } from '../ui/virtual.js'
import type { Workspace } from '../workspace.js'
import { type LayerActions, layerName, reference } from './actions.js'

/** The largest file whose text is compared. */
const COMPARED = 2 << 20

const MARKS: Record<Change['kind'], [mark: string, word: string]> = {
  added: ['+', 'added'],
  modified: ['~', 'changed'],
  renamed: ['→', 'moved'],
  deleted: ['−', 'removed'],
}

/** What differs between two layers: which files, and what in them. */
export class DiffDoc implements Doc {
  readonly updated = new Signal()
  readonly dirty = false
  readonly icon = 'compare' as const
  readonly path = undefined
  readonly #frame: Frame
  readonly #files = el('div', { class: 'changes', role: 'listbox', tabindex: 0, 'aria-label': 'Differences' })
  readonly #list: VirtualList<Change>
  readonly #content = el('div', { class: 'difference' })
  readonly #summary = el('p', { class: 'summary', role: 'status' })
  readonly #from = el('select', { 'aria-label': 'From' })
  readonly #to = el('select', { 'aria-label': 'To' })
  #changes: Change[] = []
  #chosen = 0
  #view: EditorView | undefined
  #turn = 0
  readonly #deaf: () => void

  constructor(
    readonly workspace: Workspace,
    private readonly actions: LayerActions,
    private readonly open: (path: string) => void,
    private from: Layer,
    private to: Layer,
  ) {
    this.#frame = new Frame('diff', el('div', { class: 'left' }, this.#summary, this.#files), this.#content)
    this.#frame.title = 'What changed'
    this.#frame.tools.append(el('label', {}, 'from ', this.#from), el('label', {}, ' to ', this.#to))
    this.#list = new VirtualList<Change>(this.#files, {
      key: ({ kind, path }) => `${kind} ${path}`,
      make: (change) => this.#row(change),
      update: (row, _, at) => {
        set(row, 'aria-selected', String(at === this.#chosen))
        set(row, 'aria-posinset', at + 1)
        set(row, 'aria-setsize', this.#changes.length)
      },
      height: () => 30,
      keep: () => this.#chosen,
    })
    this.#from.addEventListener('change', () => this.#pick())
    this.#to.addEventListener('change', () => this.#pick())
    this.#files.addEventListener('keydown', (event) => this.#key(event))
    this.#deaf = workspace.history.listen(() => this.#follow())
    this.#layers()
    void this.refresh()
  }

  get key(): string {
    return 'difference'
  }

  get title(): string {
    return `${layerName(this.from)} → ${layerName(this.to)}`
  }

  get element(): HTMLElement {
    return this.#frame.element
  }

  focus(): void {
    this.#files.focus({ preventScroll: true })
  }

  status(): string {
    return this.actions.describe(this.#changes)
  }

  /** Compares two others. */
  async compare(from: Layer, to: Layer): Promise<void> {
    this.from = from
    this.to = to
    this.#chosen = 0
    this.#layers()
    this.updated.tell()
    await this.refresh()
  }

  #pick(): void {
    const of = (select: HTMLSelectElement) => this.workspace.layers.find(({ id }) => String(id) === select.value)!
    void this.compare(of(this.#from), of(this.#to))
  }

  /** A layer that was dropped gives way to another, which is another comparison. */
  #follow(): void {
    const { from, to } = this
    this.#layers()
    if (from.id !== this.from.id || to.id !== this.to.id) void this.refresh()
    this.updated.tell()
  }

  #layers(): void {
    const { layers } = this.workspace
    this.from = layers.find(({ id }) => id === this.from.id) ?? layers[0]!
    this.to = layers.find(({ id }) => id === this.to.id) ?? layers.at(-1)!
    for (const [select, chosen] of [
      [this.#from, this.from],
      [this.#to, this.to],
    ] as const) {
      fill(
        select,
        ...layers.map((layer) => el('option', { value: layer.id, selected: layer.id === chosen.id }, layerName(layer))),
      )
    }
  }

  async refresh(): Promise<void> {
    await attempt('The layers could not be compared', async () => {
      const chosen = this.#changes[this.#chosen]?.path
      this.#changes = await this.workspace.fs.layers.diff(reference(this.from), reference(this.to))
      this.#chosen = Math.max(
        0,
        this.#changes.findIndex(({ path }) => path === chosen),
      )
      this.#list.items = this.#changes
      this.#summary.textContent = this.actions.describe(this.#changes)
      this.updated.tell()
      await this.#show()
    })
  }

  #row(change: Change): HTMLElement {
    const [mark, word] = MARKS[change.kind]
    return el(
      'div',
      {
        class: `change ${change.kind}`,
        role: 'option',
        id: `change-${rowNumber++}`,
        title: change.from ? `${change.from} → ${change.path}` : change.path,
        onclick: () =>
          this.#choose(
            this.#changes.findIndex(
              (other) => other === change || (other.path === change.path && other.kind === change.kind),
            ),
          ),
      },
      el('span', { class: 'mark', role: 'img', 'aria-label': word }, mark),
      el('span', { class: 'name' }, change.path.slice(1)),
      el('span', { class: 'size' }, size(change)),
    )
  }

  #key(event: KeyboardEvent): void {
    const to = { ArrowDown: this.#chosen + 1, ArrowUp: this.#chosen - 1, Home: 0, End: this.#changes.length - 1 }[
      event.key
    ]
    if (to === undefined) return
    event.preventDefault()
    this.#choose(Math.max(0, Math.min(this.#changes.length - 1, to)))
  }

  #choose(at: number): void {
    if (at < 0) return
    this.#chosen = at
    this.#list.reveal(at)
    void attempt('The file could not be compared', () => this.#show())
  }

  async #show(): Promise<void> {
    const turn = ++this.#turn
    const change = this.#changes[this.#chosen]
    const row = change && this.#list.row(`${change.kind} ${change.path}`)
    set(this.#files, 'aria-activedescendant', row?.id)
    this.#list.draw()
    this.#view?.destroy()
    this.#view = undefined
    if (!change)
      return fill(this.#content, el('p', { class: 'calm' }, icon('check', 28), 'These two states are identical.'))
    const head = this.#head(change)
    if (change.file !== 'file')
      return fill(this.#content, head, el('p', { class: 'calm' }, `A ${change.file} was ${MARKS[change.kind][1]}.`))
    const [before, after] = await Promise.all([
      change.kind === 'added' ? '' : this.#text(this.from, change.from ?? change.path, change.size_before),
      change.kind === 'deleted' ? '' : this.#text(this.to, change.path, change.size_after),
    ])
    const support = await languageOf(change.path)?.load()
    if (turn !== this.#turn) return
    if (before === undefined || after === undefined) {
      return fill(
        this.#content,
        head,
        el('p', { class: 'calm' }, `Binary, or too long to compare here: ${size(change)}.`),
      )
    }
    const host = el('div', { class: 'editor' })
    fill(this.#content, head, host)
    this.#view = mount(
      host,
      EditorState.create({
        doc: after,
        extensions: [
          basics,
          lineNumbers(),
          EditorView.lineWrapping,
          EditorState.readOnly.of(true),
          EditorView.contentAttributes.of({ 'aria-label': `Differences in ${change.path}` }),
          unifiedMergeView({
            original: before,
            mergeControls: false,
            gutter: true,
            highlightChanges: change.kind === 'modified' || change.kind === 'renamed',
            collapseUnchanged: { margin: 4, minSize: 8 },
          }),
          support ?? [],
        ],
      }),
    )
  }

  #head(change: Change): HTMLElement {
    const name = change.from ? `${change.from} → ${change.path}` : change.path
    const now = this.to.current && change.kind !== 'deleted' && change.file === 'file'
    return el(
      'div',
      { class: 'about' },
      el('span', { class: 'name' }, name),
      now
        ? el(
            'button',
            { type: 'button', class: 'button quiet', onclick: () => this.open(change.path) },
            el('span', {}, 'Open'),
          )
        : null,
    )
  }

  /** A file of a layer, if it is a text. */
  async #text(layer: Layer, path: string, length: number | null): Promise<string | undefined> {
    if ((length ?? 0) > COMPARED) return undefined
    const content = await this.workspace.fs.readFile(this.workspace.at(layer, path))
    if (content.subarray(0, 1 << 16).includes(0)) return undefined
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
    } catch {
      return undefined
    }
  }

  close(): void {
    this.#deaf()
    this.#turn = -1
    this.#view?.destroy()
  }
}

let rowNumber = 1

function size({ size_before, size_after, file }: Change): string {
  if (file !== 'file') return ''
  if (size_before === null || size_after === null) return bytes(size_after ?? size_before ?? 0)
  const by = size_after - size_before
  return by === 0 ? bytes(size_after) : `${by > 0 ? '+' : '−'}${bytes(Math.abs(by))}`
}
