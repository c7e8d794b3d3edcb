import { el } from './dom.js'
import { kept } from './kept.js'

interface Options {
  /** The custom property of the page that holds the width. */
  property: string
  label: string
  min: number
  max: number
  initial: number
  /** Which edge of its pane it is at. */
  edge: 'left' | 'right'
}

/** An edge that can be moved with the mouse, a finger or the arrow keys. */
export function splitter({ property, label, min, max, initial, edge }: Options): HTMLElement {
  let width = kept.get<number>(property) ?? initial
  const handle = el('div', {
    class: `splitter ${edge}`,
    role: 'separator',
    tabindex: 0,
    'aria-orientation': 'vertical',
    'aria-label': label,
    'aria-valuemin': min,
    'aria-valuemax': max,
  })
  const apply = (to: number) => {
    width = Math.round(Math.max(min, Math.min(max, to)))
    document.documentElement.style.setProperty(property, `${width}px`)
    handle.setAttribute('aria-valuenow', String(width))
  }
  const keep = () => kept.set(property, width)
  const sign = edge === 'right' ? 1 : -1
  handle.addEventListener('pointerdown', (event) => {
    event.preventDefault()
    handle.setPointerCapture(event.pointerId)
    const [from, start] = [event.clientX, width]
    const move = (now: PointerEvent) => apply(start + sign * (now.clientX - from))
    handle.addEventListener('pointermove', move)
    handle.addEventListener('lostpointercapture', () => (handle.removeEventListener('pointermove', move), keep()), {
      once: true,
    })
  })
  handle.addEventListener('dblclick', () => (apply(initial), keep()))
  handle.addEventListener('keydown', (event) => {
    const by = { ArrowLeft: -16, ArrowRight: 16 }[event.key]
    if (by === undefined) return
    event.preventDefault()
    apply(width + sign * by)
    keep()
  })
  apply(width)
  return handle
}
