import { Compartment, EditorState, type Text } from '@codemirror/state'
import { EditorView, keymap } from '@codemirror/view'
import type { Stats } from 'tarbox'
import { attempt, ifThere, words } from '../problems.js'
import { problem } from '../ui/toast.js'
import { button } from '../ui/controls.js'
import { el } from '../ui/dom.js'
import type { Workspace } from '../workspace.js'
import { basics, gutters, mount } from './editor.js'
import { FileDoc } from './file-doc.js'
import { fileIcon } from '../files/icon-of.js'
import { languageOf } from './languages.js'
import { stamp, writeIf } from './stamp.js'

/** How long after the last key a file is saved by itself, in milliseconds. */
const PAUSE = 900

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A text that can be edited. It saves itself, and never over what somebody else has written meanwhile. */
export class TextDoc extends FileDoc {
  override readonly icon
  readonly #view: EditorView
  readonly #locked = new Compartment()
  readonly #language = new Compartment()
  #stamp: string
  #saved: Text
  #lineEnd = '\n'
  #timer = 0
  #saving = Promise.resolve(true)
  #gone = false
  #conflict = false
  #preview: HTMLElement | undefined
  #open: (link: string) => void
  readonly #deaf: () => void

  private constructor(workspace: Workspace, path: string, content: string, stats: Stats, open: (link: string) => void) {
    super(workspace, path, 'text')
    this.#stamp = stamp(stats)
    this.#open = open
    this.icon = fileIcon(this.title)
    const host = el('div', { class: 'editor' })
    this.frame.body.append(host)
    this.#view = mount(host, this.#state(content))
    this.#saved = this.#view.state.doc
    this.#deaf = workspace.history.listen(() => this.#lock())
    void this.#highlight()
    if (languageOf(path)?.name === 'Markdown') this.#offerPreview()
  }

  static async open(workspace: Workspace, path: string, open: (link: string) => void): Promise<TextDoc> {
    const { fs } = workspace
    const [stats, bytes] = await Promise.all([fs.stat(path), fs.readFile(path)])
    return new TextDoc(workspace, path, strict.decode(bytes), stats, open)
  }

  #state(content: string): EditorState {
    // Line ends are kept as they were: where they are mixed, they are characters like others.
    const dos = /\r\n/.test(content) && !/(^|[^\r])\n|\r(?!\n)/.test(content)
    this.#lineEnd = dos ? '\r\n' : '\n'
    return EditorState.create({
      doc: content,
      extensions: [
        keymap.of([{ key: 'Mod-s', preventDefault: true, run: () => (void this.save(), true) }]),
        basics,
        gutters,
        EditorState.lineSeparator.of(this.#lineEnd),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ 'aria-label': `Content of ${this.title}` }),
        this.#locked.of(EditorState.readOnly.of(this.workspace.readOnly)),
        this.#language.of([]),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) this.#later()
          if (update.docChanged || update.selectionSet) this.updated.tell()
        }),
      ],
    })
  }

  async #highlight(): Promise<void> {
    const support = await languageOf(this.path)?.load()
    this.#view.dispatch({ effects: this.#language.reconfigure(support ?? []) })
  }

  override get dirty(): boolean {
    return !this.#view.state.doc.eq(this.#saved)
  }

  focus(): void {
    if (this.#preview) this.#preview.focus({ preventScroll: true })
    else this.#view.focus()
  }

  status(): string {
    const { state } = this.#view
    const { head } = state.selection.main
    const line = state.doc.lineAt(head)
    const language = languageOf(this.path)?.name ?? 'Text'
    if (this.#preview) return `${language} · rendered`
    return `Line ${line.number}, column ${head - line.from + 1} · ${language}${this.#lineEnd === '\n' ? '' : ' · CRLF'}`
  }

  #later(): void {
    clearTimeout(this.#timer)
    if (this.dirty && !this.#conflict) this.#timer = window.setTimeout(() => void this.save(), PAUSE)
  }

  async save(): Promise<boolean> {
    clearTimeout(this.#timer)
    if (!this.dirty) return true
    if (this.#conflict) return false
    return this.#write(false)
  }

  /** One after the other: the second sees what the first has made of the file. */
  #write(force: boolean): Promise<boolean> {
    this.#saving = this.#saving.then(() => this.#put(force))
    return this.#saving
  }

  async #put(force: boolean): Promise<boolean> {
    const { doc } = this.#view.state
    if (doc.eq(this.#saved)) return true
    try {
      const written = await writeIf(
        this.workspace,
        this.path,
        this.#view.state.sliceDoc(),
        (now) => force || (now ? stamp(now) === this.#stamp : this.#gone),
      )
      if (!written) {
        this.#disagree()
        return false
      }
      this.#saved = doc
      this.#gone = false
      this.#stamp = stamp(written)
      this.frame.notice(undefined)
      this.updated.tell()
      return true
    } catch (error) {
      problem(`${this.title} could not be saved. ${words(error)}`, { text: 'Try again', act: () => this.save() })
      return false
    }
  }

  #disagree(): void {
    // Whoever is about to answer keeps the buttons.
    if (this.#conflict && !this.#gone) return
    this.#conflict = true
    const settle = () => {
      this.#conflict = false
      this.frame.notice(undefined)
    }
    this.frame.notice(
      'This file was changed elsewhere while you were typing. Your changes are not saved yet.',
      ['Keep my version', () => (settle(), void this.#write(true))],
      ['Load the other version', () => (settle(), attempt('The file could not be read', () => this.#read()))],
    )
  }

  async #read(): Promise<void> {
    const { fs } = this.workspace
    const [stats, bytes] = await Promise.all([fs.stat(this.path), fs.readFile(this.path)])
    let content: string
    try {
      content = strict.decode(bytes)
    } catch {
      this.frame.notice('This file is no longer text. Close it, and open it again to see its bytes.')
      return
    }
    this.#stamp = stamp(stats)
    this.#replace(content)
    this.#gone = false
    this.frame.notice(undefined)
    this.updated.tell()
  }

  /** Changes only what differs, so that the cursor stays where it was. */
  #replace(content: string): void {
    const next = this.#view.state.toText(content)
    const old = this.#view.state.doc.toString()
    const text = next.toString()
    let from = 0
    const most = Math.min(old.length, text.length)
    while (from < most && old[from] === text[from]) from++
    let cut = 0
    while (cut < most - from && old[old.length - 1 - cut] === text[text.length - 1 - cut]) cut++
    if (from < old.length || from < text.length) {
      this.#view.dispatch({ changes: { from, to: old.length - cut, insert: next.slice(from, text.length - cut) } })
    }
    this.#saved = this.#view.state.doc
    if (this.#preview) void this.#showPreview()
  }

  /** What is past cannot be typed into. */
  #lock(): void {
    const { readOnly } = this.workspace
    if (this.#view.state.readOnly !== readOnly)
      this.#view.dispatch({ effects: this.#locked.reconfigure(EditorState.readOnly.of(readOnly)) })
  }

  async refresh(): Promise<void> {
    await this.#saving
    const now = await ifThere(this.workspace.fs.stat(this.path))
    if (!now) {
      this.#gone = true
      if (this.workspace.readOnly) this.frame.notice('This file does not exist in the state you are looking at.')
      else this.frame.notice('This file was deleted.', ['Write it again', () => void this.#again()])
      return
    }
    if (stamp(now) === this.#stamp && !this.#gone) return
    if (this.dirty) this.#disagree()
    else await this.#read()
  }

  /** A file that is gone is made anew of what is here. */
  async #again(): Promise<void> {
    this.#saved = this.#view.state.toText('\0')
    await this.#write(true)
  }

  override moved(path: string): void {
    super.moved(path)
    void this.#highlight()
  }

  #offerPreview(): void {
    const toggle = button('', () => (this.#preview ? this.#hidePreview() : void this.#showPreview()), {
      icon: 'eye',
      label: 'Read',
      kind: 'quiet',
    })
    toggle.setAttribute('aria-pressed', 'false')
    this.frame.tools.append(toggle)
    this.frame.tools.dataset['preview'] = ''
  }

  get reading(): boolean {
    return this.#preview !== undefined
  }

  /** Shows a text as it is meant to be read. */
  async read(): Promise<void> {
    if (!this.#preview && 'preview' in this.frame.tools.dataset) await this.#showPreview()
  }

  async #showPreview(): Promise<void> {
    const { preview } = await import('./markdown.js')
    const page = preview(this.#view.state.doc.toString(), (link) => this.#open(link))
    // Who is in the text stays in it, and where it was scrolled to.
    const before = this.#preview
    const focused = this.#view.hasFocus || before?.contains(document.activeElement)
    const scrolled = before?.scrollTop ?? 0
    if (before) before.replaceWith(page)
    else this.frame.body.append(page)
    this.#preview = page
    this.frame.body.classList.add('reading')
    page.scrollTop = scrolled
    if (focused) this.focus()
    this.frame.tools.querySelector('button')!.setAttribute('aria-pressed', 'true')
    this.updated.tell()
  }

  #hidePreview(): void {
    this.#preview?.remove()
    this.#preview = undefined
    this.frame.body.classList.remove('reading')
    this.frame.tools.querySelector('button')!.setAttribute('aria-pressed', 'false')
    this.#view.focus()
    this.updated.tell()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#deaf()
    this.#view.destroy()
  }
}
