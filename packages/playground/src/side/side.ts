import { el, fill, set } from '../ui/dom.js'
import { icon, type IconName } from '../ui/icons.js'

interface Panel {
  readonly key: string
  readonly text: string
  readonly icon: IconName
  readonly element: HTMLElement
  show?: () => void
  hide?: () => void
}

/** The panels beside the documents, one at a time. */
export class Side {
  #front: Panel
  readonly #strip = el('div', { class: 'strip', role: 'tablist', 'aria-label': 'About the workspace' })

  constructor(
    place: HTMLElement,
    private readonly panels: Panel[],
  ) {
    for (const panel of panels) {
      panel.element.id = `panel-${panel.key}`
      panel.element.setAttribute('role', 'tabpanel')
      panel.element.setAttribute('aria-labelledby', `tab-${panel.key}`)
      panel.element.hidden = true
    }
    this.#front = panels[0]!
    fill(place, this.#strip, ...panels.map(({ element }) => element))
    this.#strip.addEventListener('keydown', (event) => this.#key(event))
    this.show(this.#front.key)
  }

  get front(): string {
    return this.#front.key
  }

  show(key: string): void {
    const next = this.panels.find((panel) => panel.key === key) ?? this.panels[0]!
    if (next !== this.#front) this.#front.hide?.()
    this.#front = next
    for (const panel of this.panels) panel.element.hidden = panel !== next
    fill(this.#strip, ...this.panels.map((panel) => this.#tab(panel)))
    next.show?.()
  }

  /** The first thing in the panel in front, or its tab. */
  focus(): void {
    const inside = this.#front.element.querySelector<HTMLElement>('input:not(:disabled), button:not(:disabled)')
    ;(inside ?? this.#strip.querySelector<HTMLElement>('[aria-selected=true]'))?.focus()
  }

  #tab(panel: Panel): HTMLElement {
    const front = panel === this.#front
    const tab = el(
      'button',
      {
        type: 'button',
        role: 'tab',
        id: `tab-${panel.key}`,
        'aria-controls': panel.element.id,
        'aria-selected': String(front),
        tabindex: front ? 0 : -1,
        onclick: () => this.show(panel.key),
      },
      icon(panel.icon),
      el('span', {}, panel.text),
    )
    set(tab, 'data-front', front)
    return tab
  }

  #key(event: KeyboardEvent): void {
    const at = this.panels.indexOf(this.#front)
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key]
    if (to === undefined) return
    event.preventDefault()
    this.show(this.panels.at(to % this.panels.length)!.key)
    this.#strip.querySelector<HTMLElement>('[aria-selected=true]')?.focus()
  }
}
