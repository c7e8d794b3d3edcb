/// Both contents of a conflict beside each other, and the choice between them.
import type { Doc } from '../documents/document.js'
import { Frame } from '../documents/frame.js'
import { base, join, parent, splitName } from '../paths.js'
import { attempt } from '../problems.js'
import { button } from '../ui/controls.js'
import { type Child, el, fill, id } from '../ui/dom.js'
import { ago, bytes, when } from '../ui/format.js'
import { Signal } from '../ui/signal.js'
import { toast } from '../ui/toast.js'
import type { Workspace } from '../workspace.js'
import { type Content, contentAt } from './sides.js'
import type { Standing } from './standing.js'
import { type Shown, show } from './views.js'

export interface Conflict {
  path: string
  copy: string
}

type Choice = 'ours' | 'theirs' | 'both'

/** Below this width one text shows both. */
const NARROW = matchMedia('(max-width: 920px)')

export class ConflictDoc implements Doc {
  readonly updated = new Signal()
  readonly dirty = false
  readonly icon = 'compare' as const
  readonly path = undefined
  readonly key: string
  readonly #frame: Frame
  readonly #heads = el('div', { class: 'sides' })
  readonly #content = el('div', { class: 'contents' })
  readonly #both: HTMLButtonElement
  readonly #deaf: (() => void)[]
  #shown: Shown | undefined
  #sides: [ours: Content | undefined, theirs: Content | undefined] = [undefined, undefined]
  #turn = 0
  #isDecided = false
  #wantsFocus = false

  constructor(
    private readonly workspace: Workspace,
    private readonly standing: Standing,
    private readonly conflict: Conflict,
    /** It is decided. */
    private readonly done: (doc: Doc) => void,
  ) {
    this.key = ConflictDoc.keyOf(conflict)
    this.#frame = new Frame('conflict', this.#heads, this.#content)
    this.#frame.path = conflict.path
    this.#both = button('Keep both', () => void this.#choose('both'), {
      icon: 'copy',
      label: `Keep both: the content of this device stays as ${base(conflict.copy)}`,
    })
    this.#frame.tools.append(this.#both)
    const redraw = () => void this.refresh()
    NARROW.addEventListener('change', redraw)
    this.#deaf = [
      () => NARROW.removeEventListener('change', redraw),
      workspace.changed.listen((events) => {
        const { path, copy } = conflict
        if (events.some((event) => [path, copy].includes(event.path) || event.from === copy)) redraw()
      }),
      workspace.history.listen(redraw),
      standing.changed.listen(() => this.#follow()),
    ]
    void this.refresh()
  }

  static keyOf({ copy }: Conflict): string {
    return `conflict ${copy}`
  }

  get title(): string {
    return `Conflict: ${base(this.conflict.path)}`
  }

  get element(): HTMLElement {
    return this.#frame.element
  }

  /** To the first choice, as soon as there is one. */
  focus(): void {
    const choice = this.#heads.querySelector<HTMLElement>('button:not(:disabled)')
    choice?.focus({ preventScroll: true })
    this.#wantsFocus = !choice
  }

  status(): string {
    const left = this.standing.status.conflicts.length
    return left > 1 ? `${left} conflicts to decide` : ''
  }

  async refresh(): Promise<void> {
    if (this.#isDecided) return
    const turn = ++this.#turn
    await attempt('The two contents could not be read', async () => {
      const { path, copy } = this.conflict
      const sides = await Promise.all([contentAt(this.workspace, copy), contentAt(this.workspace, path)])
      if (turn !== this.#turn) return
      this.#sides = sides
      this.#drawHeads()
      const shown = await show(path, ...sides, NARROW.matches)
      if (turn !== this.#turn) return shown.close()
      this.#shown?.close()
      this.#shown = shown
      fill(this.#content, shown.element)
      shown.begin()
    })
  }

  #drawHeads(): void {
    const [ours, theirs] = this.#sides
    const locked = this.workspace.isLocked
    const focused = this.#heads.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset['key']
      : undefined
    this.#both.disabled = locked
    fill(
      this.#heads,
      this.#head('ours', 'On this device', ours, 'Keep this device’s', locked),
      this.#head('theirs', 'At the server', theirs, 'Keep the server’s', locked),
    )
    if (focused !== undefined) this.#heads.querySelector<HTMLElement>(`[data-key="${focused}"]`)?.focus()
    else if (this.#wantsFocus) this.focus()
  }

  #head(
    choice: 'ours' | 'theirs',
    name: string,
    content: Content | undefined,
    text: string,
    locked: boolean,
  ): HTMLElement {
    const keep = button(text, () => void this.#choose(choice), { kind: 'primary' })
    keep.dataset['key'] = choice
    keep.disabled = locked
    const facts: Child[] = content
      ? [bytes(content.size), ' · ', el('time', { title: when(content.modified) }, ago(content.modified))]
      : ['It was deleted meanwhile.']
    const heading = id('side')
    return el(
      'section',
      { class: `side ${choice}`, 'aria-labelledby': heading },
      el('h2', { id: heading }, name),
      el('p', { class: 'facts' }, ...facts),
      keep,
    )
  }

  /** Somebody else may decide it. */
  #follow(): void {
    this.updated.tell()
    const { conflicts, version } = this.standing.status
    if (version === 0 || this.#isDecided || conflicts.some(({ copy }) => copy === this.conflict.copy)) return
    this.#finish()
  }

  #finish(): void {
    this.#isDecided = true
    this.done(this)
  }

  async #choose(choice: Choice): Promise<void> {
    const { path, copy } = this.conflict
    const [ours, theirs] = this.#sides
    const gone = choice === 'ours' ? theirs : choice === 'theirs' ? ours : undefined
    this.#isDecided = true
    const done = await attempt('It could not be decided', async () => {
      await this.workspace.fs.replica.resolve(copy, choice)
      return true
    })
    if (!done) {
      this.#isDecided = false
      return
    }
    const said = {
      ours: 'Kept the content of this device.',
      theirs: 'Kept the content of the server.',
      both: 'Kept both.',
    }
    const { bytes: content } = gone ?? {}
    toast(said[choice], content && { text: 'Bring the other back', act: () => this.#bringBack(path, content) })
    this.done(this)
  }

  /** What was not chosen is a file beside it again. */
  async #bringBack(path: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
    const [stem, end] = splitName(base(path))
    await attempt('It could not be brought back', async () => {
      for (let number = 1; ; number++) {
        const name = `${stem} (other${number === 1 ? '' : ` ${number}`})${end}`
        const at = join(parent(path), name)
        if (await this.workspace.fs.exists(at)) continue
        await this.workspace.fs.writeFile(at, content, { exclusive: true })
        toast(`The other content is in “${name}”.`)
        return
      }
    })
  }

  close(): void {
    this.#turn = -1
    for (const deafen of this.#deaf) deafen()
    this.#shown?.close()
  }
}
