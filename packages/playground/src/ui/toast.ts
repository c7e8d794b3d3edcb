import { button } from './controls.js'
import { el, fill } from './dom.js'
import { icon } from './icons.js'

interface Action {
  text: string
  act: () => unknown
}

const place = el('div', { class: 'toasts', role: 'region', 'aria-label': 'Messages' })
const polite = el('div', { class: 'unseen', role: 'status', 'aria-live': 'polite' })
const urgent = el('div', { class: 'unseen', role: 'alert' })
document.body.append(place, polite, urgent)

/** Says something for a while, with something to do about it. */
export function toast(text: string, action?: Action): void {
  polite.textContent = text
  const message = el('div', { class: 'toast' }, el('p', {}, text))
  let timer = 0
  const close = () => message.remove()
  const later = () => (timer = window.setTimeout(close, action ? 9000 : 4500))
  if (action) message.append(button(action.text, () => (close(), action.act()), { kind: 'quiet' }))
  message.append(button('', close, { icon: 'close', label: 'Close the message', kind: 'quiet' }))
  message.addEventListener('pointerenter', () => clearTimeout(timer))
  message.addEventListener('pointerleave', later)
  message.addEventListener('focusin', () => clearTimeout(timer))
  message.addEventListener('focusout', later)
  place.append(message)
  while (place.children.length > 3) place.firstElementChild!.remove()
  later()
}

/** Says what went wrong and what to do. It stays until it is closed. */
export function problem(text: string, action?: Action): void {
  urgent.textContent = text
  for (const old of place.querySelectorAll('.toast.wrong'))
    if (old.querySelector('p')?.textContent === text) old.remove()
  const message = el('div', { class: 'toast wrong' }, icon('warning'), el('p', {}, text))
  if (action) message.append(button(action.text, () => (message.remove(), action.act()), { kind: 'quiet' }))
  message.append(button('', () => message.remove(), { icon: 'close', label: 'Close the message', kind: 'quiet' }))
  place.append(message)
}

export interface Progress {
  readonly signal: AbortSignal
  /** `part` is between 0 and 1, or nothing if nobody knows. */
  at(text: string, part?: number): void
  done(): void
}

/** Something that takes a while and can be stopped. */
export function progress(title: string): Progress {
  const controller = new AbortController()
  const text = el('p', {})
  const bar = el('progress', { max: 1, 'aria-label': title })
  const message = el(
    'div',
    { class: 'toast working' },
    el('div', {}, el('strong', {}, title), text, bar),
    button('Stop', () => controller.abort(), { kind: 'quiet' }),
  )
  polite.textContent = title
  place.append(message)
  return {
    signal: controller.signal,
    at(now, part) {
      fill(text, now)
      if (part === undefined) bar.removeAttribute('value')
      else bar.value = part
    },
    done: () => message.remove(),
  }
}
