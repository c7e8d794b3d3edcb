import { button } from '../ui/controls.js'
import { type Child, el, fill } from '../ui/dom.js'
import { icon } from '../ui/icons.js'

/** What documents have around them: a line of tools, a line for what needs an answer, and the content. */
export class Frame {
  readonly element: HTMLElement
  readonly tools = el('div', { class: 'tools' })
  readonly body: HTMLElement
  readonly #crumbs = el('div', { class: 'crumbs' })
  readonly #notice = el('div', { class: 'notice', role: 'alert', hidden: true })

  constructor(kind: string, ...body: Child[]) {
    this.body = el('div', { class: 'body' }, ...body)
    this.element = el(
      'section',
      { class: `document ${kind}` },
      el('div', { class: 'head' }, this.#crumbs, this.tools),
      this.#notice,
      this.body,
    )
  }

  set path(path: string) {
    const parts = path.split('/').slice(1)
    fill(this.#crumbs, ...parts.flatMap((part, at) => [at > 0 ? icon('chevron', 10) : null, el('span', {}, part)]))
    this.#crumbs.title = path
  }

  set title(text: Child) {
    fill(this.#crumbs, el('span', {}, text))
  }

  notice(text: string | undefined, ...actions: [text: string, act: () => unknown][]): void {
    this.#notice.hidden = text === undefined
    if (text === undefined) return fill(this.#notice)
    fill(this.#notice, icon('warning'), el('p', {}, text), ...actions.map(([name, act]) => button(name, act)))
  }
}
