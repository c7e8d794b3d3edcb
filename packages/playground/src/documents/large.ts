import { EditorState } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { button } from '../ui/controls.js'
import { el } from '../ui/dom.js'
import { bytes } from '../ui/format.js'
import type { Workspace } from '../workspace.js'
import { basics, mount } from './editor.js'
import { FileDoc } from './file-doc.js'
import { attempt } from '../problems.js'

/** Bytes shown at once. */
const WINDOW = 512 << 10

/** A text too large to edit: a window moves over it, and only that is read. */
export class LargeDoc extends FileDoc {
  readonly icon = 'file' as const
  readonly #view: EditorView
  readonly #slider = el('input', { type: 'range', min: 0, max: 1000, value: 0, 'aria-label': 'Position in the file' })
  readonly #where = el('span', {})
  #size = 0
  #from = 0
  #to = 0

  private constructor(workspace: Workspace, path: string) {
    super(workspace, path, 'text')
    const host = el('div', { class: 'editor' })
    this.frame.body.append(host)
    this.#view = mount(host, this.#state(''))
    const go = (from: number) => void attempt('The file could not be read', () => this.#show(from))
    this.#slider.addEventListener('change', () => go((this.#slider.valueAsNumber / 1000) * (this.#size - WINDOW)))
    this.frame.tools.classList.add('parts', 'many')
    this.frame.tools.append(
      this.#where,
      button('', () => go(this.#from - WINDOW), { icon: 'chevron', label: 'Previous part', kind: 'quiet' }),
      this.#slider,
      button('', () => go(this.#to), { icon: 'chevron', label: 'Next part', kind: 'quiet' }),
    )
  }

  static async open(workspace: Workspace, path: string): Promise<LargeDoc> {
    const doc = new LargeDoc(workspace, path)
    await doc.refresh()
    return doc
  }

  #state(content: string): EditorState {
    return EditorState.create({
      doc: content,
      extensions: [
        basics,
        EditorState.readOnly.of(true),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': `A part of ${this.title}` }),
      ],
    })
  }

  focus(): void {
    this.#view.focus()
  }

  status(): string {
    return `${bytes(this.#size)}, too large to edit; shown in parts`
  }

  async refresh(): Promise<void> {
    this.#size = (await this.workspace.fs.stat(this.path)).size
    await this.#show(this.#from)
  }

  /** Shows whole lines from about a position on. */
  async #show(from: number): Promise<void> {
    from = Math.max(0, Math.min(Math.floor(from), this.#size - 1))
    const piece = await this.workspace.fs.readFile(this.path, { offset: from, length: WINDOW })
    const first = from === 0 ? 0 : piece.indexOf(10) + 1
    const last = from + piece.length >= this.#size ? piece.length : piece.lastIndexOf(10) + 1 || piece.length
    const lines = piece.subarray(first < last ? first : 0, last)
    this.#from = from
    this.#to = from + last
    this.#view.setState(this.#state(new TextDecoder('utf-8', { ignoreBOM: true }).decode(lines)))
    this.#slider.value = String(Math.round((from / Math.max(1, this.#size - WINDOW)) * 1000))
    this.#where.textContent = `${bytes(from)} to ${bytes(this.#to)} of ${bytes(this.#size)}`
    this.updated.tell()
  }

  close(): void {
    this.#view.destroy()
  }
}
