/// Asks for a server and a key.
import { button, field } from '../ui/controls.js'
import { ask as askFor } from '../ui/dialog.js'
import { el } from '../ui/dom.js'
import { ask, type Connection } from './connection.js'

/** What is wrong with what was typed, or nothing. */
function wrong({ url, key }: Connection): string | undefined {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    return 'Type the address of a server, such as https://files.example.org'
  }
  if (!/^https?:$/.test(parsed.protocol)) return 'An address begins with https:// or http://'
  if (
    parsed.username ||
    parsed.password ||
    parsed.hash ||
    [...parsed.searchParams.keys()].some((name) => name !== 'tenant')
  )
    return 'An address has nothing behind it but ?tenant=NAME.'
  if (!/^tbx_[0-9a-f]+_[0-9a-f]+$/.test(key)) return 'A key begins with tbx_: “tarbox key create” prints one.'
  return undefined
}

/** Asks until there is a server that accepts the key, or nobody wants to any more. */
export function askForConnection(
  title: string,
  known: Partial<Connection>,
  note: string,
): Promise<Connection | undefined> {
  const url = el('input', {
    type: 'url',
    value: known.url,
    placeholder: 'https://files.example.org',
    autocomplete: 'url',
    spellcheck: 'false',
    'aria-describedby': 'connect-problem',
  })
  const key = el('input', {
    type: 'password',
    placeholder: 'tbx_…',
    autocomplete: 'off',
    spellcheck: 'false',
    'aria-describedby': 'connect-problem connect-note',
  })
  const problem = el('p', { class: 'problem', id: 'connect-problem', role: 'alert' })
  const body = [
    field('Server', url),
    field('Key', key),
    problem,
    el('p', { class: 'note' }, note),
    el(
      'p',
      { class: 'note', id: 'connect-note' },
      'Make a key for this device alone with ',
      el('code', {}, 'tarbox key create --scope write'),
      '. It is kept in this browser, where scripts of this site can read it, until you disconnect.',
    ),
  ]
  return askFor<Connection>(title, body, (answer) => {
    const accept = async () => {
      const wanted = { url: url.value.trim(), key: key.value.trim() }
      problem.textContent = wrong(wanted) ?? ''
      if (problem.textContent !== '') return (/^tbx_/.test(wanted.key) ? url : key).focus()
      submit.disabled = true
      problem.textContent = ''
      try {
        await ask(wanted)
        answer(wanted)
      } catch (error) {
        problem.textContent = error instanceof Error ? error.message : String(error)
        submit.disabled = false
        key.focus()
      }
    }
    for (const input of [url, key])
      input.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' || event.isComposing) return
        event.preventDefault()
        if (!submit.disabled) void accept()
      })
    if (known.url) queueMicrotask(() => key.focus())
    const submit = button('Connect', () => void accept(), { kind: 'primary' })
    return [button('Cancel', () => answer(undefined)), submit]
  })
}
