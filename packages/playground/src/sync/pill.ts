/// The state of the connection at the top of the page.
import { el, fill, set } from '../ui/dom.js'
import { icon } from '../ui/icons.js'
import { glance, type Standing } from './standing.js'

/** A button that says how it stands, and shows more. What matters is read out. */
export function pill(standing: Standing | undefined, show: () => void): HTMLElement {
  const text = el('span', {})
  const button = el('button', { type: 'button', class: 'pill', onclick: show })
  const aloud = el('span', { class: 'unseen', 'aria-live': 'polite' })
  let said: string | undefined
  let shown: string | undefined
  const draw = () => {
    const {
      kind,
      icon: symbol,
      text: words,
      more,
    } = standing
      ? glance(standing.status)
      : ({ kind: 'calm', icon: 'cloud', text: 'Connect', more: 'Keep this workspace in step with a server' } as const)
    text.textContent = words
    // One that turns goes on turning.
    if (symbol !== shown) fill(button, icon(symbol, 14), text)
    shown = symbol
    set(button, 'data-kind', kind)
    set(button, 'title', more)
    if (!standing || kind === 'busy') return
    // What it was when the page came is no news.
    if (said !== undefined && said !== words) aloud.textContent = `${words}. ${more}`
    said = words
  }
  standing?.changed.listen(draw)
  draw()
  return el('span', { class: 'standing' }, button, aloud)
}
