import type { Layer } from 'tarbox'
import { attempt, ifThere } from '../problems.js'
import { button } from '../ui/controls.js'
import { el, fill } from '../ui/dom.js'
import { ago, count, when } from '../ui/format.js'
import { icon } from '../ui/icons.js'
import { menu } from '../ui/menu.js'
import type { Workspace } from '../workspace.js'
import { type LayerActions, layerName, reference } from './actions.js'

/** The layers as a line through time, the latest first. */
export class Timeline {
  readonly element: HTMLElement
  readonly #list = el('ol', { class: 'timeline' })
  readonly #name = el('input', {
    type: 'text',
    placeholder: 'Name of the checkpoint',
    'aria-label': 'Name of the checkpoint',
    maxlength: 120,
    autocomplete: 'off',
    spellcheck: 'false',
  })
  readonly #seal: HTMLButtonElement
  #changes = 0
  /** What is said of the state being written. */
  readonly #words = el('span', { class: 'facts' })
  #drawn = ''

  constructor(
    readonly workspace: Workspace,
    private readonly actions: LayerActions,
    private readonly compare: (from: Layer, to: Layer) => void,
  ) {
    this.#seal = button('Checkpoint', () => undefined, { icon: 'seal', kind: 'primary' })
    this.#seal.type = 'submit'
    const form = el('form', { class: 'seal' }, this.#name, this.#seal)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void this.#checkpoint()
    })
    this.element = el('div', { class: 'history' }, form, this.#list)
    workspace.history.listen(() => {
      this.#draw()
      void this.#count()
    })
    workspace.changed.listen(() => void this.#count())
    // The words for how long ago something was grow old.
    setInterval(() => document.hidden || this.#draw(), 60_000)
    this.#draw()
    void this.#count()
  }

  /** How much differs from the last checkpoint. */
  async #count(): Promise<void> {
    const { layers } = this.workspace
    const last = layers.at(-2)
    const changes = last
      ? await attempt('The changes could not be counted', () => ifThere(this.workspace.fs.layers.diff(reference(last))))
      : []
    if (!changes || changes.length === this.#changes) return
    this.#changes = changes.length
    // Only the words: whoever is just clicking on a line keeps it.
    this.#words.textContent = this.#since()
  }

  #since(): string {
    const before = this.workspace.layers.at(-2)
    if (!before) return 'the current state'
    return this.#changes === 0
      ? `as “${layerName(before)}”`
      : `${count(this.#changes, 'change')} since “${layerName(before)}”`
  }

  async #checkpoint(): Promise<void> {
    this.#seal.disabled = true
    if (await this.actions.checkpoint(this.#name.value.trim(), '')) this.#name.value = ''
    this.#seal.disabled = this.workspace.readOnly
  }

  #draw(): void {
    const { layers, readOnly } = this.workspace
    const now = JSON.stringify([layers, readOnly, layers.map(({ sealed }) => sealed && ago(sealed / 1e6))])
    if (now === this.#drawn) return
    this.#drawn = now
    const focused = this.#list.contains(document.activeElement)
      ? (document.activeElement as HTMLElement).dataset['key']
      : undefined
    this.#name.disabled = readOnly
    this.#seal.disabled = readOnly
    fill(this.#list, ...[...layers].reverse().map((layer, at) => this.#item(layer, layers[layers.length - 2 - at])))
    if (layers.length === 1)
      this.#list.append(
        el(
          'li',
          { class: 'hint' },
          el(
            'p',
            {},
            'Seal a checkpoint before you try something. Every checkpoint stays readable, and one click switches to it.',
          ),
        ),
      )
    if (focused !== undefined) this.#list.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus()
  }

  #item(layer: Layer, before: Layer | undefined): HTMLElement {
    const now = layer.sealed === null
    const name = layerName(layer)
    if (now) this.#words.textContent = this.#since()
    const facts = now
      ? this.#words
      : el('span', { class: 'facts' }, ago(layer.sealed! / 1e6), layer.description ? ` · ${layer.description}` : '')
    const go = el(
      'button',
      {
        type: 'button',
        class: 'moment',
        'aria-current': layer.current ? 'true' : null,
        'data-layer': name,
        title: now ? null : when(layer.sealed! / 1e6),
        onclick: () => void this.actions.switch(layer),
      },
      el('span', { class: 'name' }, name),
      layer.current ? el('span', { class: 'here' }, 'current') : null,
      facts,
    )
    go.dataset['key'] = `go ${layer.id}`
    const more = button('', () => this.#menu(more, layer, before), {
      icon: 'more',
      label: `More for ${name}`,
      kind: 'quiet',
    })
    more.setAttribute('aria-haspopup', 'menu')
    more.dataset['key'] = `more ${layer.id}`
    const diff = button('', () => before && this.compare(before, layer), {
      icon: 'compare',
      label: before ? `What changed from ${layerName(before)} to ${name}` : '',
      kind: 'quiet',
    })
    diff.dataset['key'] = `diff ${layer.id}`
    const tags = layer.tags.map((tag) =>
      el(
        'button',
        {
          type: 'button',
          class: 'tag',
          'aria-label': `Remove the tag ${tag}`,
          title: 'Remove this tag',
          onclick: () => void this.actions.untag(tag),
        },
        icon('tag', 11),
        tag,
      ),
    )
    return el(
      'li',
      { class: `${now ? 'now' : 'sealed'}${layer.current ? ' current' : ''}` },
      el('span', { class: 'dot', 'aria-hidden': 'true' }),
      go,
      el('div', { class: 'more' }, before ? diff : null, more),
      tags.length > 0 ? el('div', { class: 'tags' }, ...tags) : null,
    )
  }

  #menu(at: HTMLElement, layer: Layer, before: Layer | undefined): void {
    const { layers } = this.workspace
    const head = layers.at(-1)!
    const sealed = layer.sealed !== null
    menu(at, [
      {
        text: layer.current ? 'Current' : 'Show',
        icon: 'eye',
        disabled: layer.current,
        act: () => this.actions.switch(layer),
      },
      before && { text: 'What changed in it', icon: 'compare', act: () => this.compare(before, layer) },
      sealed && { text: 'Compare with now', icon: 'compare', act: () => this.compare(layer, head) },
      '-',
      sealed && { text: 'Tag…', icon: 'tag', act: () => this.actions.tag(layer) },
      sealed && layer.current && { text: 'Continue from here…', icon: 'back', act: () => this.actions.continueHere() },
      sealed && {
        text: 'Drop…',
        icon: 'trash',
        danger: true,
        disabled: layer.current,
        act: () => this.actions.drop(layer),
      },
    ])
  }
}
