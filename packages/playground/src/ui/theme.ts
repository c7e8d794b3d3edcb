import { button } from './controls.js'
import { fill, set } from './dom.js'
import { icon } from './icons.js'
import { kept } from './kept.js'

/** Goes from light to dark colours and back. `theme.js` shows them, before anything else is there. */
export function themeButton(): HTMLElement {
  const { dataset } = document.documentElement
  const toggle = button(
    '',
    () => {
      const next = dataset['theme'] === 'dark' ? 'light' : 'dark'
      // What the system says anyway is not a choice.
      const system = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'
      kept.set('theme', next === system ? null : next)
      dispatchEvent(new CustomEvent('theme', { detail: next }))
    },
    { icon: 'moon', label: 'Dark colours', kind: 'quiet' },
  )
  const draw = () => {
    const dark = dataset['theme'] === 'dark'
    fill(toggle, icon(dark ? 'sun' : 'moon'))
    set(toggle, 'aria-label', dark ? 'Light colours' : 'Dark colours')
    set(toggle, 'title', dark ? 'Light colours' : 'Dark colours')
  }
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ['data-theme'] })
  draw()
  return toggle
}
