import { el } from './dom.js'
import { icon, type IconName } from './icons.js'

interface ButtonOptions {
  icon?: IconName
  /** What it does, where the text does not say it or there is none. */
  label?: string
  kind?: 'plain' | 'primary' | 'danger' | 'quiet'
  /** A key to show in the tooltip. */
  keys?: string
}

/** A button with a text, an icon, or both. */
export function button(
  text: string,
  act: (event: MouseEvent) => unknown,
  options: ButtonOptions = {},
): HTMLButtonElement {
  const { label, kind = 'plain', keys } = options
  const title = keys ? `${label ?? text} (${keys})` : label
  return el(
    'button',
    {
      type: 'button',
      class: `button ${kind}${text ? '' : ' bare'}`,
      'aria-label': text ? null : label,
      title,
      onclick: act as (event: never) => void,
    },
    options.icon && icon(options.icon),
    text && el('span', {}, text),
  )
}

export function field(label: string, input: HTMLElement): HTMLLabelElement {
  return el('label', { class: 'field' }, el('span', {}, label), input)
}

const isApple = /Mac|iPhone|iPad/.test(navigator.platform)

/** Like the system's own, for shortcuts. */
export const MOD = isApple ? '⌘' : 'Ctrl+'

export function isMod(event: KeyboardEvent | MouseEvent): boolean {
  return isApple ? event.metaKey : event.ctrlKey
}
