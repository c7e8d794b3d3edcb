import { el } from './dom.js'
import { icon, type IconName } from './icons.js'

export interface Item {
  text: string
  icon?: IconName
  keys?: string
  danger?: boolean
  disabled?: boolean
  act: () => unknown
}

/** A menu at a button or a point; arrows move in it, Escape closes it. */
export function menu(at: HTMLElement | { x: number; y: number }, items: (Item | '-' | false | undefined)[]): void {
  const before = document.activeElement as HTMLElement | null
  const list = el('div', { class: 'menu', role: 'menu', popover: 'manual' })
  const buttons: HTMLButtonElement[] = []
  const close = () => {
    if (!list.isConnected) return
    list.remove()
    removeEventListener('pointerdown', outside, true)
    removeEventListener('blur', close)
    removeEventListener('resize', close)
    if (at instanceof HTMLElement) at.removeAttribute('aria-expanded')
  }
  const outside = (event: PointerEvent) => {
    if (!list.contains(event.target as Node)) close()
  }
  for (const item of items) {
    if (!item) continue
    if (item === '-') {
      if (list.lastElementChild?.getAttribute('role') === 'menuitem') list.append(el('hr', { role: 'separator' }))
      continue
    }
    const entry = el(
      'button',
      {
        type: 'button',
        role: 'menuitem',
        tabindex: -1,
        class: item.danger ? 'danger' : '',
        disabled: item.disabled,
        onclick: () => {
          close()
          before?.focus()
          item.act()
        },
      },
      item.icon ? icon(item.icon) : el('span', { class: 'icon' }),
      el('span', {}, item.text),
      item.keys ? el('kbd', {}, item.keys) : null,
    )
    if (!item.disabled) buttons.push(entry)
    list.append(entry)
  }
  list.addEventListener('keydown', (event) => {
    const here = buttons.indexOf(document.activeElement as HTMLButtonElement)
    const go = (to: number) => buttons[(to + buttons.length) % buttons.length]?.focus()
    const keys: Record<string, () => void> = {
      ArrowDown: () => go(here + 1),
      ArrowUp: () => go(here - 1),
      Home: () => go(0),
      End: () => go(-1),
      Escape: () => (close(), before?.focus()),
      Tab: () => (close(), before?.focus()),
    }
    const act = keys[event.key]
    event.stopPropagation()
    if (act) {
      event.preventDefault()
      act()
    } else if (event.key.length === 1 && event.key !== ' ') {
      const rest = [...buttons.slice(here + 1), ...buttons.slice(0, here + 1)]
      rest.find((entry) => entry.textContent?.trim().toLowerCase().startsWith(event.key.toLowerCase()))?.focus()
    }
  })
  const landmark = (at instanceof HTMLElement ? at : document.activeElement)?.closest(
    'header, nav, main, aside, footer',
  )
  ;(landmark ?? document.querySelector('main')!).append(list)
  list.showPopover?.()
  place(list, at)
  if (at instanceof HTMLElement) at.setAttribute('aria-expanded', 'true')
  addEventListener('pointerdown', outside, true)
  addEventListener('blur', close)
  addEventListener('resize', close)
  buttons[0]?.focus()
}

function place(list: HTMLElement, at: HTMLElement | { x: number; y: number }): void {
  const { width, height } = list.getBoundingClientRect()
  const box =
    at instanceof HTMLElement ? at.getBoundingClientRect() : { left: at.x, right: at.x, top: at.y, bottom: at.y }
  const left = box.left + width > innerWidth - 8 ? Math.max(8, box.right - width) : box.left
  const below = box.bottom + 4 + height < innerHeight - 8
  list.style.left = `${left}px`
  list.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - 4 - height)}px`
}
