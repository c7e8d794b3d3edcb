import type { ChangeEvent } from 'tarbox'
import { within } from '../paths.js'
import { attempt } from '../problems.js'
import { button } from '../ui/controls.js'
import { el, fill, id, set } from '../ui/dom.js'
import { icon } from '../ui/icons.js'
import { Signal } from '../ui/signal.js'
import type { Workspace } from '../workspace.js'
import type { Doc } from './document.js'

/** The documents that are open, as tabs. */
export class Desk {
  /** Another document is in front, or it says something else. */
  readonly changed = new Signal()
  readonly #strip = el('div', { class: 'strip', role: 'tablist', 'aria-label': 'Open documents' })
  readonly #place = el('div', { class: 'place' })
  readonly #empty: HTMLElement
  readonly #docs: Doc[] = []
  #front: Doc | undefined

  constructor(
    place: HTMLElement,
    banner: HTMLElement,
    empty: HTMLElement,
    readonly workspace: Workspace,
  ) {
    this.#empty = empty
    fill(place, this.#strip, banner, this.#place)
    this.#strip.addEventListener('keydown', (event) => this.#key(event))
    workspace.changed.listen((events) => this.#follow(events))
    this.#draw()
  }

  get front(): Doc | undefined {
    return this.#front
  }

  get docs(): readonly Doc[] {
    return this.#docs
  }

  find(key: string): Doc | undefined {
    return this.#docs.find((doc) => doc.key === key)
  }

  /** Opens it; behind the others if `front` is not what it should be. */
  add(doc: Doc, front = true): void {
    const at = this.#front && front ? this.#docs.indexOf(this.#front) + 1 : this.#docs.length
    this.#docs.splice(at, 0, doc)
    doc.updated.listen(() => this.#draw())
    doc.element.id ||= id('document')
    doc.element.setAttribute('role', 'tabpanel')
    this.#place.append(doc.element)
    if (front) this.show(doc)
    else this.#draw()
  }

  /** Whether a document can go: it may ask, and what is not written yet is. */
  async leave(doc: Doc): Promise<boolean> {
    if (doc.closing && !(await doc.closing())) return false
    return !doc.dirty || !doc.save || doc.save()
  }

  /** Puts another view of the same file where one was, which can go. */
  replace(old: Doc, doc: Doc): void {
    this.#front = old
    this.#drawn = ''
    this.add(doc)
    this.#drop(old)
    this.#drawn = ''
    this.#draw()
  }

  show(doc: Doc): void {
    if (this.#front !== doc) void this.#front?.save?.()
    this.#front = doc
    this.#draw()
    doc.focus()
  }

  async close(doc: Doc): Promise<void> {
    if (!(await this.leave(doc))) return
    const at = this.#docs.indexOf(doc)
    this.#drop(doc)
    if (this.#front === doc) this.#front = this.#docs[Math.min(at, this.#docs.length - 1)]
    this.#draw()
    this.#front?.focus()
  }

  #drop(doc: Doc): void {
    const at = this.#docs.indexOf(doc)
    if (at < 0) return
    this.#docs.splice(at, 1)
    doc.close()
    doc.element.remove()
  }

  /** Writes all that is not written yet; says whether nothing is left. */
  async saveAll(): Promise<boolean> {
    const saved = await Promise.all(this.#docs.map((doc) => (doc.dirty && doc.save ? doc.save() : true)))
    return saved.every(Boolean)
  }

  get dirty(): boolean {
    return this.#docs.some((doc) => doc.dirty)
  }

  #follow(events: ChangeEvent[]): void {
    const touched = new Set<Doc>()
    for (const { kind, path, from } of events) {
      for (const doc of this.#docs) {
        if (kind === 'rescan') touched.add(doc)
        if (doc.path === undefined) continue
        if (kind === 'rename' && from !== undefined && within(doc.path, from)) {
          doc.moved?.(path + doc.path.slice(from.length))
        } else if (within(doc.path, path) || doc.path === from) touched.add(doc)
      }
    }
    for (const doc of touched) void attempt(`${doc.title} could not be reloaded`, async () => doc.refresh?.())
    this.#draw()
  }

  /** What the tabs say; a cursor that moves changes none of it. */
  #drawn = ''

  #draw(): void {
    const now = JSON.stringify([this.#front?.key, this.#docs.map(({ key, title, dirty }) => [key, title, dirty])])
    if (now !== this.#drawn) this.#drawTabs()
    this.#drawn = now
    this.changed.tell()
  }

  #drawTabs(): void {
    const focused = this.#strip.contains(document.activeElement)
    fill(this.#strip, ...this.#docs.map((doc) => this.#tab(doc)))
    for (const doc of this.#docs) {
      doc.element.hidden = doc !== this.#front
      doc.element.setAttribute('aria-label', doc.title)
    }
    this.#strip.hidden = this.#docs.length === 0
    if (this.#docs.length === 0) this.#place.append(this.#empty)
    else this.#empty.remove()
    const front = this.#strip.querySelector<HTMLElement>('[aria-selected=true]')
    front?.parentElement?.scrollIntoView?.({ block: 'nearest', inline: 'nearest' })
    if (focused) front?.focus()
  }

  #tab(doc: Doc): HTMLElement {
    const front = doc === this.#front
    const tab = el(
      'button',
      {
        type: 'button',
        role: 'tab',
        'aria-selected': String(front),
        'aria-controls': doc.element.id,
        tabindex: front ? 0 : -1,
        title: doc.path ?? doc.title,
        'aria-keyshortcuts': 'Delete',
        onclick: () => this.show(doc),
      },
      icon(doc.icon),
      el('span', { class: 'name' }, doc.title),
      doc.dirty ? el('span', { class: 'dirty', role: 'img', 'aria-label': 'not saved yet' }) : null,
    )
    const close = button('', () => void this.close(doc), { icon: 'close', label: `Close ${doc.title}`, kind: 'quiet' })
    // For the mouse: whoever uses keys presses Delete on the tab.
    close.tabIndex = -1
    close.setAttribute('aria-hidden', 'true')
    const whole = el(
      'div',
      {
        class: 'tab',
        role: 'presentation',
        onauxclick: (event: MouseEvent) => event.button === 1 && void this.close(doc),
      },
      tab,
      close,
    )
    set(whole, 'data-front', front)
    return whole
  }

  #key(event: KeyboardEvent): void {
    if (!this.#front) return
    const at = this.#docs.indexOf(this.#front)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: this.#docs.length - 1 }[event.key]
    if (event.key === 'Delete') void this.close(this.#front)
    if (to === undefined) return
    event.preventDefault()
    this.#front = this.#docs[(to + this.#docs.length) % this.#docs.length]
    this.#draw()
    this.#strip.querySelector<HTMLElement>('[aria-selected=true]')?.focus()
  }
}
