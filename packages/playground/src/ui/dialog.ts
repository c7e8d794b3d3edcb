import { button, field } from './controls.js'
import { type Child, el, id } from './dom.js'

interface Choice<T> {
  text: string
  value: T
  kind?: 'primary' | 'danger'
}

/** Asks, and waits for one of the answers. Closing it is `undefined`. */
export function choose<T>(title: string, body: Child[], choices: Choice<T>[]): Promise<T | undefined> {
  return ask<T>(title, body, (answer) =>
    choices.map(({ text, value, kind }) => button(text, () => answer(value), { kind: kind ?? 'plain' })),
  )
}

export async function confirm(
  title: string,
  body: string,
  act: string,
  kind: 'primary' | 'danger' = 'danger',
): Promise<boolean> {
  const answer = await choose(
    title,
    [el('p', {}, body)],
    [
      { text: 'Cancel', value: false },
      { text: act, value: true, kind },
    ],
  )
  return answer ?? false
}

interface Prompt {
  label: string
  value?: string
  placeholder?: string
  act: string
  /** Says what is wrong with a value, or nothing. */
  check?: (value: string) => string | undefined
  note?: string
}

/** Asks for a line of text. */
export function prompt(
  title: string,
  { label, value = '', placeholder = '', act, check, note }: Prompt,
): Promise<string | undefined> {
  const input = el('input', {
    type: 'text',
    value,
    placeholder,
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': 'prompt-problem',
  })
  const problem = el('p', { class: 'problem', id: 'prompt-problem', role: 'alert' })
  return ask<string>(
    title,
    [field(label, input), problem, note ? el('p', { class: 'note' }, note) : null],
    (answer) => {
      const accept = () => {
        const wrong = check?.(input.value)
        problem.textContent = wrong ?? ''
        if (wrong === undefined) answer(input.value)
        else input.focus()
      }
      input.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || event.isComposing) return
        event.preventDefault()
        accept()
      })
      queueMicrotask(() => input.select())
      return [button('Cancel', () => answer(undefined)), button(act, accept, { kind: 'primary' })]
    },
  )
}

/** A dialog to read. */
export function tell(title: string, body: Child[]): Promise<unknown> {
  return ask(title, body, (answer) => [button('Close', () => answer(undefined), { kind: 'primary' })])
}

export function ask<T>(
  title: string,
  body: Child[],
  actions: (answer: (value: T | undefined) => void) => HTMLElement[],
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const heading = id('dialog')
    let answered: T | undefined
    const dialog = el('dialog', { 'aria-labelledby': heading })
    const answer = (value: T | undefined) => {
      answered = value
      dialog.close()
    }
    dialog.append(
      el('h2', { id: heading }, title),
      el('div', { class: 'body' }, ...body),
      el('div', { class: 'actions' }, ...actions(answer)),
    )
    // A click beside it closes it, as Escape does.
    dialog.addEventListener('pointerdown', (event) => {
      if (event.target === dialog) answer(undefined)
    })
    dialog.addEventListener('close', () => {
      dialog.remove()
      resolve(answered)
    })
    document.body.append(dialog)
    dialog.showModal()
    dialog.querySelector<HTMLElement>('input, .button.primary')?.focus()
  })
}
